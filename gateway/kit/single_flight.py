"""Work that is done once however many ask for it at the same time, and to its end whoever leaves."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SingleFlight(Generic[Key, Result]):
    """Runs one task per key; everybody who asks while it runs gets its result, or what it raises.

    It owns its tasks instead of an `asyncio.TaskGroup`, which would cancel them when its block ends by a failure.
    """

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Result]] = {}

    async def run(self, key: Key, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Join the work under way for `key`, or begin it; a cancelled caller leaves it running."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def is_under_way(self, key: Key) -> bool:
        """Tell whether whoever asked now would join others."""
        return key in self._tasks

    @asynccontextmanager
    async def finishing(self) -> AsyncGenerator[None]:
        """Wait for all work that is under way when the block ends."""
        try:
            yield
        finally:
            if self._tasks:
                await asyncio.wait(tuple(self._tasks.values()))

    def _forget(self, key: Key, task: asyncio.Task[Result]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            # Whoever waited has heard it already; without this, work that everybody left would be reported as lost.
            task.exception()
