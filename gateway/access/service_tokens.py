"""Tokens for service clients, which act for nobody (RFC 6749 4.4): given only where a static token would be safe."""

from collections.abc import Sequence

from gateway.access.granted import Granted
from gateway.access.mcp_tokens import accept_scopes
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError
from gateway.access.oauth_grants import NewGrant, OAuthGrants
from gateway.access.static_tokens import CLIENT_CREDENTIALS, is_static_token_safe
from gateway.errors import InvalidMcpScopes
from storage.database import Database, Transaction
from storage.records import McpServer
from storage.scope import TenantScope


class ServiceTokens:
    """Gives tokens to clients that an organization has registered for one server and for `client_credentials`."""

    def __init__(self, database: Database, *, grants: OAuthGrants) -> None:
        self._database = database
        self._grants = grants

    async def issue(self, client: ClientView, *, resource: str | None, scopes: Sequence[str] | None) -> Granted:
        """Give an access token; all of them hang below one grant, so that one revocation ends them.

        Raises `OAuthError`.
        """
        # One writer at a time: no per_user integration slips in between the look and the token.
        async with self._database.write() as tx:
            server = await self._server(tx, client, resource)
            wanted = _scopes(server, scopes)
            for grant in await tx.oauth_grants.of_client(client.client_id):
                if grant.kind == CLIENT_CREDENTIALS:
                    return await self._grants.more_tokens(tx, grant, client, scopes=wanted)
            new = NewGrant(
                server=server,
                end_user=None,
                identity_id=None,
                client=client,
                redirect_uri=None,
                scopes=wanted,
                kind=CLIENT_CREDENTIALS,
            )
            return await self._grants.granted(tx, new)

    async def _server(self, tx: Transaction, client: ClientView, resource: str | None) -> McpServer:
        server = None if client.server_id is None else await tx.mcp_servers.find(client.server_id)
        if server is None or client.organization_id != server.organization_id or client.auth_method == "none":
            raise OAuthError("unauthorized_client", "grant_type: only for services that an organization has registered")
        if resource not in (None, self._grants.resource_of(server.id)) or server.auth_mode == "bearer":
            raise OAuthError(
                "invalid_target", "resource: the service is registered for another MCP server, or for none"
            )
        scope = TenantScope(server.organization_id, frozenset((server.workspace_id,)))
        if not await is_static_token_safe(tx, scope, server):
            raise OAuthError(
                "unauthorized_client", "the workspace has integrations that need to know the person; a service has none"
            )
        return server


def _scopes(server: McpServer, wanted: Sequence[str] | None) -> tuple[str, ...]:
    try:
        return tuple(accept_scopes(server.mode, wanted))
    except InvalidMcpScopes as error:
        raise OAuthError("invalid_scope", error.message) from error
