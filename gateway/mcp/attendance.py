"""While a call runs: notice when its client leaves, and keep the connection alive when it takes long.

The SDK answers in plain JSON, which costs a third less than its streaming mode; this adds what that mode is good for.
A client that accepts event streams and waits for long gets its answer as one, with comments before it, so that no
proxy takes the silence for the end (MCP 2026-07-28, streamable HTTP).
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PING_SECONDS = 15.0
# Most calls are over by then, and watching costs more than the rest of what is done for the client here.
_UNWATCHED_SECONDS = 0.1
_PING = b": ping\r\n\r\n"
_KEY = "toolgate.attended_answer"
_STREAM_START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-cache, no-transform"),
        (b"x-accel-buffering", b"no"),
    ],
}


class _ClientLeft(Exception):
    """Nobody waits for the answer any more."""


def attended(serve: ASGIApp, *, may_stream: bool, ping_seconds: float = PING_SECONDS) -> ASGIApp:
    """Return `serve` with its client attended to. The request's body has to come as one message."""

    async def serve_attended(scope: Scope, receive: Receive, send: Send) -> None:
        body = [await receive()]
        answer = _Answer(send)

        async def only_body() -> Message:
            return body.pop() if body else await asyncio.Future[Message]()

        try:
            async with asyncio.TaskGroup() as tasks:
                if may_stream:
                    scope[_KEY] = answer
                watch = _Watch(receive, answer, ping_seconds=ping_seconds if may_stream else None)
                watch.begin_soon(tasks)
                try:
                    await serve(scope, only_body, answer.send)
                finally:
                    watch.end()
        except* _ClientLeft:
            pass

    return serve_attended


async def tell(scope: Scope, notification: Mapping[str, Any]) -> None:
    """Send a JSON-RPC notification ahead of the answer to this request, if its client takes event streams."""
    answer: _Answer | None = scope.get(_KEY)
    if answer is not None:
        await answer.tell(json.dumps(notification, separators=(",", ":")).encode())


def can_tell(scope: Scope) -> bool:
    """Tell whether this request's client takes event streams."""
    return _KEY in scope


class _Answer:
    """The answer on its way out: as it is, or behind comments as the one event of a stream."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._is_stream = False
        self._is_there = False
        self._turn = asyncio.Lock()

    async def send(self, message: Message) -> None:
        """Take a message of the application."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._is_there = True
        if self._is_stream:
            async with self._turn:
                await self._send({**message, "body": _event(message["body"])})
            return
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)

    async def ping(self) -> None:
        """Show that the call is still at work."""
        await self._send_ahead(_PING)

    async def tell(self, notification: bytes) -> None:
        """Send a notification."""
        await self._send_ahead(_event(notification))

    async def _send_ahead(self, chunk: bytes) -> None:
        """Send something before the answer; the first time makes the answer a stream."""
        async with self._turn:
            if self._is_there:
                return
            if not self._is_stream:
                self._is_stream = True
                await self._send(_STREAM_START)
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})


def _event(message: bytes) -> bytes:
    return b"event: message\r\ndata: " + message + b"\r\n\r\n"


class _Watch:
    """Looks out for the client, from a moment after the call began to its end."""

    def __init__(self, receive: Receive, answer: _Answer, *, ping_seconds: float | None) -> None:
        self._receive = receive
        self._answer = answer
        self._ping_seconds = ping_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def begin_soon(self, tasks: asyncio.TaskGroup) -> None:
        def begin() -> None:
            self._task = tasks.create_task(self._look_out())

        self._timer = asyncio.get_running_loop().call_later(_UNWATCHED_SECONDS, begin)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _look_out(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._ping_seconds):
                    message = await self._receive()
            except TimeoutError:
                await self._answer.ping()
                continue
            if message["type"] == "http.disconnect":
                raise _ClientLeft
