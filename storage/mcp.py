"""Rows of MCP servers, their manual tools and their tokens."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlmodel import col

from storage.records import McpServer, McpServerTool, McpToken
from storage.repository import Page, Repository
from storage.scope import TenantScope


class McpServers(Repository[McpServer]):
    """MCP servers of workspaces."""

    record = McpServer

    async def find(self, server_id: str) -> McpServer | None:
        """Return a server by id alone: for the MCP endpoint, which knows no tenant before it knows the server."""
        return await self._session.get(McpServer, server_id)

    async def page(self, scope: TenantScope, *, workspace_id: str | None, limit: int, offset: int) -> Page[McpServer]:
        """Return a page of servers, optionally only those of a workspace."""
        conditions = [] if workspace_id is None else [col(McpServer.workspace_id) == workspace_id]
        return await self._page(scope, *conditions, limit=limit, offset=offset)

    async def of_workspace(self, scope: TenantScope, workspace_id: str) -> list[McpServer]:
        """Return all servers of a workspace."""
        return await self._all(scope, col(McpServer.workspace_id) == workspace_id)

    async def names(self, scope: TenantScope, server_ids: Collection[str]) -> dict[str, str]:
        """Return the names of these servers, by id."""
        return {row.id: row.name for row in await self._all(scope, col(McpServer.id).in_(server_ids))}

    def _touch(self, row: McpServer) -> None:
        self._changed(("mcp_server", row.id))


class McpServerTools(Repository[McpServerTool]):
    """Tools that were added to servers by hand; they lie where their server lies."""

    record = McpServerTool
    workspace_column = None

    async def of_server(self, scope: TenantScope, server_id: str) -> list[McpServerTool]:
        """Return the manual tools of a server, in the order in which they are shown."""
        return await self._all(
            scope,
            col(McpServerTool.server_id) == server_id,
            order=(col(McpServerTool.sort_order), col(McpServerTool.created_at), col(McpServerTool.id)),
        )

    async def of_workspace(self, scope: TenantScope, workspace_id: str) -> list[McpServerTool]:
        """Return the manual tools of all servers of a workspace."""
        servers = select(col(McpServer.id)).where(col(McpServer.workspace_id) == workspace_id)
        return await self._all(scope, col(McpServerTool.server_id).in_(servers))

    def _touch(self, row: McpServerTool) -> None:
        self._changed(("mcp_server", row.server_id))

    def _boundary(self, scope: TenantScope) -> ColumnElement[bool]:
        within = super()._boundary(scope)
        if scope.workspace_ids is None:
            return within
        servers = select(col(McpServer.id)).where(col(McpServer.workspace_id).in_(scope.workspace_ids))
        return within & col(McpServerTool.server_id).in_(servers)


class McpTokens(Repository[McpToken]):
    """Bearer tokens of MCP servers."""

    record = McpToken

    async def by_hash(self, token_hash: str) -> McpToken | None:
        """Return the token with this hash: the door through which a caller is known."""
        return await self._session.scalar(select(McpToken).where(col(McpToken.token_hash) == token_hash))

    async def static_of(self, scope: TenantScope, server_id: str) -> McpToken | None:
        """Return the static token of a server, or None."""
        return await self._one(scope, col(McpToken.server_id) == server_id, col(McpToken.kind) == "static")

    async def servers_with_static(self, scope: TenantScope, server_ids: list[str]) -> set[str]:
        """Return which of these servers have a static token."""
        found = await self._all(scope, col(McpToken.server_id).in_(server_ids), col(McpToken.kind) == "static")
        return {row.server_id for row in found}

    async def page_of_end_users(
        self, scope: TenantScope, server_id: str, *, end_user_id: str | None, now: datetime, limit: int, offset: int
    ) -> Page[McpToken]:
        """Return a page of a server's unexpired end-user tokens, optionally of one end user."""
        conditions = [
            col(McpToken.server_id) == server_id,
            col(McpToken.end_user_id).is_not(None),
            or_(col(McpToken.expires_at).is_(None), col(McpToken.expires_at) > now),
        ]
        if end_user_id is not None:
            conditions.append(col(McpToken.end_user_id) == end_user_id)
        return await self._page(scope, *conditions, limit=limit, offset=offset)

    async def count_made_for(self, scope: TenantScope, server_id: str, *, end_user_id: str, now: datetime) -> int:
        """Return how many unexpired tokens of a server were made for an end user other than by signing in."""
        found = await self._session.scalar(
            select(func.count())
            .select_from(McpToken)
            .where(
                self._boundary(scope),
                col(McpToken.server_id) == server_id,
                col(McpToken.end_user_id) == end_user_id,
                col(McpToken.grant_id).is_(None),
                or_(col(McpToken.expires_at).is_(None), col(McpToken.expires_at) > now),
            )
        )
        return found or 0

    async def delete_of_server(
        self, server: McpServer, *, kinds: Collection[str], except_of: str | None = None
    ) -> None:
        """Remove a server's tokens of these kinds, except those of one end user."""
        conditions = [col(McpToken.server_id) == server.id, col(McpToken.kind).in_(kinds)]
        if except_of is not None:
            conditions.append(col(McpToken.end_user_id).is_distinct_from(except_of))
        removed = await self._session.scalars(delete(McpToken).where(*conditions).returning(col(McpToken.id)))
        for token_id in removed:
            self._changed(("mcp_token", token_id))

    async def delete_expired(self, before: datetime) -> None:
        """Remove tokens of all tenants that expired before this moment."""
        await self._session.execute(delete(McpToken).where(col(McpToken.expires_at) < before))

    def _touch(self, row: McpToken) -> None:
        self._changed(("mcp_token", row.id))
