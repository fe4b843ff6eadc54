"""The stream of a session that belongs to no request, for servers that say there what belongs to one.

The TypeScript SDK's `server.elicitInput` and `server.sendLoggingMessage` do. Such a session is one client's, as it would
be without us in between, so what comes is for a request that this client has under way; there is nobody else to hear it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.upstreams.frames import Message, Notice, Question
from gateway.upstreams.questions import Questions
from gateway.upstreams.relay import Relay
from gateway.upstreams.wire import Unfit
from integrations.failures import ActionFailed

_OPENING_SECONDS: Final = 2.0
"""How long a request waits for the stream before it goes out: what is said on none is lost."""
_IDLE_SECONDS: Final = 30.0

Listen: TypeAlias = Callable[[asyncio.Event], AsyncGenerator[Message]]


@dataclass(slots=True)
class _UnderWay:
    relay: Relay
    questions: Questions


class SideStream:
    """Opened with the first request of a client that can be asked, and kept for a moment after the last."""

    def __init__(self, listen: Listen, *, refuse: Callable[[Question], None], changed: Callable[[], None]) -> None:
        """`refuse` answers questions that nobody has under way; `changed` hears that the tools are others now."""
        self._listen = listen
        self._refuse = refuse
        self._changed = changed
        self._under_way: dict[int, _UnderWay] = {}
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._idle: asyncio.TimerHandle | None = None
        self._is_absent = False
        self._session: object = None

    @asynccontextmanager
    async def heard_for(
        self, request_id: int, relay: Relay, questions: Questions, *, session: object
    ) -> AsyncGenerator[None]:
        """Let a request of this session hear what comes on the stream, if its caller can be asked anything."""
        if not relay.can_be_asked or (self._is_absent and self._session is session):
            yield
            return
        self._under_way[request_id] = _UnderWay(relay, questions)
        try:
            await self._opened(session)
            yield
        finally:
            del self._under_way[request_id]
            if not self._under_way:
                self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end)

    async def close(self) -> None:
        """End the stream."""
        self._end()
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _opened(self, session: object) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._session is not session:
            # A stream of a session that the server has forgotten says nothing of the one that came after it.
            self._session, self._is_absent = session, False
            self._end()
            self._task = None
        if self._task is None or self._task.done():
            self._begun = asyncio.Event()
            self._task = asyncio.create_task(self._hear(self._begun))
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._begun.wait()

    async def _hear(self, begun: asyncio.Event) -> None:
        try:
            async with aclosing(self._listen(begun)) as messages:
                async for message in messages:
                    await self._take(message)
        except Unfit:
            self._is_absent = True
        except ActionFailed:
            # The next request opens it again; this one may still get its answer on its own stream.
            return
        finally:
            begun.set()

    async def _take(self, message: Message) -> None:
        """Pass on what is for a request under way: the newest, where the message does not say which."""
        newest = next(reversed(self._under_way.values()), None)
        match message:
            case Question() if newest is not None:
                newest.questions.put(message)
            case Question():
                self._refuse(message)
            case Notice("notifications/cancelled"):
                for each in self._under_way.values():
                    each.questions.withdraw(message.params)
            case Notice("notifications/tools/list_changed"):
                self._changed()
            case Notice("notifications/progress"):
                token = message.params.get("progressToken")
                of_token = self._under_way.get(token) if isinstance(token, int) else None
                if of_token is not None and isinstance(token, int):
                    await of_token.relay.notified(message, token)
            case Notice() if newest is not None:
                await newest.relay.notified(message, -1)
            case _:
                return

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
