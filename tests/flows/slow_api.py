"""A provider that answers nobody before it is allowed to, and notices who hangs up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.parts.loopback import answer, loopback, read_request

PATIENCE_SECONDS = 10


@dataclass
class SlowApi:
    """The provider, while it is served."""

    url: str = ""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    _received: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    _given_up: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def has_received(self, requests: int) -> None:
        """Wait until so many requests have come."""
        for _ in range(requests):
            await asyncio.wait_for(self._received.acquire(), PATIENCE_SECONDS)

    async def is_left(self) -> None:
        """Wait until somebody hangs up before the answer."""
        await asyncio.wait_for(self._given_up.acquire(), PATIENCE_SECONDS)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        await read_request(reader)
        self._received.release()
        released, left = asyncio.create_task(self.release.wait()), asyncio.create_task(reader.read())
        await asyncio.wait((released, left), return_when=asyncio.FIRST_COMPLETED)
        if left.done():
            self._given_up.release()
        else:
            writer.write(answer(b"at last", "content-type: text/plain"))
            await writer.drain()
        for waiting in (released, left):
            waiting.cancel()


@asynccontextmanager
async def slow_api() -> AsyncGenerator[SlowApi]:
    """Serve the provider."""
    api = SlowApi()
    async with loopback(api.handle) as served:
        api.url = f"http://127.0.0.1:{served.port}/"
        yield api
