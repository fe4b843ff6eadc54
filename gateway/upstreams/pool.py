"""Servers that are kept between requests: one for each way in which they are reached."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from gateway.kit.background import Background
from gateway.upstreams.shown_tools import Now

_AT_MOST: Final = 2_000
_IDLE_SECONDS: Final = 600.0
_EVERY_SECONDS: Final = 60.0
_CLOSING_SECONDS: Final = 5.0
_ENDING_SECONDS: Final = 1.0
"""When the process ends, which waits for nobody's server."""


class Closable(Protocol):
    """What has an end."""

    async def close(self) -> None: ...


Server = TypeVar("Server", bound=Closable)


@dataclass(slots=True)
class _Kept(Generic[Server]):
    server: Server
    users: int = 0
    used_at: float = 0.0


class Pool(Generic[Server]):
    """Keeps servers; those in use are never closed, the others when they were idle for long or others need the room."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._kept: OrderedDict[str, _Kept[Server]] = OrderedDict()
        self._sweeping = Background("upstream sessions", self._sweep)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which servers are kept; all of them are closed at its end."""
        try:
            async with self._sweeping.running():
                yield
        finally:
            servers = [kept.server for kept in self._kept.values()]
            self._kept.clear()
            await _close(servers, seconds=_ENDING_SECONDS)

    @asynccontextmanager
    async def using(self, key: str, make: Callable[[], Server]) -> AsyncGenerator[Server]:
        """Return the server that is kept under `key`, or a new one, for as long as the block."""
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept(make())
            if len(self._kept) > _AT_MOST:
                self._sweeping.wake()
        self._kept.move_to_end(key)
        kept.users += 1
        try:
            yield kept.server
        finally:
            kept.users -= 1
            kept.used_at = self._now()

    def __len__(self) -> int:
        return len(self._kept)

    async def _sweep(self) -> float:
        over, too_old = len(self._kept) - _AT_MOST, self._now() - _IDLE_SECONDS
        closing: list[Server] = []
        for key, kept in list(self._kept.items()):
            if not kept.users and (kept.used_at < too_old or len(closing) < over):
                closing.append(self._kept.pop(key).server)
        await _close(closing, seconds=_CLOSING_SECONDS)
        return _EVERY_SECONDS


async def _close(servers: Sequence[Closable], *, seconds: float) -> None:
    """Close them all, as far as that is possible in a moment."""
    if not servers:
        return
    tasks = [asyncio.create_task(each.close()) for each in servers]
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
