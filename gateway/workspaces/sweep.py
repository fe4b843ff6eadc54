"""Sweeps up what has expired: at the start and hourly, one list for all rooms. Webhooks have a retention of their own."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.kit.background import Background
from gateway.kit.clock import Clock
from storage.database import Database, Transaction

_EVERY_SECONDS: Final = 3600.0


class _Expiring(Protocol):
    async def delete_expired(self, before: datetime) -> None: ...


KEPT: Final[Sequence[tuple[Callable[[Transaction], _Expiring], timedelta]]] = (
    (lambda tx: tx.connect_links, timedelta()),
    # A backend may still ask what has become of a session, and a browser that comes back late is told that it did.
    (lambda tx: tx.connect_sessions, timedelta(days=1)),
    (lambda tx: tx.connect_steps, timedelta(hours=1)),
    (lambda tx: tx.identity_checks, timedelta()),
    (lambda tx: tx.known_browsers, timedelta()),
    (lambda tx: tx.spent_handoff_tokens, timedelta()),
    (lambda tx: tx.mcp_tokens, timedelta()),
    (lambda tx: tx.signed_in_browsers, timedelta()),
    # Whoever is signing in just now may be linked to nobody yet.
    (lambda tx: tx.identities, timedelta(hours=1)),
    (lambda tx: tx.oauth_clients, timedelta()),
    (lambda tx: tx.oauth_requests, timedelta(hours=1)),
    (lambda tx: tx.oauth_grants, timedelta()),
    # A code that is shown a second time ends what the first gave.
    (lambda tx: tx.oauth_codes, timedelta(days=1)),
    # So does a replaced token, whoever was away: as long as any would have been good.
    (lambda tx: tx.oauth_refresh_tokens, timedelta(days=90)),
    (lambda tx: tx.device_codes, timedelta(hours=1)),
    # For people to see what was given up.
    (lambda tx: tx.revocations, timedelta(days=30)),
)
"""What is swept, and how long after its end."""


class Sweep:
    """Removes rows of all tenants that open nothing any more."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._background = Background("sweep", self.run)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return a block during which the sweep is repeated."""
        return self._background.running()

    async def run(self) -> float:
        """Sweep once; returns after how many seconds to do it again."""
        now = self._clock()
        for table, kept in KEPT:
            # A transaction for each, so that nobody waits long for the writer.
            async with self._database.write() as tx:
                await table(tx).delete_expired(now - kept)
        return _EVERY_SECONDS
