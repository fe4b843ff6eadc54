"""Finding an MCP server, the way that every rule about one begins."""

from gateway.errors import NotFound
from storage.database import Transaction
from storage.records import McpServer
from storage.scope import TenantScope


async def existing_server(tx: Transaction, scope: TenantScope, server_id: str) -> McpServer:
    """Return a server. Raises `NotFound`."""
    server = await tx.mcp_servers.get(scope, server_id)
    if server is None:
        raise NotFound("there is no such MCP server")
    return server
