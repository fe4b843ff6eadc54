"""A product backend that is told of events: an HTTP server on loopback that checks what it gets and remembers it."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.parts.loopback import answer, loopback, read_request

PATIENCE_SECONDS = 20
OK = answer(b"")
FAILING = answer(b"broken", status="500 Internal Server Error")


@dataclass(frozen=True)
class Heard:
    """One request: what it said, by which headers, and when it came (monotonic seconds)."""

    event: Mapping[str, Any]
    headers: Mapping[str, str]
    body: str
    at: float

    def signed_by(self, secret: str) -> bool:
        """Whether a library for Standard Webhooks finds a signature by this secret."""
        try:
            Webhook(secret).verify(self.body, dict(self.headers))
        except WebhookVerificationError as error:
            assert str(error) == "No matching signature found"  # noqa: PT017 -- anything else is a fault of ours
            return False
        return True


@dataclass
class Receiver:
    """The backend, while it is served; `answering` decides what it says to each request."""

    url: str = ""
    answering: Callable[[Heard], bytes] = lambda _heard: OK
    heard: list[Heard] = field(default_factory=list[Heard])
    hanging: Callable[[Heard], bool] = lambda _heard: False
    """Which requests are taken and never answered."""
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def types(self) -> list[str]:
        """The kinds of events so far, in the order in which they came."""
        return [each.event["type"] for each in self.heard]

    async def hears(self, count: int, *, patience: float = PATIENCE_SECONDS) -> list[Heard]:
        """Wait until so many requests have come."""
        async with asyncio.timeout(patience), self._came:
            await self._came.wait_for(lambda: len(self.heard) >= count)
        return self.heard

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        while True:
            heard = _understood(await read_request(reader))
            async with self._came:
                self.heard.append(heard)
                self._came.notify_all()
            if self.hanging(heard):
                await asyncio.Event().wait()
            writer.write(self.answering(heard))
            await writer.drain()


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """Serve a backend."""
    receiver = Receiver()
    async with loopback(receiver.handle) as served:
        receiver.url = f"http://127.0.0.1:{served.port}/hooks"
        yield receiver


def _understood(request: bytes) -> Heard:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hooks HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return Heard(json.loads(body), headers, body.decode(), time.monotonic())
