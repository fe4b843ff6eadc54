"""Over raw sockets against the real server: what slow, oversized and odd clients get."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.kit.body_limits import BodyFault, BodyLimits, BodyRefusal
from gateway.kit.http_protocol import BoundedHttpProtocol
from gateway.kit.serving import Server, build_server

SLOW = 0.3


class App:
    """Answers with the size of the body, after `gate` for /wait, and keeps the scopes."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        self.scopes.append(scope)
        self.entered.set()
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
        if scope["path"] == "/wait":
            await self.gate.wait()
        await PlainTextResponse(f"{scope['method']} {size}")(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def refuse(scope: Scope, refusal: BodyRefusal) -> ASGIApp:
    return PlainTextResponse(f"{refusal.fault}: {refusal.message}", status_code=refusal.status)


class Client:
    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self) -> tuple[int, bytes, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split()[1]), head.lower(), await self.reader.readexactly(length)

    async def is_closed_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self.reader.read(), seconds)
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, **options: Any) -> AsyncGenerator[tuple[Server, int]]:
    server = build_server(app, host="127.0.0.1", port=0, **options)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(server.serve([listening]))
            await server.is_listening.wait()
            try:
                yield server, listening.getsockname()[1]
            finally:
                server.should_exit = True
                await task


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setattr(BoundedHttpProtocol, "head_timeout_seconds", SLOW)
    return App()


async def test_a_usual_request_is_answered_and_the_connection_kept(app: App) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        for _ in range(2):
            await client.say(b"POST /x?y=1 HTTP/1.1\r\nhost: a\r\nx-a: \t 1 \t \r\ncontent-length: 2\r\n\r\nhi")
            status, head, body = await client.answer()
            assert (status, body) == (200, b"POST 2")
            assert b"server:" not in head
        assert (b"x-a", b"1") in app.scopes[0]["headers"]


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: a\r\nx-a: ", b"\r\n\r\n"])
async def test_half_a_head_is_closed_in_time(app: App, said: bytes) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(said)
        assert await client.is_closed_within(SLOW * 5)


async def test_a_head_that_drips_is_closed_in_time_from_its_beginning(app: App) -> None:
    async def drip() -> None:
        while True:
            await client.say(b"x")
            await asyncio.sleep(0.02)

    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"GET / HTTP/1.1\r\nx-a: ")
        dripping = asyncio.create_task(drip())
        assert await client.is_closed_within(SLOW * 5)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


async def test_a_second_head_gets_a_time_of_its_own(app: App) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await client.answer())[0] == 200
        await client.say(b"GET / HTTP/1.1\r\n")
        assert await client.is_closed_within(SLOW * 5)


async def test_a_request_that_is_being_answered_is_not_cut_off(app: App) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        await asyncio.wait_for(app.entered.wait(), 2)
        assert not await client.is_closed_within(SLOW * 2)
        app.gate.set()
        assert (await client.answer())[0] == 200


async def test_half_a_request_behind_one_under_way_ends_the_connection_after_that_ones_answer(app: App) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\nGET /n")
        await asyncio.wait_for(app.entered.wait(), 2)
        await client.say(b"e")
        assert not await client.is_closed_within(SLOW * 2)
        app.gate.set()
        assert (await client.answer())[0] == 200
        assert await client.is_closed_within(2)


async def test_an_idle_connection_is_closed(app: App) -> None:
    async with serving(app, keep_alive_seconds=1) as (_, port), Client(port) as client:
        await client.say(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await client.answer())[0] == 200
        assert not await client.is_closed_within(SLOW * 2)
        assert await client.is_closed_within(2)


@pytest.mark.parametrize("pieces", [1, 7, 40_000])
async def test_a_head_beyond_the_limit_is_refused_however_it_arrives(app: App, pieces: int) -> None:
    head = b"GET / HTTP/1.1\r\nhost: a\r\nx-a: " + b"y" * 40_000
    step = len(head) // pieces + 1
    async with serving(app) as (_, port), Client(port) as client:
        with contextlib.suppress(ConnectionError):
            await client.say(*(head[at : at + step] for at in range(0, len(head), step)))
        assert (await client.answer())[0] == 431
        assert await client.is_closed_within(2)
    assert not app.scopes


async def test_many_small_headers_are_counted_together(app: App) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 10_000)
        assert (await client.answer())[0] == 431


async def test_a_long_target_counts_too(app: App) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"GET /" + b"x" * 40_000)
        assert (await client.answer())[0] == 431


async def test_a_large_body_in_the_same_packet_is_no_large_head(app: App) -> None:
    body = b"z" * 200_000
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(b"POST / HTTP/1.1\r\nhost: a\r\nx-a: " + b"y" * 30_000)
        await client.say(b"\r\ncontent-length: 200000\r\n\r\n" + body + b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await client.answer())[2] == b"POST 200000"
        assert (await client.answer())[2] == b"GET 0"


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, x\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: \x00\r\n\r\n",
    ],
)
async def test_what_is_no_http_or_two_things_at_once_is_refused(app: App, said: bytes) -> None:
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(said)
        assert (await client.answer())[0] == 400
        assert await client.is_closed_within(2)


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"content-length: 5", b"hello"), (b"transfer-encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n")],
)
async def test_an_offer_to_upgrade_is_ignored_and_the_body_kept(app: App, framing: bytes, body: bytes) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with serving(app) as (_, port), Client(port) as client:
        for _ in range(2):
            await client.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + offer + framing + b"\r\n\r\n" + body)
            assert (await client.answer())[2] == b"POST 5"
        await client.say(b"POST / HTTP/1.1\r\nHost: a\r\n" + offer + framing + b"\r\n\r\n", body)
        assert (await client.answer())[2] == b"POST 5"
    assert all(b"upgrade" not in dict(scope["headers"]) for scope in app.scopes)


async def test_a_websocket_is_an_ordinary_request_here(app: App) -> None:
    asked = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    async with serving(app) as (_, port), Client(port) as client:
        await client.say(asked + asked)
        for _ in range(2):
            assert (await client.answer())[2] == b"GET 0"


async def test_too_many_connections_are_told_so_at_once(app: App) -> None:
    async with serving(app, max_connections=2) as (_, port), Client(port) as first:
        await first.say(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        await asyncio.wait_for(app.entered.wait(), 2)
        async with Client(port) as second:
            await second.say(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            status, head, _ = await second.answer()
        assert status == 503
        assert b"retry-after: 1" in head
        app.gate.set()
        assert (await first.answer())[0] == 200


async def test_draining_is_told_while_requests_still_run(app: App) -> None:
    async with serving(app, on_drain=[app.gate.set]) as (server, port), Client(port) as client:
        await client.say(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        await asyncio.wait_for(app.entered.wait(), 2)
        server.should_exit = True
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_serving_and_lets_the_caller_close_the_rest(app: App, sent: signal.Signals) -> None:
    server = build_server(app, host="127.0.0.1", port=0)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        await server.is_listening.wait()
        signal.raise_signal(sent)
    assert server.should_exit


def limited(app: App, **options: float) -> BodyLimits:
    limits = {"/mcp/": 1000, "/mcp/small": 5}
    return BodyLimits(app, refuse=refuse, limits=limits, default=10, read_timeout_seconds=options.get("seconds", SLOW))


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/", 10, 200),
        ("/", 11, 413),
        ("/mcp", 11, 413),
        ("/mcp/srv_1", 1000, 200),
        ("/mcp/srv_1", 1001, 413),
        ("/mcp/small", 5, 200),
        ("/mcp/small", 6, 413),
    ],
)
@pytest.mark.parametrize("is_chunked", [True, False])
async def test_each_route_has_its_body_limit(app: App, path: str, size: int, status: int, is_chunked: bool) -> None:
    body = b"x" * size
    framing = b"transfer-encoding: chunked" if is_chunked else b"content-length: %d" % size
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body) if is_chunked else body
    async with serving(limited(app, seconds=30)) as (_, port), Client(port) as client:
        await client.say(b"POST %b HTTP/1.1\r\nhost: a\r\n%b\r\n\r\n%b" % (path.encode(), framing, sent))
        answered, head, text = await asyncio.wait_for(client.answer(), 2)
        assert answered == status
        if status == 413:
            assert text.startswith(b"too_large: ")
            assert b"connection: close" in head
            assert not app.scopes


async def test_a_client_that_writes_everything_before_it_listens_gets_its_413(app: App) -> None:
    async with serving(limited(app, seconds=5)) as (_, port), Client(port) as client:
        await client.say(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4000000\r\n\r\n", *[b"x" * 100_000] * 40)
        assert (await client.answer())[0] == 413


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 99999999999",
        b"content-length: 4000000\r\nexpect: 100-continue",
    ],
)
async def test_a_body_nobody_will_read_is_refused_before_it_is_sent(app: App, head: bytes) -> None:
    async with serving(limited(app, seconds=30)) as (_, port), Client(port) as client:
        await client.say(b"POST / HTTP/1.1\r\nhost: a\r\n" + head + b"\r\n\r\n")
        assert (await asyncio.wait_for(client.answer(), 2))[0] == 413


async def test_half_a_body_is_answered_and_closed_in_time(app: App) -> None:
    async with serving(limited(app)) as (_, port), Client(port) as client:
        await client.say(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe")
        assert (await asyncio.wait_for(client.answer(), SLOW * 5))[0] == 408
        assert await client.is_closed_within(1)
    assert not app.scopes


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        (b"Content-Encoding: gzip", BodyFault.ENCODED),
        (b"Content-Encoding: identity, br", BodyFault.ENCODED),
        (b"Content-Type: Multipart/form-data; boundary=x", BodyFault.MULTIPART),
    ],
)
async def test_encoded_and_multipart_bodies_are_refused(app: App, header: bytes, fault: BodyFault) -> None:
    async with serving(limited(app)) as (_, port), Client(port) as client:
        await client.say(b"POST / HTTP/1.1\r\nhost: a\r\n" + header + b"\r\ncontent-length: 2\r\n\r\nhi")
        status, _, text = await client.answer()
        assert (status, text.partition(b":")[0]) == (415, fault.encode())
    assert not app.scopes


async def test_identity_is_no_encoding(app: App) -> None:
    async with serving(limited(app)) as (_, port), Client(port) as client:
        await client.say(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-encoding: identity\r\ncontent-length: 2\r\n\r\nhi")
        assert (await client.answer())[2] == b"POST 2"


async def test_an_application_still_sees_its_client_leave() -> None:
    left = asyncio.Event()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        assert (await receive())["body"] == b"hi"
        entered.set()
        assert (await receive())["type"] == "http.disconnect"
        left.set()

    entered = asyncio.Event()
    async with serving(BodyLimits(waits, refuse=refuse)) as (_, port):
        async with Client(port) as client:
            await client.say(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")
            await asyncio.wait_for(entered.wait(), 2)
        await asyncio.wait_for(left.wait(), 2)


async def test_a_client_that_leaves_within_its_body_costs_nothing(app: App) -> None:
    async with serving(limited(app, seconds=30)) as (_, port):
        async with Client(port) as client:
            await client.say(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe")
        async with Client(port) as client:
            await client.say(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert (await client.answer())[0] == 200
    assert len(app.scopes) == 1
