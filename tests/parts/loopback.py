"""A TCP server on loopback that says exactly the bytes a test wants said, and remembers what it was sent."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Loopback:
    """A server that is listening; `connections` counts those ever made, `hung_up` is set when one has ended."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list[bytes])
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def loopback(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Loopback]:
    """Serve every connection with `handler`."""
    served = Loopback()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        served.connections += 1
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            served.hung_up.set()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Loopback]:
    """Give every request the next of `answers`, the last one for ever, and keep the requests."""
    requests: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append(await read_request(reader))
            writer.write(answers[min(len(requests), len(answers)) - 1])
            await writer.drain()

    async with loopback(handler, tls=tls) as served:
        served.requests = requests
        yield served


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request with a `content-length` body or none."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def answer(body: bytes = b"ok", *headers: str, status: str = "200 OK") -> bytes:
    """One HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
