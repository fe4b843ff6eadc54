"""A provider that does what hurts, each at a path of its own, and the OpenAPI document that leads there."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

from tests.parts.loopback import answer, loopback, read_request

Writer = asyncio.StreamWriter
GIGABYTE: Final = 1024**3
MEGABYTE: Final = 1024**2
ORIGIN: Final = "https://hostile.example"
_JSON: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


async def hang(_writer: Writer) -> None:
    """Take the request and never answer."""
    await asyncio.Event().wait()


async def drip(writer: Writer) -> None:
    """Begin an answer, and go on by a byte at a time."""
    writer.write(_JSON + b"content-length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def send_a_gigabyte(writer: Writer) -> None:
    """Announce a gigabyte and send it."""
    writer.write(_JSON + f"content-length: {GIGABYTE}\r\n\r\n".encode())
    for _ in range(GIGABYTE // MEGABYTE):
        writer.write(b"1" * MEGABYTE)
        await writer.drain()


async def send_without_end(writer: Writer) -> None:
    """Announce nothing and send for ever."""
    writer.write(_JSON + b"transfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"1" * 0x10000 + b"\r\n")
        await writer.drain()


async def explode(writer: Writer) -> None:
    """Send a megabyte that is a gigabyte once it is unpacked."""
    writer.write(answer(_bomb(), "content-type: application/json", "content-encoding: gzip"))
    await writer.drain()


async def nest(writer: Writer) -> None:
    """Send four megabytes of brackets."""
    writer.write(answer(b"[" * (2 * MEGABYTE) + b"]" * (2 * MEGABYTE), "content-type: application/json"))
    await writer.drain()


async def call_a_page_json(writer: Writer) -> None:
    """Say that a page is JSON."""
    writer.write(answer(b"<h1>Welcome</h1>", "content-type: application/json"))
    await writer.drain()


async def call_bytes_utf_16(writer: Writer) -> None:
    """Say that bytes are text in a charset that they are not in."""
    writer.write(answer(bytes(range(256)) * 99 + b"\xd8", "content-type: text/plain; charset=utf-16"))
    await writer.drain()


async def promise_more(writer: Writer) -> None:
    """Hang up before what was announced."""
    writer.write(_JSON + b'content-length: 100\r\n\r\n{"a":')
    await writer.drain()


async def never_end_the_headers(writer: Writer) -> None:
    """Send headers for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-more: " + b"1" * 1000 + b"\r\n")
        await writer.drain()


async def behave(writer: Writer) -> None:
    """Answer."""
    writer.write(answer(b'{"fine":true}', "content-type: application/json"))
    await writer.drain()


HOSTILE: Final[tuple[Callable[[Writer], Awaitable[None]], ...]] = (
    hang,
    drip,
    send_a_gigabyte,
    send_without_end,
    explode,
    nest,
    call_a_page_json,
    promise_more,
    never_end_the_headers,
)
"""All of these have to end as errors."""

_BEHAVIOURS: Final = {each.__name__: each for each in (*HOSTILE, call_bytes_utf_16, behave)}


def document() -> dict[str, Any]:
    """OpenAPI 3.1, with an operation for each."""
    paths = {f"/{name}": {"get": {"operationId": name, "summary": name}} for name in _BEHAVIOURS}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hostile", "version": "1"},
        "servers": [{"url": ORIGIN}],
        "paths": paths,
    }


@asynccontextmanager
async def hostile_api() -> AsyncGenerator[str]:
    """Serve it; yields its address, with a slash at the end."""

    async def handle(reader: asyncio.StreamReader, writer: Writer) -> None:
        path = (await read_request(reader)).split(b" ", 2)[1].decode()
        await _BEHAVIOURS[path.strip("/")](writer)

    async with loopback(handle) as served:
        yield f"http://127.0.0.1:{served.port}/"


@cache
def _bomb() -> bytes:
    """A block that unpacks to 16 MB, again and again; its checksum is wrong, for whoever should get that far."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    first, again = (packing.compress(b"0" * 16 * MEGABYTE) + packing.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (GIGABYTE // (16 * MEGABYTE) - 1) + packing.flush()
