"""Rows of grants that providers are still to be told about."""

from storage.records import Revocation
from storage.repository import Page, Repository
from storage.scope import TenantScope


class Revocations(Repository[Revocation]):
    """Grants to revoke; a scope of workspaces holds those of its workspaces only."""

    record = Revocation

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Revocation]:
        """Return a page of what is still to be revoked."""
        return await self._page(scope, limit=limit, offset=offset)
