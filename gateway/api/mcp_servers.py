"""MCP servers over REST (contract 1.7)."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from gateway.access.endpoints import endpoint_of
from gateway.access.mcp_servers import MAX_CONNECT_WAIT_SECONDS, NewMcpServer, ShownServer
from gateway.api.calls import Call
from gateway.api.mcp_tools import McpServerTool, tools_of
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    ExternalId,
    Label,
    Moment,
    NoQuery,
    Nothing,
    PagedWithSuspended,
    Prose,
    WorkspaceReference,
    absent,
    omitted,
)
from gateway.errors import NoUpdates
from gateway.wiring import Gateway

Mode = Literal["TOOLS", "CODE"]
AuthMode = Literal["oauth", "bearer", "oauth_and_bearer"]
EndUserAccess = Literal["restricted", "open"]
_UNPREFIXED: Final = (
    "Show the workspace's only integration, a remote MCP server, under that server's own names. As long as the "
    "workspace has another integration too, names have their prefix."
)


class CodeModeSettings(Body):
    """Settings of code mode."""

    approval_wait_seconds: int = Field(default=0, ge=0, le=60)


class McpAppSettings(Body):
    """Settings of the MCP app."""

    enabled: bool = False


class McpServerSettings(Body):
    """Settings of a server; absent ones have their default."""

    code_mode: CodeModeSettings = CodeModeSettings()
    mcp_app: McpAppSettings = McpAppSettings()
    connect_wait_seconds: int = Field(
        default=0,
        ge=0,
        le=MAX_CONNECT_WAIT_SECONDS,
        description="How long a tool call waits for the end user to connect an account that it lacks.",
    )


class McpServerToCreate(Body):
    """A new MCP server."""

    name: Label
    workspace_id: WorkspaceReference
    description: Prose | None = None
    mode: Mode = Field(default="TOOLS", description="CODE is not available in this release.")
    settings: McpServerSettings | None = None
    auth_mode: AuthMode = "oauth"
    end_user_access: EndUserAccess = Field(
        default="restricted", description="Whether somebody who signs in has to be an end user already."
    )
    created_by: Label | None = None
    end_user_id: ExternalId | None = Field(
        default=None, description="External id of the one end user that the server is for."
    )
    pass_through: bool = Field(default=False, description=_UNPREFIXED)


class McpServerChanges(Body):
    """What is to change; null clears."""

    name: Label = absent()
    description: Prose | None = None
    mode: Mode = absent()
    settings: McpServerSettings = absent()
    auth_mode: AuthMode = absent()
    end_user_access: EndUserAccess = absent()
    end_user_id: ExternalId | None = None
    pass_through: bool = absent(description=_UNPREFIXED)


class McpServersToList(PagedWithSuspended):
    """Which servers."""

    workspace_id: WorkspaceReference | None = None


class McpServerAuth(Answer):
    """Which kinds of tokens the server takes."""

    oauth_enabled: bool
    bearer_enabled: bool
    static_bearer_enabled: bool
    end_user_bearer_tokens_enabled: bool
    access_tokens_enabled: bool


class McpServer(Answer):
    """An MCP server."""

    id: str
    org_id: str
    workspace_id: str
    name: str
    description: str | None = omitted()
    mode: Mode
    settings: dict[str, Any]
    auth_mode: AuthMode
    end_user_access: EndUserAccess
    auth: McpServerAuth
    created_by: str | None
    end_user_id: str | None
    pass_through: bool | None = omitted(description=_UNPREFIXED)
    created_at: Moment
    updated_at: Moment
    mcp_endpoint: str

    @classmethod
    def of(cls, shown: ShownServer, *, public_url: str) -> "McpServer":
        """Show a server."""
        row = shown.record
        takes_bearer = row.auth_mode != "oauth"
        auth = McpServerAuth(
            oauth_enabled=row.auth_mode != "bearer",
            bearer_enabled=takes_bearer,
            static_bearer_enabled=shown.has_static_token,
            end_user_bearer_tokens_enabled=takes_bearer,
            access_tokens_enabled=takes_bearer,
        )
        settings = McpServerSettings.model_validate(row.settings or {})
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in _SHOWN},
                "org_id": row.organization_id,
                "settings": settings.model_dump(by_alias=True),
                "auth": auth,
                "end_user_id": shown.end_user_external_id,
                "pass_through": row.pass_through or None,
                "mcp_endpoint": endpoint_of(row.id, public_url=public_url),
            }
        )


_LEFT_OUT: Final = {"org_id", "settings", "auth", "end_user_id", "pass_through", "mcp_endpoint"}
_SHOWN = frozenset(McpServer.model_fields) - _LEFT_OUT


class CreatedMcpServer(Answer):
    """A new server; `bearerToken` is its static token, shown this once, where it has one."""

    server: McpServer
    mcp_endpoint: str
    bearer_token: str | None = omitted(repr=False)


class ChangedMcpServer(Answer):
    """A server; `bearerToken` is a static token that the change has brought, shown this once."""

    server: McpServer
    bearer_token: str | None = omitted(repr=False)


class McpServerAndTools(Answer):
    """A server and everything that it lists."""

    server: McpServer
    tools: list[McpServerTool]


class ManyMcpServers(Answer):
    """A page of servers."""

    servers: list[McpServer]
    total: int


class StaticToken(Answer):
    """A new static token, shown this once."""

    bearer_token: str = Field(repr=False)
    mcp_endpoint: str


async def create_mcp_server(gateway: Gateway, call: Call[McpServerToCreate, NoQuery]) -> CreatedMcpServer:
    """Create an MCP server.

    A static bearer token comes with it where the auth mode has one and it is safe: no integration of the workspace is
    strictly per_user, or the server is made for one end user.
    """
    body = call.body
    workspace = await gateway.workspaces.find(call.scope, body.workspace_id)
    created = await gateway.mcp_servers.create(
        call.scope,
        NewMcpServer(
            workspace_id=workspace.id,
            name=body.name,
            description=body.description,
            mode=body.mode,
            auth_mode=body.auth_mode,
            end_user_access=body.end_user_access,
            settings=_settings(body.settings),
            created_by=body.created_by,
            end_user=body.end_user_id,
            pass_through=body.pass_through,
        ),
    )
    server = McpServer.of(created, public_url=gateway.settings.public_url)
    return CreatedMcpServer(
        server=server,
        mcp_endpoint=server.mcp_endpoint,
        bearer_token=None if created.token is None else created.token.plain,
    )


async def list_mcp_servers(gateway: Gateway, call: Call[Nothing, McpServersToList]) -> ManyMcpServers:
    """List MCP servers, of a workspace or of all that the key reaches."""
    query = call.query
    workspace_id = None
    if query.workspace_id is not None:
        workspace_id = (await gateway.workspaces.find(call.scope, query.workspace_id)).id
    page = await gateway.mcp_servers.page(call.scope, workspace_id=workspace_id, limit=query.limit, offset=query.offset)
    public_url = gateway.settings.public_url
    return ManyMcpServers(
        servers=[McpServer.of(each, public_url=public_url) for each in page.servers], total=page.total
    )


async def get_mcp_server(gateway: Gateway, call: Call[Nothing, NoQuery]) -> McpServerAndTools:
    """Get an MCP server and its tools.

    Tools of the workspace carry `sourceWorkspaceIntegrationId`; those that were added to the server do not.
    """
    found = await gateway.mcp_servers.get(call.scope, call.path["serverId"])
    toolset = await gateway.toolsets.of(found.shown.record.id)
    return McpServerAndTools(
        server=McpServer.of(found.shown, public_url=gateway.settings.public_url),
        tools=tools_of(toolset, found.manual),
    )


async def update_mcp_server(gateway: Gateway, call: Call[McpServerChanges, NoQuery]) -> ChangedMcpServer:
    """Change an MCP server; null clears.

    Tokens that the new auth mode does not take are revoked, and so are those that stand for somebody else when the
    server is made for one end user.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("give at least one field to change")
    if "settings" in changes:
        changes["settings"] = _settings(call.body.settings)
    if "end_user_id" in changes:
        changes["end_user"] = changes.pop("end_user_id")
    changed = await gateway.mcp_servers.update(call.scope, call.path["serverId"], changes)
    return ChangedMcpServer(
        server=McpServer.of(changed, public_url=gateway.settings.public_url),
        bearer_token=None if changed.token is None else changed.token.plain,
    )


async def delete_mcp_server(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete an MCP server with its tools and tokens."""
    await gateway.mcp_servers.delete(call.scope, call.path["serverId"])
    return Deleted(id=call.path["serverId"])


async def regenerate_token(gateway: Gateway, call: Call[Nothing, NoQuery]) -> StaticToken:
    """Replace the static bearer token; the old one opens nothing from now on."""
    token = await gateway.mcp_servers.regenerate_token(call.scope, call.path["serverId"])
    endpoint = endpoint_of(call.path["serverId"], public_url=gateway.settings.public_url)
    return StaticToken(bearer_token=token.plain, mcp_endpoint=endpoint)


def _settings(settings: McpServerSettings | None) -> Mapping[str, Any] | None:
    return None if settings is None else settings.model_dump(by_alias=True, exclude_unset=True)
