"""How people get into a remote MCP server, as an auth method of its manifest: by an API key, or by OAuth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from gateway.connections.client_registration import TOKEN_AUTH, document_address
from gateway.upstreams.discovery import Protection
from gateway.upstreams.probing import NotUsable
from integrations.auth_methods import Client, OAuth2

Registered: TypeAlias = Literal["document", "dynamic", "given", "by_hand"]
"""How the authorization server came to know this deployment."""
OAUTH_KEY: Final = "oauth"
API_KEY_KEY: Final = "api_key"
_OFFLINE: Final = "offline_access"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of each end user's own, or a shared one: in which header it is sent, and behind which words."""

    header: str | None = None
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class GivenClient:
    """A client that somebody has registered at the authorization server by hand."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ByOAuth:
    """OAuth per end user; `way` and `client` choose how this deployment is known there, which is found out otherwise."""

    way: Literal["document", "dynamic"] | None = None
    client: GivenClient | None = None


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """As which client people are sent to the server, before anybody is registered."""

    registered: Registered
    client: Client
    """Says nothing where somebody has to register it first."""
    token_auth: str
    """In a manifest's words."""
    is_kept: bool = False
    """It is the one that is in use already."""

    @property
    def wants_registration(self) -> bool:
        """Whether the client is still to be registered, or taken down where somebody has done that."""
        return self.registered in {"dynamic", "given"} and not self.is_kept


def api_key_method(key: ApiKey) -> dict[str, Any]:
    """Return the auth method of a key: a bearer token, or bare in a header of another name."""
    header = key.header or "Authorization"
    usual = "Bearer " if header.lower() == "authorization" else ""
    prefix = usual if key.prefix is None else key.prefix
    return {
        "key": API_KEY_KEY,
        "type": "secret_text",
        "send": {"headers": {header: f"{prefix}{{secret_text}}"}},
    }


def oauth_method(protection: Protection, client: Client, *, token_auth: str) -> dict[str, Any]:
    """Return the auth method of a protected server: tokens for it alone (RFC 8707), and only with PKCE."""
    server, resource = protection.server, {"resource": protection.resource}
    method: dict[str, Any] = {
        "key": OAUTH_KEY,
        "type": "oauth2",
        "issuer": server.issuer,
        "names_issuer": server.names_issuer,
        "authorize": {"url": server.authorize_url, "params": resource, "pkce": "S256"},
        "token": {"url": server.token_url, "auth": token_auth, "params": resource},
        "scopes": list(protection.scopes),
    }
    if client != Client():
        method["client"] = client.model_dump(mode="json", exclude_none=True)
    if server.revocation_url is not None:
        method["revoke"] = {"url": server.revocation_url, "auth": token_auth, "token": "refresh_token"}
    if _OFFLINE in protection.scopes:
        # Many servers grant it without saying so, and nobody is to be asked for it again and again.
        method["scope_includes"] = {scope: [_OFFLINE] for scope in protection.scopes if scope != _OFFLINE}
    return method


def plan_client(
    protection: Protection, oauth: ByOAuth, *, integration_name: str, public_url: str, kept: OAuth2 | None
) -> ClientPlan:
    """Choose as MCP says: what is registered already, a metadata document, registration, else somebody has to do it.

    `kept` is the method in use, if it is of the same server. Raises `NotUsable` where the wish can't be met.
    """
    server = protection.server
    if oauth.client is not None:
        return ClientPlan("given", Client(), _secret_auth(protection))
    if kept is not None and kept.client is not None and oauth.way in {None, _way_of(kept.client)}:
        return ClientPlan(_way_of(kept.client), kept.client, kept.token.auth, is_kept=True)
    can_show_document = server.takes_documents and public_url.startswith("https://")
    if oauth.way == "document" and not can_show_document:
        raise NotUsable(
            "auth: a metadata document needs a server that takes one and a public address of ours with https"
        )
    if can_show_document and oauth.way != "dynamic":
        return ClientPlan("document", Client(id=document_address(public_url, integration_name)), "body")
    if server.registration_url is None:
        if oauth.way == "dynamic":
            raise NotUsable("auth: the authorization server registers no clients by itself")
        return ClientPlan("by_hand", Client(), _secret_auth(protection))
    chosen = next((each for each in TOKEN_AUTH if each in server.client_auth), None)
    if chosen is None:
        raise NotUsable(
            f"auth: the authorization server takes only {', '.join(server.client_auth)[:200]} of its clients"
        )
    client = Client(
        registration_url=server.registration_url, token_auth=chosen, scopes=tuple(protection.further_scopes)
    )
    return ClientPlan("dynamic", client, TOKEN_AUTH[chosen])


def reason_to_connect_again(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Say why accounts made under one manifest are of no use under another, None where they are."""
    old, new = _only_method(before), _only_method(after)
    match old.get("key") == new.get("key"), old.get("issuer") == new.get("issuer"):
        case _ if before["mcp"]["url"] != after["mcp"]["url"]:
            why = "has another address now"
        case (False, _):
            why = "is connected in another way now"
        case (_, False):
            why = "has moved to another authorization server"
        case _ if _client_in(old) != _client_in(new):
            why = "knows this installation by another registration now"
        case _:
            return None
    return f"The server {why}. Connect the account again."


def app_in(manifest: Mapping[str, Any]) -> str | None:
    """Return the id of the OAuth app that a manifest names."""
    return _client_in(_only_method(manifest))[1]


def issuer_in(manifest: Mapping[str, Any]) -> str | None:
    """Return at which authorization server a manifest has people sign in."""
    return _only_method(manifest).get("issuer")


def _only_method(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    methods: Sequence[Mapping[str, Any]] = manifest.get("auth") or ()
    return methods[0] if methods else {}


def _client_in(method: Mapping[str, Any]) -> tuple[str | None, str | None]:
    client: Mapping[str, Any] = method.get("client") or {}
    return client.get("id"), client.get("app")


def _way_of(client: Client) -> Registered:
    if client.id is not None:
        return "document"
    return "dynamic" if client.registration_url is not None else "given"


def _secret_auth(protection: Protection) -> str:
    """Choose how a secret is shown that somebody enters: as the server says that it likes it."""
    likes_basic = "client_secret_basic" in protection.server.client_auth
    return "basic" if likes_basic and "client_secret_post" not in protection.server.client_auth else "body"
