"""Questions of servers with handshake, for callers without one: the request waits while its caller comes back.

Such a caller can only be told at the end of a request what the server wants to know (`input_required`), and sends the
request again with the answers. The server must not notice: it is in the midst of the first one.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from gateway.upstreams.conversation import Conversation, NoAnswer
from gateway.upstreams.relay import CAPABILITY_OF
from gateway.upstreams.rounds import INPUT_REQUIRED
from integrations.ports import Json, McpAnswer

RESUMABLE: Final = frozenset({"tools/call", "prompts/get", "resources/read"})
"""The requests that may end with `input_required`."""
_SECONDS: Final = 600.0
_AT_MOST: Final = 500
_OF_ONE_CALLER: Final = 16
_INVALID_PARAMS: Final = -32602

Run: TypeAlias = Callable[[Conversation], Coroutine[Any, Any, McpAnswer]]
"""Sends the request on behalf of a conversation, to its answer."""


@dataclass(slots=True)
class _Question:
    method: str
    params: Mapping[str, Json] = field(repr=False)
    answer: asyncio.Future[Mapping[str, Json]] = field(repr=False)


class _Waiting:
    """A request that goes on while its caller comes and goes; to the server's side it is a `Conversation`."""

    input_responses: None = None
    request_state: None = None

    def __init__(self, conversation: Conversation, has_room: Callable[[], bool]) -> None:
        self.protocol_version = conversation.protocol_version
        self.capabilities = conversation.capabilities
        self.program = conversation.program
        self.meta = conversation.meta
        self._has_room = has_room
        self._listener: Conversation | None = conversation
        self._questions: dict[str, _Question] = {}
        self._asked = asyncio.Event()

    async def notify(self, method: str, params: Mapping[str, Json]) -> None:
        if self._listener is not None:
            await self._listener.notify(method, self._as_now(method, params))

    async def ask(self, method: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        if not self._has_room():
            raise NoAnswer("too many requests wait for an answer already")
        key = secrets.token_urlsafe(9)
        question = self._questions[key] = _Question(method, params, asyncio.get_running_loop().create_future())
        self._asked.set()
        try:
            return await question.answer
        finally:
            self._forget(key)

    def hear(self, conversation: Conversation) -> None:
        """Go on with the answers that the caller has come back with. Raises ValueError where they are none."""
        responses = conversation.input_responses or {}
        if not all(isinstance(each, dict) for each in responses.values()):
            raise ValueError("an input response is no object")
        self._listener = conversation
        for key in responses.keys() & self._questions.keys():
            # One that the server has just withdrawn is done with already.
            if not (answer := self._questions[key].answer).done():
                answer.set_result(responses[key])
            self._forget(key)

    async def until_asked(self, task: asyncio.Task[McpAnswer]) -> Mapping[str, Json]:
        """Wait for the answer, which leaves nothing to ask, or for questions. Ends the request if the caller leaves."""
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait((task, asked), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            asked.cancel()
            self._listener = None
        return {key: {"method": each.method, "params": each.params} for key, each in self._questions.items()}

    def _forget(self, key: str) -> None:
        self._questions.pop(key, None)
        if not self._questions:
            self._asked.clear()

    def _as_now(self, method: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Name the progress token of the request that the caller waits for now."""
        token = None if self._listener is None else self._listener.meta.get("progressToken")
        return {**params, "progressToken": token} if method == "notifications/progress" and token else params


@dataclass(frozen=True, slots=True)
class _Parked:
    waiting: _Waiting = field(repr=False)
    task: asyncio.Task[McpAnswer] = field(repr=False)
    whose: str
    expiry: asyncio.TimerHandle = field(repr=False)


class Parking:
    """Holds requests that wait for their callers: bounded in number and time, each found only by who began it."""

    def __init__(self) -> None:
        self._parked: dict[str, _Parked] = {}
        self._tasks: set[asyncio.Task[McpAnswer]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block at whose end all requests that wait are given up."""
        try:
            yield
        finally:
            for parked in self._parked.values():
                parked.expiry.cancel()
            self._parked.clear()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(tuple(self._tasks))

    async def begin(self, conversation: Conversation, run: Run, *, whose: str) -> McpAnswer:
        """Run a request to its answer, or to the server's first questions."""
        waiting = _Waiting(conversation, lambda: self._has_room(whose))
        task = asyncio.create_task(run(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await self._next(waiting, task, whose)

    def go_on(self, conversation: Conversation, *, whose: str) -> Awaitable[McpAnswer] | None:
        """Return how a request goes on that its caller has come back to, or None where no such request waits."""
        state = conversation.request_state
        parked = self._parked.get(state) if state is not None else None
        if parked is None or state is None or parked.whose != whose:
            return None
        return self._go_on(self._taken(state), conversation)

    async def _go_on(self, parked: _Parked, conversation: Conversation) -> McpAnswer:
        try:
            parked.waiting.hear(conversation)
        except ValueError as error:
            parked.task.cancel()
            return McpAnswer(error={"code": _INVALID_PARAMS, "message": str(error)})
        return await self._next(parked.waiting, parked.task, parked.whose)

    async def _next(self, waiting: _Waiting, task: asyncio.Task[McpAnswer], whose: str) -> McpAnswer:
        questions = await waiting.until_asked(task)
        if task.done():
            return task.result()
        state = secrets.token_urlsafe(32)
        expiry = asyncio.get_running_loop().call_later(_SECONDS, self._give_up, state)
        self._parked[state] = _Parked(waiting, task, whose, expiry)
        return McpAnswer({"resultType": INPUT_REQUIRED, "inputRequests": questions, "requestState": state})

    def _has_room(self, whose: str) -> bool:
        of_one = sum(1 for parked in self._parked.values() if parked.whose == whose)
        return len(self._parked) < _AT_MOST and of_one < _OF_ONE_CALLER

    def _taken(self, state: str) -> _Parked:
        parked = self._parked.pop(state)
        parked.expiry.cancel()
        return parked

    def _give_up(self, state: str) -> None:
        self._taken(state).task.cancel()

    def _ended(self, task: asyncio.Task[McpAnswer]) -> None:
        self._tasks.discard(task)
        # Whoever waits hears it; without this, what nobody came back for would be reported as lost.
        with suppress(asyncio.CancelledError):
            task.exception()


def may_be_asked(conversation: Conversation) -> bool:
    """Tell whether the caller answers anything that servers ask."""
    return any(conversation.capabilities.get(name) is not None for name in CAPABILITY_OF.values())


UNKNOWN_STATE: Final = McpAnswer(
    error={"code": _INVALID_PARAMS, "message": "no request waits under this requestState any longer; call again"}
)
