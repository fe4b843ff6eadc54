"""Rows of who has shown to be whom, at which browser."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col

from storage.records import IdentityCheck, KnownBrowser
from storage.repository import Repository


class IdentityChecks(Repository[IdentityCheck]):
    """Identity checks under way."""

    record = IdentityCheck

    async def delete_expired(self, before: datetime) -> None:
        """Remove checks of all tenants that expired before this moment."""
        await self._session.execute(delete(IdentityCheck).where(col(IdentityCheck.expires_at) < before))


class KnownBrowsers(Repository[KnownBrowser]):
    """Browsers at which an end user is known to sit."""

    record = KnownBrowser

    async def delete_expired(self, before: datetime) -> None:
        """Remove what was known until this moment, of all tenants."""
        await self._session.execute(delete(KnownBrowser).where(col(KnownBrowser.expires_at) < before))
