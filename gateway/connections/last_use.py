"""When each connection was last used: noted in memory during a call, written every few seconds for all of them."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final

from gateway.kit.background import Background
from gateway.kit.clock import Clock
from storage.database import Database

_EVERY: Final = timedelta(minutes=1)
_GATHER_SECONDS: Final = 5.0


class LastUse:
    """Keeps `last_used_at` true to a minute, at one small transaction every five seconds at most."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[str, datetime] = {}
        self._unwritten: set[str] = set()
        self._background = Background("last use", self._round, ends_with_a_round=True)

    def note(self, connection_id: str) -> None:
        """Note a use."""
        now = self._clock()
        noted = self._noted.get(connection_id)
        if noted is None or now - noted >= _EVERY:
            self._noted[connection_id] = now
            self._unwritten.add(connection_id)

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Write what is noted while the block lasts, and what is left at its end."""
        return self._background.running()

    async def write(self) -> None:
        """Write what is noted, now."""
        unwritten, now = tuple(self._unwritten), self._clock()
        if unwritten:
            async with self._database.write() as tx:
                await tx.connections.note_use(unwritten, at=now)
            self._unwritten.difference_update(unwritten)
        self._noted = {key: noted for key, noted in self._noted.items() if now - noted < _EVERY}

    async def _round(self) -> float:
        await self.write()
        return _GATHER_SECONDS
