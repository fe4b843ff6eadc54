"""What a program asks for: which MCP server, and which of its scopes."""

from typing import Final

from gateway.access.mcp_tokens import CODE_SCOPE, TOOLS_SCOPE
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError
from gateway.kit.ids import as_id
from storage.database import Database
from storage.records import McpServer

_SERVER_PATH: Final = "/mcp/srv_"


async def asked_server(database: Database, client: ClientView, resource: str | None, *, issuer: str) -> McpServer:
    """Return the MCP server that is asked for; a client of one server need not say which. Raises `OAuthError`."""
    prefix = issuer + _SERVER_PATH
    named = client.server_id
    if resource is not None:
        named = as_id(resource.removeprefix(prefix)) if resource.startswith(prefix) else None
    async with database.read() as tx:
        server = None if named is None else await tx.mcp_servers.find(named)
    if server is None or not client.is_for(server) or server.auth_mode == "bearer":
        raise OAuthError("invalid_target", "resource: give the address of an MCP server that takes sign-ins")
    return server


def asked_scopes(server: McpServer, wanted: list[str] | None) -> list[str]:
    """Return what is asked for of what the server has; what nobody has is passed over (RFC 6749 3.3).

    Raises `OAuthError`.
    """
    known = [TOOLS_SCOPE, CODE_SCOPE] if server.mode == "CODE" else [TOOLS_SCOPE]
    if not wanted:
        return known
    found = [scope for scope in known if scope in wanted]
    if not found:
        raise OAuthError("invalid_scope", f"scope: this server knows {' '.join(known)}")
    return found
