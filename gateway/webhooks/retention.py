"""How long deliveries are kept for a look or a replay."""

from datetime import timedelta
from typing import Final

from gateway.kit.clock import Clock
from storage.database import Database

DELIVERED_KEPT: Final = timedelta(days=7)
FAILED_KEPT: Final = timedelta(days=30)
"""Counted from the event on."""

_EVERY_SECONDS: Final = 3600.0
_AT_ONCE: Final = 1000
"""Rows in one transaction: others want to write meanwhile."""


class Retention:
    """Removes old deliveries."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sweep(self) -> float:
        """Remove what is older than it is kept; return when to do so again, in seconds."""
        now = self._clock()
        while True:
            async with self._database.write() as tx:
                removed = await tx.webhook_deliveries.sweep(
                    delivered_before=now - DELIVERED_KEPT, failed_before=now - FAILED_KEPT, limit=_AT_ONCE
                )
            if removed < _AT_ONCE:
                return _EVERY_SECONDS
