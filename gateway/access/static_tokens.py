"""When a token that names no end user is safe (contract 4.6).

Such a token must never stand beside an integration that works with each person's own account, unless its server is
made for one end user. Both are looked at in the transaction that writes the one or the other: as there is one writer at
a time, neither can slip past.
"""

from gateway.errors import McpBearerBlocksPerUser, NotFound
from storage.database import Transaction
from storage.records import McpServer, OAuthClient, Workspace
from storage.scope import TenantScope

PER_USER = "per_user"
CLIENT_CREDENTIALS = "client_credentials"


async def held_workspace(tx: Transaction, scope: TenantScope, workspace_id: str) -> Workspace:
    """Keep the workspace's configuration from being changed by others meanwhile. Raises `NotFound`."""
    workspace = await tx.workspaces.hold(scope, workspace_id)
    if workspace is None:
        raise NotFound("there is no such workspace")
    return workspace


async def is_static_token_safe(tx: Transaction, scope: TenantScope, server: McpServer) -> bool:
    """Tell whether a token without an end user may open this server."""
    if server.is_pinned:
        return server.end_user_id is not None
    configured = await tx.workspace_integrations.of_workspace(scope, server.workspace_id)
    return all(row.connection_strategy != PER_USER for row in configured)


async def refuse_beside_static_tokens(tx: Transaction, scope: TenantScope, workspace_id: str) -> None:
    """Raise `McpBearerBlocksPerUser` where a live static token or a service client is in the way."""
    servers = [row.id for row in await tx.mcp_servers.of_workspace(scope, workspace_id) if not row.is_pinned]
    blocking = sorted(await tx.mcp_tokens.servers_with_static(scope, servers))
    if blocking:
        raise McpBearerBlocksPerUser(
            "connectionStrategy: per_user needs to know the end user, and an MCP server of this workspace has a static "
            "bearer token, which names none; switch that server to `oauth`, or make it for one end user",
            mcpServerIds=blocking,
        )
    services = [row for row in await tx.oauth_clients.of_servers(scope, servers) if is_service(row)]
    if services:
        raise McpBearerBlocksPerUser(
            "connectionStrategy: per_user needs to know the end user, and an MCP server of this workspace has an OAuth "
            "client with client_credentials, which names none; delete that client, or make the server for one end user",
            mcpServerIds=sorted({row.server_id for row in services if row.server_id is not None}),
            oauthClientIds=sorted(row.id for row in services),
        )


def is_service(client: OAuthClient) -> bool:
    """Tell whether a client gets tokens that stand for nobody."""
    return CLIENT_CREDENTIALS in client.grant_types
