"""Answers that are read as they come, for servers that may answer with a stream of events (`Egress.stream`)."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import httpx2

from gateway.kit.egress_decoding import body_decoder, too_large
from integrations.ports import HttpBroken, HttpError, HttpTooLarge

EVENT_STREAM: Final = "text/event-stream"
_REQUEST: Final = httpx2.Request("GET", "https://toolgate.invalid")
"""What the parser names in errors that nobody sees; making one takes as long as parsing an answer."""
_MAX_LINES: Final = 200_000
"""Of one stream of events: each costs more than its bytes."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a stream (HTML, server-sent events); `id` is the last one that the stream has set, or ""."""

    kind: str
    data: bytes = field(repr=False)
    id: str
    retry_milliseconds: int | None


class StreamedAnswer:
    """An answer whose head is here; the body is read once, whole or as events. Header names are lower case."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        headers: Mapping[str, str],
        *,
        host: str,
        explain: Callable[[Exception], HttpError],
    ) -> None:
        self.status = response.status
        self.headers = headers
        self._response = response
        self._host = host
        self._explain = explain

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; "" where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def read(self, max_bytes: int) -> bytes:
        """Return the whole body, decoded. Raises `HttpError`."""
        length = self._response.content_length
        if length is not None and length > max_bytes:
            raise too_large(self._host, max_bytes)
        decoder = body_decoder(self.headers.get("content-encoding", ""), max_bytes=max_bytes, host=self._host)
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                decoder.feed(chunk)
        return decoder.finish()

    async def events(self, *, max_event_bytes: int, max_bytes: int) -> AsyncGenerator[ServerEvent]:
        """Yield the events until the stream ends. Raises `HttpError`; `max_bytes` holds for all that is sent."""
        if self.headers.get("content-encoding", "identity") != "identity":
            raise HttpBroken(f"the event stream of {self._host} is compressed although that was not asked for")
        # Read as Latin-1 and written back, every byte stays what it is, and a character of text takes one byte: an
        # emoji would make a whole event four times as large in memory.
        source = httpx2.EventSource(
            httpx2.Response(
                200,
                headers={"content-type": EVENT_STREAM},
                content=self._bounded(max_bytes),
                request=_REQUEST,
                default_encoding="latin-1",
            ),
            # It measures in UTF-8, where half of Latin-1 takes two bytes.
            max_event_size=2 * max_event_bytes,
        )
        try:
            async for event in source:
                if len(event.data) > max_event_bytes:
                    raise HttpTooLarge(f"{self._host} sent an event larger than {max_event_bytes} bytes")
                yield ServerEvent(event.event, event.data.encode("latin-1"), event.id, event.retry)
        except httpx2.SSEError as error:
            raise HttpTooLarge(f"{self._host} sent an event larger than {max_event_bytes} bytes") from error

    async def _bounded(self, max_bytes: int) -> AsyncIterator[bytes]:
        size = lines = 0
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    raise too_large(self._host, max_bytes)
                lines += chunk.count(b"\n") + chunk.count(b"\r")
                if lines > _MAX_LINES:
                    raise HttpTooLarge(f"{self._host} sent a stream of more than {_MAX_LINES} lines")
                yield chunk

    async def _chunks(self) -> AsyncGenerator[bytes]:
        try:
            while chunk := await self._response.content.readany():
                yield chunk
            return
        except (aiohttp.ClientError, OSError) as error:
            failure = self._explain(error)
        # Outside of the handler: aiohttp's errors print the URL with its query, and a chained traceback is logged.
        raise failure
