"""Clients that want to hear when their tool list changes, in both eras.

A change wakes the streams that it concerns; each checks that its token still stands, compares the digest of what its
client can see, and says something only if that is another one.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

import anyio

from gateway.changes import ChangeFeed
from gateway.kit.cache import Topic
from gateway.principals import McpPrincipal
from gateway.tools.toolset import Toolset, Toolsets

MAX_STREAMS = 10_000
MAX_STREAMS_OF_ONE_SERVER = 2_000
MAX_STREAMS_OF_ONE_END_USER = 64
"""At one server, so that nobody takes the streams of all others."""
PING_SECONDS = 15.0
"""How often a silent stream is shown to be alive, and its token checked for expiry."""
MAX_STREAMS_LOOKING = 2
"""At once. One change may wake thousands, and whoever else needs the database must not queue behind them all."""

StillAdmitted: TypeAlias = Callable[[], Awaitable[bool]]


class TooManyStreams(Exception):
    """No further stream is opened, for this end user, for this server or at all."""


class Watch:
    """One open stream: waits for what its client has to be told."""

    seen: str
    """Digest of the tool list that the client was last told to look at."""

    def __init__(
        self,
        toolset: Toolset,
        topics: frozenset[Topic],
        *,
        toolsets: Toolsets,
        admitted: StillAdmitted,
        ping_seconds: float,
        looking: anyio.CapacityLimiter,
        holder: str | None,
    ) -> None:
        self.holder = holder
        self._looking = looking
        self._server_id = toolset.server_id
        self.seen = toolset.digest
        self._topics = topics
        self._toolsets = toolsets
        self._admitted = admitted
        self._ping_seconds = ping_seconds
        # Woken once at the beginning: a change may have come while the toolset that we were given was compiled.
        self._woken = anyio.Event()
        self._woken.set()
        self._is_over = False

    def hear(self, topics: frozenset[Topic]) -> None:
        """Wake the stream if one of the topics concerns it."""
        if not self._topics.isdisjoint(topics):
            self._woken.set()

    def resume(self, seen: str) -> None:
        """Go on where an earlier stream of this client broke off: what changed since then is told at once."""
        self.seen = seen
        self._woken.set()

    def end(self) -> None:
        """Have the stream end."""
        self._is_over = True
        self._woken.set()

    async def next_change(self) -> bool | None:
        """Wait: True when the visible tool list has changed, None after a silence, False when the stream must end."""
        deadline = anyio.current_time() + self._ping_seconds
        while True:
            # The time limit is for the wait alone: were looking into a wake cut short by it, a change would get lost.
            with anyio.CancelScope(deadline=deadline):
                await self._woken.wait()
            is_woken, self._woken = self._woken.is_set(), anyio.Event()
            if self._is_over:
                return False
            async with self._looking:
                if not await self._admitted():
                    return False
                if is_woken and await self._has_changed():
                    return True
            if anyio.current_time() >= deadline:
                return None

    async def _has_changed(self) -> bool:
        """Compare what the client sees with what it saw last."""
        toolset = await self._toolsets.of(self._server_id)
        if toolset.digest == self.seen:
            return False
        self.seen = toolset.digest
        return True


class Listeners:
    """All open streams of this process."""

    def __init__(self, *, toolsets: Toolsets, changes: ChangeFeed, ping_seconds: float = PING_SECONDS) -> None:
        self._toolsets = toolsets
        self._ping_seconds = ping_seconds
        self._looking = anyio.CapacityLimiter(MAX_STREAMS_LOOKING)
        self._watches: dict[str, set[Watch]] = {}
        self._is_closed = False
        changes.subscribe(self._hear)

    @asynccontextmanager
    async def open(self, principal: McpPrincipal, admitted: StillAdmitted) -> AsyncGenerator[Watch]:
        """Watch from this moment on, for as long as the block lasts. Raises `TooManyStreams`."""
        toolset = await self._toolsets.of(principal.server_id)
        watches = self._watches.setdefault(principal.server_id, set())
        if self._is_closed or self._is_full(watches, principal.end_user_id):
            raise TooManyStreams
        end_user = ("end_user", principal.end_user_id or "")
        topics = frozenset((*toolset.topics, end_user, ("mcp_token", principal.token_id)))
        watch = Watch(
            toolset,
            topics,
            toolsets=self._toolsets,
            admitted=admitted,
            ping_seconds=self._ping_seconds,
            looking=self._looking,
            holder=principal.end_user_id,
        )
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._watches.get(principal.server_id) is watches:
                del self._watches[principal.server_id]

    def close(self) -> None:
        """End every stream and open no further one: for shutting down."""
        self._is_closed = True
        for watches in self._watches.values():
            for watch in watches:
                watch.end()

    def _is_full(self, of_server: set[Watch], end_user_id: str | None) -> bool:
        everywhere = sum(len(watches) for watches in self._watches.values())
        if everywhere >= MAX_STREAMS or len(of_server) >= MAX_STREAMS_OF_ONE_SERVER:
            return True
        # A static token names nobody, and may well be what many clients share.
        of_one = sum(watch.holder == end_user_id for watch in of_server) if end_user_id is not None else 0
        return of_one >= MAX_STREAMS_OF_ONE_END_USER

    def _hear(self, topics: Iterable[Topic]) -> None:
        heard = frozenset(topics)
        for watches in self._watches.values():
            for watch in watches:
                watch.hear(heard)
