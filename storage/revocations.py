"""Rows of grants that providers are still to be told about."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import col

from storage.records import Revocation
from storage.repository import Page, Repository
from storage.scope import TenantScope


class Revocations(Repository[Revocation]):
    """Grants to revoke; a scope of workspaces holds those of its workspaces only."""

    record = Revocation

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Revocation]:
        """Return a page of what is still to be revoked, or was given up."""
        return await self._page(scope, limit=limit, offset=offset)

    async def due(self, now: datetime, *, except_of: Collection[str], limit: int) -> list[Revocation]:
        """Return rows of all tenants whose time has come, longest waiting first, except of these integrations."""
        found = await self._session.scalars(
            select(Revocation)
            .where(
                col(Revocation.given_up_at).is_(None),
                col(Revocation.next_attempt_at) <= now,
                col(Revocation.integration_name).not_in(except_of),
            )
            .order_by(col(Revocation.next_attempt_at), col(Revocation.id))
            .limit(limit)
        )
        return list(found)

    async def next_attempt(self) -> datetime | None:
        """Return when the next row of any tenant is due; None where there is none."""
        return await self._session.scalar(
            select(func.min(col(Revocation.next_attempt_at))).where(col(Revocation.given_up_at).is_(None))
        )

    async def find(self, revocation_id: str) -> Revocation | None:
        """Return a row by the id that `due` gave."""
        return await self._session.get(Revocation, revocation_id)

    async def all_sealed(self, *, after: str, limit: int) -> list[Revocation]:
        """Return rows of the whole deployment in order of id, for sealing them anew."""
        found = await self._session.scalars(
            select(Revocation).where(col(Revocation.id) > after).order_by(col(Revocation.id)).limit(limit)
        )
        return list(found)

    async def delete_expired(self, before: datetime) -> None:
        """Remove rows of all tenants that were given up before this moment."""
        await self._session.execute(delete(Revocation).where(col(Revocation.given_up_at) < before))

    def _touch(self, row: Revocation) -> None:
        self._changed(("revocations", row.organization_id))
