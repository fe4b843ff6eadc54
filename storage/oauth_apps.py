"""Rows of tenants' own OAuth apps."""

from storage.records import OAuthApp
from storage.repository import Page, Repository
from storage.scope import TenantScope


class OAuthApps(Repository[OAuthApp]):
    """OAuth apps of organizations and of workspaces; a scope of workspaces holds those of its workspaces only."""

    record = OAuthApp

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[OAuthApp]:
        """Return a page of OAuth apps."""
        return await self._page(scope, limit=limit, offset=offset)
