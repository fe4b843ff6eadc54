"""What a program asks for: which MCP server, and which of its scopes."""

from gateway.access.endpoints import server_at
from gateway.access.mcp_tokens import known_scopes
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError
from storage.database import Database
from storage.records import McpServer


async def asked_server(database: Database, client: ClientView, resource: str | None, *, issuer: str) -> McpServer:
    """Return the MCP server that is asked for; a client of one server need not say which. Raises `OAuthError`."""
    named = client.server_id if resource is None else server_at(resource, public_url=issuer)
    async with database.read() as tx:
        server = None if named is None else await tx.mcp_servers.find(named)
    if server is None or not client.is_for(server) or server.auth_mode == "bearer":
        raise OAuthError("invalid_target", "resource: give the address of an MCP server that takes sign-ins")
    return server


def asked_scopes(server: McpServer, wanted: list[str] | None) -> list[str]:
    """Return what is asked for of what the server has; what nobody has is passed over (RFC 6749 3.3).

    Raises `OAuthError`.
    """
    known = known_scopes(server.mode)
    if not wanted:
        return known
    found = [scope for scope in known if scope in wanted]
    if not found:
        raise OAuthError("invalid_scope", f"scope: this server knows {' '.join(known)}")
    return found
