"""Work that goes on beside the requests: done when it is due, sooner when something new has come, never twice at once."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from storage.failures import DatabaseAway

_AFTER_FAILURE_SECONDS: Final = 5.0
_log = structlog.stdlib.get_logger()


class Background:
    """Repeats one piece of work.

    `work` does what is due, and returns after how many seconds there may be more to do. It must be safe to cancel
    at any point: what matters is committed, and found again by the next round or the next process.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[float]], *, ends_with_a_round: bool = False) -> None:
        self._name = name
        self._work = work
        self._ends_with_a_round = ends_with_a_round
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Let the next round begin now; one that is under way is followed by another."""
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which the work is repeated; at its end the round under way is cancelled.

        With `ends_with_a_round` another one follows then, for what would otherwise be lost.
        """
        task = asyncio.create_task(self._repeat(), name=self._name)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))
            if self._ends_with_a_round:
                await self._round()

    async def _repeat(self) -> None:
        while True:
            self._woken.clear()
            seconds = await self._round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()

    async def _round(self) -> float:
        try:
            return await self._work()
        except DatabaseAway as error:
            _log.error("background work failed", work=self._name, reason=str(error))
            return _AFTER_FAILURE_SECONDS
        except Exception:  # noqa: BLE001 -- one failed round must not end all that would follow
            _log.exception("background work failed", work=self._name)
            return _AFTER_FAILURE_SECONDS
