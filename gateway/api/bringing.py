"""Remote MCP servers as integrations of an organization's own, over REST: found out about, registered at, kept."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.api.calls import Call
from gateway.api.models import Body, NoQuery, omitted
from gateway.api.oauth_apps import ClientId, ClientSecret
from gateway.api.own_integrations import KeptIntegration, OwnName, Word
from gateway.connections.connect_methods import callback_address
from gateway.tenancy.own_integrations import Saved
from gateway.upstreams.bringing import Auth, Brought, Entrance, Wanted
from gateway.upstreams.entrances import ApiKey, ByOAuth, GivenClient, Registered
from gateway.upstreams.open_listing import list_openly
from gateway.wiring import Gateway
from integrations.upstream.definitions import known_tools

HeaderName = Annotated[str, StringConstraints(max_length=100, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
Prefix = Annotated[str, StringConstraints(max_length=100, pattern=r"^[ -z|~]*$")]


class KeyInHeader(Body):
    """How a key is sent; a bearer token if nothing is said."""

    header: HeaderName | None = Field(default=None, description="Authorization, if absent.")
    prefix: Prefix | None = Field(
        default=None, description="What stands before the key; in Authorization `Bearer ` if absent, elsewhere nothing."
    )


class ByKey(Body):
    """A key for each account, entered in the portal or given by a backend."""

    api_key: KeyInHeader


class OAuthClient(Body):
    """As which client this deployment is known; what is absent is found out."""

    registration: Literal["document", "dynamic"] | None = Field(
        default=None, description="By a client id metadata document, or by dynamic registration (RFC 7591)."
    )
    client_id: ClientId | None = Field(default=None, description="Of a client that you have registered by hand.")
    client_secret: ClientSecret | None = Field(default=None, repr=False)


class ByOAuthClient(Body):
    """OAuth per end user."""

    oauth: OAuthClient


class ServerToBring(Body):
    """A remote MCP server (Streamable HTTP)."""

    name: OwnName
    title: Word | None = None
    url: Word = Field(description="The MCP endpoint itself; redirects are not followed.")
    auth: Literal["none", "oauth"] | ByKey | ByOAuthClient | None = Field(
        default=None, description="How people get in; if absent, the server says it."
    )
    register_anew: bool = Field(
        default=False, description="Register at the authorization server again; accounts are then connected again."
    )
    preview: bool = Field(default=False, description="Show what was found, keep nothing and register nowhere.")


class BroughtServer(KeptIntegration):
    """What was found, and the integration that came of it."""

    preview: bool
    auth: Auth
    registered: Registered | None = omitted(
        description="How the authorization server knows this deployment; `by_hand`: not yet, see findings."
    )
    authorization_server: str | None = omitted(description="Its issuer.")
    resource: str | None = omitted(description="What access tokens are for (RFC 8707).")
    scopes: list[str] | None = omitted(description="What each account is asked for.")
    callback_url: str | None = omitted(description="The redirect address of this integration.")
    tools: list[str]
    findings: list[str]


async def bring_mcp_server(gateway: Gateway, call: Call[ServerToBring, NoQuery]) -> BroughtServer:
    """Make an integration of a remote MCP server, or find out anew about the one of this name.

    With OAuth, each end user connects an account of their own in the portal. With `preview` nothing is kept.
    """
    wanted = Wanted(
        name=call.body.name,
        url=call.body.url,
        title=call.body.title,
        entrance=_entrance(call.body.auth),
        registers_anew=call.body.register_anew,
    )
    brought = await gateway.bringing.bring(call.scope, wanted, preview=call.body.preview)
    if not call.body.preview and brought.entered.auth == "none":
        brought = await _listed(gateway, call.scope.organization_id, brought)
    return _shown(gateway, brought, is_preview=call.body.preview)


async def _listed(gateway: Gateway, organization_id: str, brought: Brought) -> Brought:
    """List the tools now: there is no account that somebody would have to connect first."""
    name, entered = brought.integration.name, brought.entered
    problem = await list_openly(
        brought.integration,
        organization_id,
        upstreams=gateway.upstreams,
        approvals=gateway.approvals,
        http=gateway.egress,
    )
    if problem is not None:
        entered = replace(entered, findings=(*entered.findings, problem))
    return replace(brought, integration=gateway.catalogs.of(organization_id).get(name), entered=entered)


def _entrance(auth: Literal["none", "oauth"] | ByKey | ByOAuthClient | None) -> Entrance | None:
    match auth:
        case "oauth":
            return ByOAuth()
        case ByKey(api_key=key):
            return ApiKey(key.header, key.prefix)
        case ByOAuthClient(oauth=client):
            given = None if client.client_id is None else GivenClient(client.client_id, client.client_secret)
            return ByOAuth(client.registration, given)
        case "none" | None:
            return auth


def _shown(gateway: Gateway, brought: Brought, *, is_preview: bool) -> BroughtServer:
    kept = KeptIntegration.of(Saved(brought.integration, brought.changes))
    entered, protection = brought.entered, brought.entered.protection
    server = brought.integration.manifest.mcp
    callback = callback_address(gateway.settings.public_url, brought.integration.name)
    return BroughtServer(
        integration=kept.integration,
        changes=kept.changes,
        preview=is_preview,
        auth=entered.auth,
        registered=entered.registered,
        authorization_server=None if protection is None else protection.server.issuer,
        resource=None if protection is None else protection.resource,
        scopes=None if protection is None else list(protection.scopes),
        callback_url=None if protection is None else callback,
        tools=[] if server is None else [tool.name for tool in known_tools(server)],
        findings=list(entered.findings),
    )
