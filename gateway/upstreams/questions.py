"""What a server of the handshake revisions asks in the middle of a request: put to the caller, and answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Final, Self

import structlog

from gateway.upstreams.conversation import NoAnswer
from gateway.upstreams.frames import Question, RequestId
from integrations.failures import ActionFailed, ProviderUnavailable
from integrations.ports import Json

_MAX_AT_ONCE: Final = 16
_MAX_IN_ALL: Final = 100
_INTERNAL_ERROR: Final = -32603
_log = structlog.stdlib.get_logger()


class Questions:
    """The questions of one request to the server. A context manager: none outlives it.

    It owns its tasks instead of an `asyncio.TaskGroup`, which would make groups of what the request itself raises.
    """

    def __init__(
        self,
        ask: Callable[[Question], Awaitable[Mapping[str, Json]]],
        send: Callable[[Mapping[str, Json]], Awaitable[None]],
        *,
        host: str,
    ) -> None:
        self._ask = ask
        self._send = send
        self._host = host
        self._open: dict[RequestId, asyncio.Task[None]] = {}
        self._count = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        tasks = tuple(self._open.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def put(self, question: Question) -> None:
        """Let a question be answered while the request goes on. Raises `ProviderUnavailable` where they are many."""
        self._count += 1
        if question.id in self._open or len(self._open) >= _MAX_AT_ONCE or self._count > _MAX_IN_ALL:
            raise ProviderUnavailable(f"{self._host} asks the client more than anybody can answer")
        task = self._open[question.id] = asyncio.create_task(self._answer(question))
        task.add_done_callback(lambda _: self._open.pop(question.id, None))

    def withdraw(self, params: Mapping[str, Json]) -> None:
        """Ask no longer what the server no longer wants to know (`notifications/cancelled`)."""
        request_id = params.get("requestId")
        task = self._open.get(request_id) if isinstance(request_id, str | int) else None
        if task is not None:
            task.cancel()

    async def _answer(self, question: Question) -> None:
        try:
            answer: dict[str, Json] = {"result": await self._result(question)}
        except NoAnswer as none:
            answer = {"error": {"code": none.code, "message": none.message}}
        except Exception:  # noqa: BLE001 -- whatever it is, the server must not wait for an answer for ever
            _log.exception("a question of a remote MCP server could not be put to the caller", method=question.method)
            answer = {"error": {"code": _INTERNAL_ERROR, "message": "the client failed"}}
        try:
            await self._send({"id": question.id, **answer})
        except ActionFailed as error:
            _log.info("a remote MCP server did not take an answer", host=self._host, reason=error.message)

    async def _result(self, question: Question) -> Mapping[str, Json]:
        return {} if question.method == "ping" else await self._ask(question)
