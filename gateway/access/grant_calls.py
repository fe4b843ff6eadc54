"""What programs did last in somebody's name: noted in memory during a call, written every few seconds for all of them.

Which tool, when, and whether it worked; never with what input, nor what it returned.
"""

from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Final

from gateway.kit.background import Background
from gateway.kit.clock import Clock
from storage.database import Database
from storage.oauth import LastCall

_GATHER_SECONDS: Final = 5.0
_AT_ONCE: Final = 500


class GrantCalls:
    """Keeps the last call of every grant true to some seconds, without a write per call."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[str, LastCall] = {}
        self._background = Background("last calls", self._round, ends_with_a_round=True)

    def note(self, grant_id: str, *, tool: str, title: str, integration: str, failed: bool) -> None:
        """Note a call; `title` and `integration` are what people call the tool and what it belongs to."""
        self._noted[grant_id] = LastCall(self._clock(), tool, title, integration, failed)

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Write what is noted while the block lasts, and what is left at its end."""
        return self._background.running()

    async def write(self) -> None:
        """Write what is noted, now; in portions, so that other writers get their turns."""
        noted = iter(list(self._noted.items()))
        while some := dict(islice(noted, _AT_ONCE)):
            async with self._database.write() as tx:
                await tx.oauth_grants.note_calls(some)
            for grant_id, call in some.items():
                if self._noted[grant_id] is call:
                    del self._noted[grant_id]

    async def _round(self) -> float:
        await self.write()
        return _GATHER_SECONDS
