"""The incoming side of HTTP/1.1: uvicorn's protocol with the limits on header size and time that it lacks."""

import asyncio

import httptools
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.kit.gathered_writes import GatheringTransport

HEAD_TIMEOUT_SECONDS = 10.0
MAX_HEAD_BYTES = 32 * 1024

_UPGRADE_HEADERS = frozenset({b"connection", b"upgrade", b"http2-settings"})

_TOO_LARGE = b"the request head is larger than 32 KiB"
_TOO_LARGE_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\n"
    b"connection: close\r\n"
    b"\r\n"
    b"%b"
) % (len(_TOO_LARGE), _TOO_LARGE)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Ends connections whose request head (request line and header fields) is too slow or too large.

    A subclass of what uvicorn does not promise to keep: it leans on the parser's callbacks, `cycle` and
    `_start_asgi_task`, and its tests over raw sockets fail when a release moves them.
    """

    head_timeout_seconds = HEAD_TIMEOUT_SECONDS

    _has_cycle = False
    _is_before_body = True
    _head_size = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._gathering = GatheringTransport(transport)
        super().connection_made(self._gathering)
        # Who connects and says nothing is as slow as who says half.
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._gathering.flush()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            piece = data
            if self._is_before_body:
                # In pieces, because the parser keeps an unfinished field in memory however long it gets.
                piece = data[: MAX_HEAD_BYTES - self._head_size]
                self._head_size += len(piece)
                if not piece:
                    self._refuse_head()
                    return
            data = data[len(piece) :]
            self._feed(piece)
        if self._head_timer is None and (self._head_size or self._is_idle()):
            self._start_head_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        # RFC 9110, 5.5: white space around a value is not part of it; the parser takes it off in front only.
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        self._is_before_body = False
        self._head_size = 0
        self._stop_head_timer()
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self._has_cycle = True

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._is_before_body = True
            super().on_message_complete()

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest_at: int = upgrade.args[0]
            # CONNECT asks for a tunnel, and there is nothing to go on with.
            if self.parser.get_method() == b"CONNECT":
                self._refuse_garbage()
            else:
                self._ignore_upgrade(data[rest_at:])
        except httptools.HttpParserError:
            self._refuse_garbage()

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Go on in HTTP/1.1, as a server may (RFC 9110, 7.8).

        The parser stops behind the head of such a request and would lose its body. Some clients, Java's among them,
        offer h2c with every request in plain http.
        """
        lines = [b"%b %b HTTP/1.1" % (self.parser.get_method(), self.url)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] not in _UPGRADE_HEADERS]
        self.parser = httptools.HttpRequestParser(self)
        self._feed(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, _busy if app is service_unavailable else app)

    def _is_idle(self) -> bool:
        return not self._has_cycle or self.cycle.response_complete

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.head_timeout_seconds, self._end_slow_head)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_slow_head(self) -> None:
        self._head_timer = None
        if self._is_idle():
            self.transport.close()
        else:
            # Half a request behind one that is still being answered: that answer is the last.
            self.cycle.keep_alive = False

    def _refuse_garbage(self) -> None:
        if self._is_idle():
            self.send_400_response("Invalid HTTP request received.")
        self.transport.close()

    def _refuse_head(self) -> None:
        if self._is_idle():
            self.transport.write(_TOO_LARGE_ANSWER)
        self.transport.close()


async def _busy(_scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer at once when there are too many connections or requests, and say when to come back."""
    headers = [(b"content-length", b"0"), (b"retry-after", b"1"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
