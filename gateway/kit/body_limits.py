"""Bodies of incoming requests within bounds of size and time, read before the application runs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REST_BODY_BYTES = 256 * 1024
MCP_BODY_BYTES = 1024 * 1024
READ_TIMEOUT_SECONDS = 15.0

# What is still on its way is read and dropped up to here, so that a client that only listens after it has written
# sees the answer and not a reset.
_DRAIN_BYTES = 8 * 1024 * 1024


class BodyFault(StrEnum):
    """Why a body is not taken."""

    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    ENCODED = "encoded"
    MULTIPART = "multipart"


@dataclass(frozen=True, slots=True)
class BodyRefusal:
    """What to tell the client; `status` is the HTTP status that says so."""

    fault: BodyFault
    status: int
    message: str


Refuse = Callable[[Scope, BodyRefusal], ASGIApp]
"""Makes the answer to a refused request in the form of the face it was for."""


class BodyLimits:
    """ASGI middleware: hands `app` the whole body as one message, or `refuse`'s answer to the client.

    `limits` maps path prefixes to bytes, the longest wins; `default` holds elsewhere. `app` sees the client leave by
    `http.disconnect`, as ever. Every refusal ends the connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuse: Refuse,
        limits: Mapping[str, int] | None = None,
        default: int = REST_BODY_BYTES,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._limits = sorted((limits or {}).items(), key=lambda entry: len(entry[0]), reverse=True)
        self._default = default
        self._read_timeout_seconds = read_timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        try:
            _check_headers(scope, limit)
            body = await self._read(receive, limit)
        except _Refused as err:
            if err.has_rest:
                await self._drain(scope, receive)
            answer = self._refuse(scope, err.refusal)
            await answer(scope, receive, _closing(send))
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _limit(self, path: str) -> int:
        return next((limit for prefix, limit in self._limits if path.startswith(prefix)), self._default)

    async def _read(self, receive: Receive, limit: int) -> bytes | None:
        """The whole body, or None where the client left."""
        try:
            async with asyncio.timeout(self._read_timeout_seconds):
                return await _read_up_to(limit, receive)
        except TimeoutError as err:
            message = f"the request body did not arrive within {self._read_timeout_seconds:g} seconds"
            # Given up on, so nothing more is waited for.
            raise _Refused(BodyRefusal(BodyFault.TOO_SLOW, 408, message), has_rest=False) from err

    async def _drain(self, scope: Scope, receive: Receive) -> None:
        if not _is_worth_draining(scope):
            return
        left = _DRAIN_BYTES
        try:
            async with asyncio.timeout(self._read_timeout_seconds):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return


class _Refused(Exception):
    def __init__(self, refusal: BodyRefusal, *, has_rest: bool) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.has_rest = has_rest


def _check_headers(scope: Scope, limit: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and _is_more_than(value, limit):
            raise _too_large(limit, has_rest=True)
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            message = "compressed request bodies are not accepted: send the body as it is, without Content-Encoding"
            raise _Refused(BodyRefusal(BodyFault.ENCODED, 415, message), has_rest=True)
        if name == b"content-type" and value.lstrip()[:10].lower() == b"multipart/":
            message = "multipart bodies are not accepted: send JSON"
            raise _Refused(BodyRefusal(BodyFault.MULTIPART, 415, message), has_rest=True)


def _is_worth_draining(scope: Scope) -> bool:
    """Whether the client may be writing without listening, and will be done soon."""
    headers = dict(scope["headers"])
    return b"expect" not in headers and not _is_more_than(headers.get(b"content-length", b""), _DRAIN_BYTES)


def _is_more_than(content_length: bytes, limit: int) -> bool:
    # The HTTP parser has refused what is no 64-bit number.
    return int(content_length or b"0") > limit


def _too_large(limit: int, *, has_rest: bool) -> _Refused:
    message = f"the request body is larger than the {limit} bytes accepted here"
    return _Refused(BodyRefusal(BodyFault.TOO_LARGE, 413, message), has_rest=has_rest)


async def _read_up_to(limit: int, receive: Receive) -> bytes | None:
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    chunks = [body]
    size = len(body)
    while message.get("more_body", False) and size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if size > limit:
        raise _too_large(limit, has_rest=message.get("more_body", False))
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    first: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def replay() -> Message:
        nonlocal first
        if first is None:
            return await receive()
        message, first = first, None
        return message

    return replay


def _closing(send: Send) -> Send:
    """End the connection behind the answer: the rest of an unread body must not keep it, or be taken for a request."""

    async def send_closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message.get("headers", ()) if header[0].lower() != b"connection"]
            message = {**message, "headers": [*headers, (b"connection", b"close")]}
        await send(message)

    return send_closing
