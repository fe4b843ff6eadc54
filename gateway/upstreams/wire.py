"""One exchange with a remote server over Streamable HTTP: a message goes out, what comes back is read within bounds."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from yarl import URL

from gateway.kit.egress import Egress
from gateway.kit.egress_stream import EVENT_STREAM, StreamedAnswer
from gateway.upstreams.challenges import challenge_in
from gateway.upstreams.frames import Message, Reply, printable, read
from integrations.failures import (
    ActionFailed,
    CredentialsRejected,
    PermissionMissing,
    ProviderTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from integrations.ports import HttpBroken, HttpError, HttpRequest, HttpTimedOut, McpAnswer

_JSON: Final = "application/json"
_ACCEPT: Final = f"{_JSON}, {EVENT_STREAM}"
_MAX_MESSAGE_BYTES: Final = 5 * 1024 * 1024
_MAX_STREAM_BYTES: Final = 32 * 1024 * 1024
_MAX_EVENTS: Final = 10_000
_MAX_REFUSAL_BYTES: Final = 256 * 1024
_FINISHING_SECONDS: Final = 0.05


class Broken(ProviderUnavailable):
    """The connection broke before the answer was whole."""


class Unfit(ProviderUnavailable):
    """The server refused the request itself (a status of 4xx without JSON-RPC that says why); it did nothing."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A server as one credential reaches it. Both the address and the headers may carry that credential."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def host(self) -> str:
        """What to call the server in a message."""
        return URL(self.url).host or "the server"


@dataclass(slots=True)
class Resumption:
    """Where a stream can be taken up again."""

    event_id: str = ""
    retry_seconds: float = 1.0


class Exchange:
    """What a server sends to one request. Everything it raises is a class of `integrations.failures`."""

    def __init__(self, answer: StreamedAnswer, host: str, resumption: Resumption) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._answer = answer
        self.host = host
        self._resumption = resumption

    async def messages(self) -> AsyncGenerator[Message]:
        """Yield the messages until the answer, or the stream, ends."""
        try:
            if self._answer.content_type == EVENT_STREAM and self._answer.status == 200:
                async with aclosing(self._events()) as events:
                    async for message in events:
                        yield message
            else:
                yield self._only(await self._body())
        except HttpError as error:
            raise _failure(error) from None

    async def _events(self) -> AsyncGenerator[Message]:
        count = 0
        events = self._answer.events(max_event_bytes=_MAX_MESSAGE_BYTES, max_bytes=_MAX_STREAM_BYTES)
        async with aclosing(events):
            async for event in events:
                count += 1
                if count > _MAX_EVENTS:
                    raise ProviderUnavailable(f"{self.host} sent more than {_MAX_EVENTS} events and no answer")
                self._resumption.event_id = event.id
                if event.retry_milliseconds is not None:
                    self._resumption.retry_seconds = event.retry_milliseconds / 1000
                if not event.data or event.kind != "message":
                    continue
                message = read(event.data, host=self.host)
                if isinstance(message, Reply):
                    await _finish(events)
                    yield message
                    return
                yield message

    def _only(self, body: bytes) -> Message:
        """Return the message in a body that is no stream."""
        if self.status == 200:
            return read(body, host=self.host)
        try:
            message = read(body, host=self.host)
        except ProviderUnavailable:
            message = None
        if isinstance(message, Reply) and message.answer.error is not None:
            # Some servers have ids of their own for what they refuse.
            return Reply(None, message.answer)
        raise Unfit(f"{self.host} refused the request with status {self.status}", status=self.status)

    async def _body(self) -> bytes:
        """Return the JSON of an answer that is no stream, if it is JSON."""
        status, kind = self.status, self._answer.content_type
        if status == 200 and kind == _JSON:
            return await self._answer.read(_MAX_MESSAGE_BYTES)
        if 400 <= status < 500 and kind == _JSON:
            return await self._answer.read(_MAX_REFUSAL_BYTES)
        if 400 <= status < 500:
            raise Unfit(f"{self.host} refused the request with status {status}", status=status)
        raise ProviderUnavailable(
            f"{self.host} answered with {_named(kind)} and status {status} where MCP has JSON or a stream of events",
            status=status,
        )


class Wire:
    """Sends messages to remote servers."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    @asynccontextmanager
    async def post(
        self, remote: Remote, body: bytes, headers: Mapping[str, str], *, resumption: Resumption | None = None
    ) -> AsyncGenerator[Exchange]:
        """Send a message and hand over what comes back; leaving the block ends the stream.

        Raises the classes of `integrations.failures`: for 401, 403, 429, 5xx, redirects, and where there is no answer.
        """
        ours = {"accept": _ACCEPT, "content-type": _JSON, **headers}
        async with self._exchange("POST", remote, ours, body=body, resumption=resumption) as exchange:
            yield exchange

    @asynccontextmanager
    async def resume(
        self, remote: Remote, headers: Mapping[str, str], *, resumption: Resumption
    ) -> AsyncGenerator[Exchange]:
        """Take up a stream that broke, after its last event."""
        ours = {"accept": EVENT_STREAM, "last-event-id": resumption.event_id, **headers}
        async with self._exchange("GET", remote, ours, body=None, resumption=resumption) as exchange:
            yield exchange

    @asynccontextmanager
    async def listen(self, remote: Remote, headers: Mapping[str, str]) -> AsyncGenerator[Exchange]:
        """Open the stream of a session that belongs to no request (MCP 2025-11-25, listening for messages)."""
        ours = {"accept": EVENT_STREAM, **headers}
        async with self._exchange("GET", remote, ours, body=None, resumption=None) as exchange:
            yield exchange

    async def send(self, remote: Remote, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a message to which there is no answer: a notification, or the answer to a question."""
        async with self.post(remote, body, headers):
            pass

    async def delete(self, remote: Remote, headers: Mapping[str, str]) -> None:
        """End a session at the server, which may not know how."""
        with suppress(ActionFailed):
            async with self._exchange("DELETE", remote, headers, body=None, resumption=None):
                pass

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        remote: Remote,
        headers: Mapping[str, str],
        *,
        body: bytes | None,
        resumption: Resumption | None,
    ) -> AsyncGenerator[Exchange]:
        # The protocol's own headers go before those of a connection, whatever case these are written in.
        merged = {name.lower(): value for name, value in remote.headers.items()} | {**headers}
        request = HttpRequest(method, remote.url, merged, body)
        try:
            async with self._egress.stream(request) as answer:
                _refuse(answer, remote.host)
                yield Exchange(answer, remote.host, resumption or Resumption())
        except HttpError as error:
            raise _failure(error) from None


def answer_to(request_id: int, reply: Reply, *, host: str) -> McpAnswer:
    """Return the answer in a reply to this request. Raises `ProviderUnavailable` where it is one to another."""
    has_no_id = reply.id is None and reply.answer.error is not None
    if not has_no_id and (isinstance(reply.id, bool) or reply.id != request_id):
        raise ProviderUnavailable(f"{host} answered another request than the one it was sent")
    return reply.answer


def _refuse(answer: StreamedAnswer, host: str) -> None:
    """Raise for the statuses that say the same whatever was asked."""
    status = answer.status
    match status:
        case 401:
            raise CredentialsRejected(f"{host} does not accept the credential", status=status)
        case 403:
            needed = challenge_in(answer.headers.get("www-authenticate")).scopes
            raise PermissionMissing(f"{host} does not permit this", needed=needed, status=status)
        case 429:
            raise RateLimited(f"{host} asks to be called less often", retry_after=_seconds(answer), status=status)
        case _ if 300 <= status < 400:
            raise ProviderUnavailable(
                f"{host} redirects to another address, which is not followed: enter the server's own address",
                status=status,
            )
        case _ if status >= 500:
            raise ProviderUnavailable(f"{host} failed with status {status}", status=status)
        case _:
            return


async def _finish(events: AsyncIterator[object]) -> None:
    """Give the server a moment to end the stream after its answer: one that is cut off costs a new connection."""
    with suppress(TimeoutError, HttpError):
        async with asyncio.timeout(_FINISHING_SECONDS):
            async for _ in events:
                pass


def _failure(error: HttpError) -> ActionFailed:
    match error:
        case HttpTimedOut():
            return ProviderTimedOut(error.message)
        case HttpBroken():
            return Broken(error.message)
        case _:
            return ProviderUnavailable(error.message)


def _named(content_type: str) -> str:
    return printable(content_type, length=80) if content_type else "no content type"


def _seconds(answer: StreamedAnswer) -> float | None:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 7 else None
