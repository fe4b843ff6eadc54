"""Short work that nobody waits for, and that still belongs to somebody."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from integrations.failures import ActionFailed

_SECONDS: Final = 5.0
_ENDING_SECONDS: Final = 1.0
"""When the process ends, which waits for nobody's server."""
_AT_MOST: Final = 500
_log = structlog.stdlib.get_logger()


class Errands:
    """Runs short work, each within a few seconds, and none beyond its block."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block at whose end the work under way is given a moment."""
        try:
            yield
        finally:
            if self._tasks:
                _, late = await asyncio.wait(tuple(self._tasks), timeout=_ENDING_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    def run(self, work: Awaitable[None]) -> None:
        """Begin `work`; where too much is under way already, leave it."""
        task = asyncio.create_task(_run(work, does=len(self._tasks) < _AT_MOST))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _run(work: Awaitable[None], *, does: bool) -> None:
    try:
        async with asyncio.timeout(_SECONDS if does else 0):
            await work
    except (ActionFailed, TimeoutError) as error:
        _log.info("an errand to a remote MCP server failed", reason=str(error) or "out of time")
