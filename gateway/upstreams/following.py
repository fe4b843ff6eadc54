"""Following a remote server: the one stream on which it tells of changes, and what of it is taken.

Four kinds of notifications are, and no more of them than we care to read; everything else there reaches nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final, TypeAlias

import structlog

from gateway.upstreams.follow import PROMPTS_CHANGED, RESOURCES_CHANGED, TOOLS_CHANGED, Follow
from gateway.upstreams.frames import Message, Notice, Question
from gateway.upstreams.handshake import HandshakeServer
from gateway.upstreams.modern import ModernServer
from gateway.upstreams.shown_tools import LIST, Listed
from gateway.upstreams.wire import Unfit
from integrations.failures import ActionFailed, CredentialsRejected, ProviderUnavailable
from integrations.ports import Json, McpAnswer

FILTERS: Final[Mapping[str, str]] = {
    TOOLS_CHANGED: "toolsListChanged",
    PROMPTS_CHANGED: "promptsListChanged",
    RESOURCES_CHANGED: "resourcesListChanged",
}
"""What a request for a stream calls what it wants to hear of (MCP 2026-07-28, SubscriptionFilter)."""
NOT_OFFERED: Final = McpAnswer(error={"code": -32601, "message": "the server tells of no changes"})

_ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"
_MESSAGES_A_SECOND: Final = 50
_MAX_REFUSALS: Final = 16
"""Of one stream: whoever asks more often gets no answer."""
_HEAD_SECONDS: Final = 1.0
"""Some servers send nothing of an answer, not even its head, before there is a change to tell."""
_BETWEEN_LISTS_SECONDS: Final = 5.0
_AT_MOST_SECONDS: Final = 3_600.0
"""Of one stream: where a box on the way has dropped a connection, it looks like one on which nothing happens."""
_log = structlog.stdlib.get_logger()

Ask: TypeAlias = Callable[[str, Mapping[str, Json]], Awaitable[McpAnswer]]
"""Sends one request of our own to the server, within its time."""


class Following:
    """One server while it is followed."""

    def __init__(
        self, server: ModernServer | HandshakeServer, follow: Follow, *, ask: Ask, listed: Listed, seconds: float
    ) -> None:
        """`listed` hears of the server's tools when they have changed; `seconds` is for opening a stream."""
        self._server = server
        self._follow = follow
        self._ask = ask
        self._listed = listed
        self._seconds = seconds
        self._tools_changed = asyncio.Event()
        self._refusals = 0
        self._pace = _Pace()

    async def until_it_ends(self) -> McpAnswer:
        """Follow until the server ends the stream, or offers none (`NOT_OFFERED`).

        Raises the classes of `integrations.failures`.
        """
        server = self._server
        stream = self._modern(server) if isinstance(server, ModernServer) else self._with_handshake(server)
        limit = asyncio.timeout(_AT_MOST_SECONDS)
        try:
            async with limit:
                return await _first_of(stream, self._listing())
        except TimeoutError:
            if not limit.expired():
                raise
            return McpAnswer()
        except Unfit:
            return NOT_OFFERED

    async def _modern(self, server: ModernServer) -> McpAnswer:
        """Hold one request open; for other wishes another one, which stands before the first is left."""
        current: asyncio.Task[McpAnswer] | None = None
        opening: asyncio.Task[McpAnswer] | None = None
        try:
            while True:
                uris, acknowledged = self._follow.taken_up(), asyncio.Event()
                opening = asyncio.create_task(self._hear_modern(server, uris, acknowledged))
                async with asyncio.timeout(self._seconds):
                    await _either(opening, acknowledged.wait())
                if current is not None:
                    await _ended(current)
                current, opening = opening, None
                if not current.done():
                    self._follow.stand(uris)
                    await _either(current, self._follow.changed())
                if current.done():
                    return current.result()
        except TimeoutError:
            raise ProviderUnavailable("the server did not acknowledge that it is followed") from None
        finally:
            for task in (current, opening):
                if task is not None:
                    await _ended(task)

    async def _hear_modern(self, server: ModernServer, uris: frozenset[str], acknowledged: asyncio.Event) -> McpAnswer:
        wanted: dict[str, Json] = {FILTERS[kind]: True for kind in self._follow.kinds}
        if uris:
            wanted["resourceSubscriptions"] = sorted(uris)
        async with aclosing(server.listen(wanted)) as messages:
            async for message in messages:
                if isinstance(message, McpAnswer):
                    return message
                if message.method == _ACKNOWLEDGED:
                    acknowledged.set()
                await self._take(message)
        return McpAnswer()

    async def _with_handshake(self, server: HandshakeServer) -> McpAnswer:
        """Read the session's own stream, and keep what the session is subscribed to in line with what is wanted."""
        begun, subscribed = asyncio.Event(), frozenset[str]()
        reading = asyncio.create_task(self._hear_session(server, begun))
        try:
            await _either(reading, begun.wait(), seconds=_HEAD_SECONDS)
            while not reading.done():
                uris = self._follow.taken_up()
                await self._subscribe(uris - subscribed, subscribed - uris)
                subscribed = uris
                self._follow.stand(uris)
                await _either(reading, self._follow.changed())
            return reading.result()
        finally:
            await _ended(reading)

    async def _subscribe(self, wanted: frozenset[str], unwanted: frozenset[str]) -> None:
        for method, uris in (("resources/unsubscribe", unwanted), ("resources/subscribe", wanted)):
            for uri in sorted(uris):
                # A resource that the server does not know must not keep the others from being heard of.
                with suppress(Unfit):
                    await self._ask(method, {"uri": uri})

    async def _hear_session(self, server: HandshakeServer, begun: asyncio.Event) -> McpAnswer:
        async with aclosing(server.listen(begun)) as messages:
            async for message in messages:
                if isinstance(message, Question) and self._refusals < _MAX_REFUSALS:
                    self._refusals += 1
                    server.refuse(message)
                await self._take(message)
        return McpAnswer()

    async def _take(self, message: Message) -> None:
        await self._pace.kept()
        if not isinstance(message, Notice):
            return
        if message.method == TOOLS_CHANGED:
            self._server.tools.changed()
            self._tools_changed.set()
        await self._follow.notify(message.method, message.params)

    async def _listing(self) -> McpAnswer:
        """Have the tools listed again when they have changed, so that whoever approves them hears of it."""

        async def page(params: Mapping[str, Json]) -> McpAnswer:
            return await self._ask(LIST, params)

        while True:
            await self._tools_changed.wait()
            self._tools_changed.clear()
            try:
                await self._server.tools.all(page, self._listed)
            except CredentialsRejected:
                raise
            except ActionFailed as error:
                _log.info("a remote MCP server does not list its tools after a change", reason=error.message)
            await asyncio.sleep(_BETWEEN_LISTS_SECONDS)


class _Pace:
    """How much is read of a server that tells more than anybody wants to know: the rest waits where it is."""

    def __init__(self) -> None:
        self._since = 0.0
        self._count = 0

    async def kept(self) -> None:
        """Wait, where a message more would be too many for this second."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._since >= 1:
            self._since, self._count = loop.time(), 0
        self._count += 1
        if self._count > _MESSAGES_A_SECOND:
            await asyncio.sleep(max(self._since + 1 - loop.time(), 0.0))


async def _first_of(*works: Coroutine[Any, Any, McpAnswer]) -> McpAnswer:
    """Run all until one ends; return what it does, or raise."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            await _ended(task)
    return done.pop().result()


async def _either(task: asyncio.Task[Any], event: Coroutine[Any, Any, object], *, seconds: float | None = None) -> None:
    """Wait until `task` is done, or `event` has come, or the time is over."""
    waiting = asyncio.create_task(event)
    try:
        await asyncio.wait((task, waiting), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _ended(task: asyncio.Task[Any]) -> None:
    """End a task of which nobody wants to know any more how it went."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
