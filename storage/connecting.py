"""Rows of connect links, connect sessions and the steps that browsers take in them."""

from datetime import datetime

from sqlalchemy import and_, delete, not_, select, update
from sqlmodel import col

from storage.records import ConnectLink, ConnectSession, ConnectStep
from storage.repository import Repository


class ConnectLinks(Repository[ConnectLink]):
    """Portal links of end users."""

    record = ConnectLink

    async def by_hash(self, token_hash: str) -> ConnectLink | None:
        """Return the link with this hash: the door through which its end user is known."""
        return await self._session.scalar(select(ConnectLink).where(col(ConnectLink.token_hash) == token_hash))

    async def delete_expired(self, before: datetime) -> None:
        """Remove links of all tenants that expired before this moment."""
        await self._session.execute(delete(ConnectLink).where(col(ConnectLink.expires_at) < before))


class ConnectSessions(Repository[ConnectSession]):
    """Connect sessions of workspaces."""

    record = ConnectSession

    async def by_hash(self, token_hash: str) -> ConnectSession | None:
        """Return the session with this hash: the door for who polls it and for who connects."""
        return await self._session.scalar(select(ConnectSession).where(col(ConnectSession.token_hash) == token_hash))

    async def delete_expired(self, before: datetime) -> None:
        """Remove sessions of all tenants that expired before this moment."""
        await self._session.execute(delete(ConnectSession).where(col(ConnectSession.expires_at) < before))


class ConnectSteps(Repository[ConnectStep]):
    """Steps under way."""

    record = ConnectStep

    async def take(
        self, key_hash: str, *, browser_hash: str, kind: str, integration_name: str, now: datetime
    ) -> ConnectStep | None:
        """Mark and return the step that this browser has begun; a second time, or too late, there is none.

        One that another browser presents is left alone: it is not theirs to spend.
        """
        return await self._session.scalar(
            update(ConnectStep)
            .where(
                col(ConnectStep.key_hash) == key_hash,
                col(ConnectStep.browser_hash) == browser_hash,
                col(ConnectStep.kind) == kind,
                col(ConnectStep.integration_name) == integration_name,
                col(ConnectStep.taken_at).is_(None),
                col(ConnectStep.expires_at) > now,
            )
            .values(taken_at=now)
            .returning(ConnectStep)
        )

    async def by_key(self, key_hash: str, *, kind: str, integration_name: str) -> ConnectStep | None:
        """Return a step whoever has begun it, taken or not, as long as it is kept."""
        return await self._session.scalar(
            select(ConnectStep).where(
                col(ConnectStep.key_hash) == key_hash,
                col(ConnectStep.kind) == kind,
                col(ConnectStep.integration_name) == integration_name,
            )
        )

    async def lapsed(self, kind: str, *, before: datetime, limit: int) -> list[ConnectStep]:
        """Return steps of all tenants that expired before this moment without being taken."""
        found = await self._session.scalars(
            select(ConnectStep)
            .where(
                col(ConnectStep.kind) == kind,
                col(ConnectStep.expires_at) < before,
                col(ConnectStep.taken_at).is_(None),
            )
            .limit(limit)
        )
        return list(found)

    async def delete_expired(self, before: datetime) -> None:
        """Remove steps of all tenants that expired before this moment, except questions with an account in hand."""
        has_account = and_(col(ConnectStep.kind) == "replace", col(ConnectStep.taken_at).is_(None))
        await self._session.execute(delete(ConnectStep).where(col(ConnectStep.expires_at) < before, not_(has_account)))
