"""Claims about gathering writes, at real connections over loopback."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from gateway.kit.gathered_writes import GatheringTransport

PATIENCE_SECONDS = 10
MORE_THAN_ANY_BUFFER = 16 * 1024 * 1024


@dataclass
class Line:
    """Both ends of one connection: `near` gathers, `far` reads."""

    near: GatheringTransport
    beneath: "Counted"
    far: asyncio.StreamReader

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.far.read(), PATIENCE_SECONDS)

    async def exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self.far.readexactly(size), PATIENCE_SECONDS)


class Counted(asyncio.Transport):
    """A transport that keeps what it was handed, piece by piece."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.handed: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.handed.append(bytes(data))
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class Near(asyncio.Protocol):
    def __init__(self, made: Callable[[asyncio.Transport], None]) -> None:
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._made(transport)


@asynccontextmanager
async def connected() -> AsyncGenerator[Line]:
    loop = asyncio.get_running_loop()
    made: asyncio.Future[asyncio.Transport] = loop.create_future()
    server = await loop.create_server(lambda: Near(made.set_result), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        beneath = Counted(await asyncio.wait_for(made, PATIENCE_SECONDS))
        yield Line(GatheringTransport(beneath), beneath, reader)
        if not beneath.is_closing():
            beneath.abort()
    finally:
        writer.close()
        server.close()
        await server.wait_closed()


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


async def test_a_head_leaves_together_with_what_follows_it() -> None:
    async with connected() as line:
        line.near.write(HEAD)
        line.near.write(b"body")
        line.near.write(b"more")
        assert await line.exactly(len(HEAD) + 8) == HEAD + b"bodymore"
        assert line.beneath.handed == [HEAD + b"body", b"more"]


async def test_a_head_that_nothing_follows_leaves_when_it_is_flushed_and_once() -> None:
    async with connected() as line:
        line.near.write(HEAD)
        line.near.flush()
        line.near.flush()
        assert await line.exactly(len(HEAD)) == HEAD
        assert line.beneath.handed == [HEAD]


async def test_an_interim_answer_waits_for_nothing() -> None:
    async with connected() as line:
        line.near.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await line.exactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_a_piece_is_as_it_was_when_it_was_written() -> None:
    async with connected() as line:
        piece = bytearray(HEAD)
        line.near.write(piece)
        piece[:8] = b"altered!"
        line.near.flush()
        assert await line.exactly(len(HEAD)) == HEAD


async def test_a_piece_of_a_stream_leaves_without_another_one_behind_it() -> None:
    async with connected() as line:
        for event in (b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"):
            line.near.write(event)
            assert await line.exactly(len(event)) == event
        assert line.beneath.handed == [b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"]


async def test_closing_sends_what_was_written_first() -> None:
    async with connected() as line:
        line.near.write(HEAD)
        line.near.close()
        assert line.near.is_closing()
        assert await line.rest() == HEAD


async def test_aborting_sends_nothing_of_what_waits() -> None:
    async with connected() as line:
        line.near.write(b"sent")
        await line.exactly(4)
        line.near.write(HEAD)
        line.near.abort()
        # The end, or a reset where the system tells of one.
        with suppress(ConnectionResetError):
            assert await line.rest() == b""
        assert line.beneath.handed == [b"sent"]


async def test_nothing_is_lost_or_reordered_towards_a_reader_that_does_not_keep_up() -> None:
    async with connected() as line:
        pieces = [bytes([number % 256]) * (64 * 1024) for number in range(MORE_THAN_ANY_BUFFER // (64 * 1024))]
        for number, piece in enumerate(pieces):
            line.near.write(piece)
            if number % 3 == 0:
                await asyncio.sleep(0)
        line.near.close()
        assert await line.rest() == b"".join(pieces)


async def test_writing_to_somebody_who_has_left_harms_nobody() -> None:
    async with connected() as line:
        line.near.write(HEAD)
        line.beneath.abort()
        await asyncio.sleep(0)
        line.near.close()
        assert line.near.is_closing()


async def test_what_the_transport_knows_is_known_here() -> None:
    async with connected() as line:
        assert line.near.get_extra_info("peername")[0] == "127.0.0.1"
        assert line.near.get_extra_info("nothing like it", "a default") == "a default"
