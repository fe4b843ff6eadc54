"""Which remote servers are followed, and for whom: those of the toolsets of clients that hold a stream open.

One stream to a server is shared by all streams of one person. It is held with that person's account, through the same
execution as their calls; without an account nobody is asked for anything, and it begins once there is one.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

from gateway.changes import ChangeFeed
from gateway.connections.resolver import Resolver
from gateway.kit.cache import Topic
from gateway.mcp.followed import Followed, Pauses, kinds_of, takes_subscriptions
from gateway.mcp.remote_names import NamedRemote, remotes_of
from gateway.mcp.remote_watch import LISTS, RemoteWatch
from gateway.mcp.subscriptions import Holder, Subscriptions, holder_of
from gateway.principals import Caller, McpPrincipal
from gateway.tools.execution import Execution
from gateway.tools.toolset import Toolsets

MAX_OPEN: Final = 500
"""Streams to remote servers. Who comes then waits for a place."""
MAX_FOLLOWED: Final = 5_000
MAX_OF_ONE_PERSON: Final = 4
"""Servers that are followed for one person; further ones are not, and their changes are found out by asking."""

_Key: TypeAlias = tuple[Caller, str]
"""For whom, and which workspace integration."""


class Following:
    """All remote servers that are followed in this process."""

    def __init__(
        self,
        *,
        toolsets: Toolsets,
        execution: Execution,
        resolver: Resolver,
        changes: ChangeFeed,
        pauses: Pauses = Pauses(),  # noqa: B008 - frozen
    ) -> None:
        self._toolsets = toolsets
        self._execution = execution
        self._resolver = resolver
        self._pauses = pauses
        self._subscriptions = Subscriptions()
        self._watches: dict[Holder, set[RemoteWatch]] = {}
        self._keys: dict[RemoteWatch, set[_Key]] = {}
        self._followed: dict[_Key, Followed] = {}
        self._of_person: Counter[Caller] = Counter()
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(MAX_OPEN)
        changes.subscribe(self._concern)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block at whose end no server is followed any more."""
        try:
            yield
        finally:
            tasks = list(self._tasks.values())
            for key in list(self._followed):
                self._end(key)
            if tasks:
                await asyncio.wait(tasks)

    @asynccontextmanager
    async def watching(
        self, principal: McpPrincipal, *, lists: frozenset[str] = LISTS, uris: Iterable[str] | None = None
    ) -> AsyncGenerator[RemoteWatch]:
        """Follow the remote servers of a stream's toolset for as long as the block lasts.

        `uris` are the resources that it wants to hear of; without them, those that its client has subscribed to.
        """
        subscribed = uris is None
        wanted = self._subscriptions.of(principal) if uris is None else frozenset(uris)
        watch = RemoteWatch(principal, lists, wanted, self._pauses.between_notifications)
        self._keys[watch] = set()
        if subscribed:
            self._watches.setdefault(holder_of(principal), set()).add(watch)
        try:
            await self.look(watch)
            yield watch
        finally:
            self._leave(watch)

    async def look(self, watch: RemoteWatch) -> None:
        """Let a stream hear of the remote servers that its toolset has now, and of no others."""
        principal = watch.principal
        toolset = await self._toolsets.of(principal.server_id)
        found = {(principal.caller, each.remote.instance.id): each for each in remotes_of(toolset) if _tells(each)}
        keys = self._keys[watch]
        for key in keys - found.keys():
            self._leave_one(key, watch)
        for key, named in found.items():
            if (followed := self._found(key, named)) is not None:
                followed.join(watch, named)
                keys.add(key)

    async def settled(self, watch: RemoteWatch) -> None:
        """Wait a moment until what a stream wants to hear of would be heard."""
        await self._settled(self._keys[watch])

    async def subscribe(self, principal: McpPrincipal, uri: str) -> None:
        """Tell a client's streams from now on when this resource is updated; once they would hear of it, return."""
        self._subscriptions.add(principal, uri)
        await self._settled(self._resubscribed(principal))

    def unsubscribe(self, principal: McpPrincipal, uri: str) -> None:
        """Tell a client's streams no more of a resource."""
        self._subscriptions.remove(principal, uri)
        self._resubscribed(principal)

    def _resubscribed(self, principal: McpPrincipal) -> set[_Key]:
        """Have a client's streams want what it has subscribed to now; return which servers that concerns."""
        watches = self._watches.get(holder_of(principal), set())
        for watch in watches:
            watch.uris = self._subscriptions.of(principal)
        keys = set[_Key]().union(*(self._keys[watch] for watch in watches))
        for key in keys & self._followed.keys():
            self._followed[key].want()
        return keys

    async def _settled(self, keys: set[_Key]) -> None:
        waiting = [self._followed[key].settled() for key in keys & self._followed.keys()]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pauses.settling):
                await asyncio.gather(*waiting)

    def _found(self, key: _Key, named: NamedRemote) -> Followed | None:
        """Return the server as it is followed for this person already, or from now on; None where that is too many."""
        followed = self._followed.get(key)
        if followed is not None:
            if followed.leaving is not None:
                followed.leaving.cancel()
                followed.leaving = None
            return followed
        caller, _ = key
        if self._of_person[caller] >= MAX_OF_ONE_PERSON or len(self._followed) >= MAX_FOLLOWED:
            return None
        followed = self._followed[key] = Followed(
            caller,
            named,
            execution=self._execution,
            resolver=self._resolver,
            places=self._places,
            pauses=self._pauses,
        )
        self._of_person[caller] += 1
        self._tasks[key] = asyncio.create_task(followed.run())
        return followed

    def _leave(self, watch: RemoteWatch) -> None:
        holder = holder_of(watch.principal)
        watches = self._watches.get(holder, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(holder, None)
        for key in list(self._keys[watch]):
            self._leave_one(key, watch)
        del self._keys[watch]

    def _leave_one(self, key: _Key, watch: RemoteWatch) -> None:
        self._keys[watch].discard(key)
        followed = self._followed.get(key)
        if followed is None:
            return
        followed.leave(watch)
        if not followed.watches and followed.leaving is None:
            # A client that reconnects finds everything as it was.
            loop = asyncio.get_running_loop()
            followed.leaving = loop.call_later(self._pauses.lingering, self._end, key)

    def _end(self, key: _Key) -> None:
        followed = self._followed.pop(key)
        if followed.leaving is not None:
            followed.leaving.cancel()
        self._of_person[followed.caller] -= 1
        if not self._of_person[followed.caller]:
            del self._of_person[followed.caller]
        task = self._tasks[key]
        task.add_done_callback(lambda done: self._gone(key, done))
        task.cancel()

    def _gone(self, key: _Key, task: asyncio.Task[None]) -> None:
        # The same server may be followed for the same person again by now.
        if self._tasks.get(key) is task:
            del self._tasks[key]

    def _concern(self, topics: Iterable[Topic]) -> None:
        heard = frozenset(topics)
        for followed in self._followed.values():
            followed.concern(heard)


def _tells(named: NamedRemote) -> bool:
    """Tell whether a server says that it tells of anything."""
    return bool(kinds_of(named)) or takes_subscriptions(named)
