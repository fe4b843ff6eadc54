"""When each connection was last used: noted in memory during a call, written every few seconds for all of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.kit.clock import Clock
from storage.database import Database

_EVERY: Final = timedelta(minutes=1)
_GATHER_SECONDS: Final = 5.0
_log = structlog.stdlib.get_logger()


class LastUse:
    """Keeps `last_used_at` true to a minute, at one small transaction every five seconds at most."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[str, datetime] = {}
        self._unwritten: set[str] = set()

    def note(self, connection_id: str) -> None:
        """Note a use."""
        now = self._clock()
        noted = self._noted.get(connection_id)
        if noted is None or now - noted >= _EVERY:
            self._noted[connection_id] = now
            self._unwritten.add(connection_id)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[None]:
        """Write what is noted while the block lasts, and what is left at its end."""
        task = asyncio.create_task(self._write_now_and_then())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))
            await self._write_or_log()

    async def write(self) -> None:
        """Write what is noted, now."""
        unwritten, now = tuple(self._unwritten), self._clock()
        if unwritten:
            async with self._database.write() as tx:
                await tx.connections.note_use(unwritten, at=now)
            self._unwritten.difference_update(unwritten)
        self._noted = {key: noted for key, noted in self._noted.items() if now - noted < _EVERY}

    async def _write_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_GATHER_SECONDS)
            await self._write_or_log()

    async def _write_or_log(self) -> None:
        try:
            await self.write()
        except Exception:  # noqa: BLE001 - nobody waits for this; it stays noted, and the next round writes it
            _log.exception("last use not written")
