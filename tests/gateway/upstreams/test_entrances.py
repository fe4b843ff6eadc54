"""Claims about the auth method that a remote MCP server gets, and about which client people are sent there as."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from gateway.upstreams.discovery import AuthorizationServer, Protection
from gateway.upstreams.entrances import (
    ApiKey,
    ByOAuth,
    GivenClient,
    api_key_method,
    oauth_method,
    plan_client,
    reason_to_connect_again,
)
from gateway.upstreams.probing import NotUsable
from integrations.auth_methods import AnyAuthMethod, Client, OAuth2
from integrations.manifest import Api
from integrations.ports import Credentials
from integrations.target import target_of

ISSUER = "https://login.example.com"
HTTPS, HTTP = "https://tools.example.com", "http://127.0.0.1:8080"
REGISTER = f"{ISSUER}/register"


def protection(*, scopes: tuple[str, ...] = ("read",), **changes: Any) -> Protection:
    server: dict[str, Any] = {
        "issuer": ISSUER,
        "authorize_url": f"{ISSUER}/authorize",
        "token_url": f"{ISSUER}/token",
        "registration_url": REGISTER,
        "revocation_url": None,
        "takes_documents": False,
        "names_issuer": False,
        "client_auth": ("none",),
        "scopes": (),
        **changes,
    }
    return Protection("https://mcp.example.com/mcp", scopes, ("read", "write"), AuthorizationServer(**server))


def plan(found: Protection, oauth: ByOAuth | None = None, *, public_url: str = HTTPS, kept: Any = None) -> Any:
    method = None if kept is None else OAuth2.model_validate(oauth_method(found, kept, token_auth="body"))
    return plan_client(found, oauth or ByOAuth(), integration_name="custom-x", public_url=public_url, kept=method)


@pytest.mark.parametrize(
    ("takes_documents", "public_url", "registration_url", "way"),
    [
        (True, HTTPS, REGISTER, "document"),
        (True, HTTP, REGISTER, "dynamic"),
        (True, HTTP, None, "by_hand"),
        (True, HTTPS, None, "document"),
        (False, HTTPS, REGISTER, "dynamic"),
        (False, HTTPS, None, "by_hand"),
    ],
)
def test_a_client_comes_to_be_in_the_order_of_mcp(
    takes_documents: bool, public_url: str, registration_url: str | None, way: str
) -> None:
    found = protection(takes_documents=takes_documents, registration_url=registration_url)
    assert plan(found, public_url=public_url).registered == way


def test_what_is_registered_already_goes_before_everything_and_what_is_given_before_that() -> None:
    found = protection(takes_documents=True)
    registered = Client(app="a1", registration_url=REGISTER, token_auth="none")
    assert plan(found, kept=registered).is_kept
    assert plan(found, ByOAuth(way="document"), kept=registered).registered == "document"
    assert plan(found, ByOAuth(client=GivenClient("by hand")), kept=registered).registered == "given"


@pytest.mark.parametrize(
    ("way", "changes", "public_url"),
    [
        ("document", {"takes_documents": False}, HTTPS),
        ("document", {"takes_documents": True}, HTTP),
        ("dynamic", {"registration_url": None}, HTTPS),
        (None, {"client_auth": ("private_key_jwt",)}, HTTPS),
    ],
)
def test_a_way_that_the_server_does_not_have_is_refused(way: Any, changes: dict[str, Any], public_url: str) -> None:
    with pytest.raises(NotUsable):
        plan(protection(**changes), ByOAuth(way=way), public_url=public_url)


def test_tokens_are_asked_for_with_the_resource_in_every_request_and_proof() -> None:
    method = OAuth2.model_validate(oauth_method(protection(), Client(id="x"), token_auth="body"))
    assert method.authorize.params == method.token.params == {"resource": "https://mcp.example.com/mcp"}
    assert method.authorize.pkce == "S256"
    assert method.issuer == ISSUER


def test_offline_access_is_granted_without_being_named() -> None:
    found = protection(scopes=("read", "offline_access"))
    method = OAuth2.model_validate(oauth_method(found, Client(), token_auth="body"))
    assert method.scopes == ("read", "offline_access")
    assert method.scope_includes == {"read": ("offline_access",)}


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        (ApiKey(), {"Authorization": "Bearer k1"}),
        (ApiKey(prefix=""), {"Authorization": "k1"}),
        (ApiKey("X-Api-Key"), {"X-Api-Key": "k1"}),
        (ApiKey("X-Api-Key", "Key "), {"X-Api-Key": "Key k1"}),
        (ApiKey("authorization"), {"authorization": "Bearer k1"}),
    ],
)
def test_a_key_is_sent_as_was_said(key: ApiKey, sent: dict[str, str]) -> None:
    method = TypeAdapter[Any](AnyAuthMethod).validate_python(api_key_method(key))
    credentials = Credentials(auth_method="api_key", values={"secret_text": "k1"})
    assert dict(target_of(Api(base_url="https://mcp.example.com/mcp"), method, credentials).headers) == sent


def manifest(url: str = "https://mcp.example.com/mcp", **changes: Any) -> dict[str, Any]:
    method = {"key": "oauth", "type": "oauth2", "issuer": ISSUER, "client": {"app": "a1"}, **changes}
    return {"mcp": {"url": url}, "auth": [method]}


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (manifest(), None),
        (manifest(scopes=["more"]), None),
        (manifest("https://other.example.com/mcp"), "another address"),
        (manifest("https://mcp.example.com/other"), "another address"),
        (manifest(issuer="https://other.example.com"), "another authorization server"),
        (manifest(client={"app": "a2"}), "another registration"),
        (manifest(client={"id": "https://tools.example.com/x"}), "another registration"),
        (manifest(key="api_key", issuer=None), "another way"),
        ({"mcp": {"url": "https://mcp.example.com/mcp"}, "auth": []}, "another way"),
    ],
)
def test_accounts_end_where_what_they_hold_would_reach_somebody_else(after: dict[str, Any], why: str | None) -> None:
    reason = reason_to_connect_again(manifest(), after)
    assert reason is None if why is None else why in (reason or "")
