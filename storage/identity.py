"""Rows of who has shown to be whom, at which browser."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import col

from storage.records import IdentityCheck, KnownBrowser
from storage.repository import Repository
from storage.scope import TenantScope


class IdentityChecks(Repository[IdentityCheck]):
    """Identity checks under way."""

    record = IdentityCheck

    async def by_key(self, scope: TenantScope, kind: str, key_hash: str) -> IdentityCheck | None:
        """Return the check that goes by this name."""
        return await self._one(scope, col(IdentityCheck.kind) == kind, col(IdentityCheck.key_hash) == key_hash)

    async def by_challenge(self, key_hash: str) -> IdentityCheck | None:
        """Return the hand-off of this challenge: the door for a token that a product has signed."""
        return await self._session.scalar(
            select(IdentityCheck).where(col(IdentityCheck.kind) == "handoff", col(IdentityCheck.key_hash) == key_hash)
        )

    async def by_proof(self, kind: str, proof: str) -> IdentityCheck | None:
        """Return the check that has been proven so: the door for the browser that comes back."""
        return await self._session.scalar(
            select(IdentityCheck).where(col(IdentityCheck.kind) == kind, col(IdentityCheck.proof) == proof)
        )

    async def delete_expired(self, before: datetime) -> None:
        """Remove checks of all tenants that expired before this moment."""
        await self._session.execute(delete(IdentityCheck).where(col(IdentityCheck.expires_at) < before))


class KnownBrowsers(Repository[KnownBrowser]):
    """Browsers at which an end user is known to sit."""

    record = KnownBrowser

    async def of(self, scope: TenantScope, end_user_id: str, browser_hash: str) -> KnownBrowser | None:
        """Return what is known of this end user at this browser, expired or not."""
        return await self._one(
            scope, col(KnownBrowser.end_user_id) == end_user_id, col(KnownBrowser.browser_hash) == browser_hash
        )

    async def at(self, scope: TenantScope, browser_hash: str) -> list[KnownBrowser]:
        """Return what is known of everybody at this browser, expired or not."""
        return await self._all(scope, col(KnownBrowser.browser_hash) == browser_hash)

    async def delete_expired(self, before: datetime) -> None:
        """Remove what was known until this moment, of all tenants."""
        await self._session.execute(delete(KnownBrowser).where(col(KnownBrowser.expires_at) < before))
