"""What signing in costs: the gateway's processor time for each, and whether its memory grows with their number."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.inbox import Inbox, start_inbox
from benchmarks.load import percentile
from benchmarks.processes import Running
from benchmarks.provisioning import Backend, email_of, new_organization, new_sign_in_server
from benchmarks.sign_in import CALLBACK, Browser, Connected, Tool, connect, opened_browser
from benchmarks.subjects import SERVICE_KEY, Acme, gateway_process

PROGRAMS: Final = "https://programs.example/"
DOCUMENT: Final = f"{PROGRAMS}program.json"
_SIGN_INS_EACH: Final = 4
"""The gateway sends one person no more than five codes in a quarter of an hour."""
_MOST_RETURNS: Final = 100
_READINGS: Final = 4
"""How often memory is read while it ought not to grow."""


@dataclass(slots=True)
class Kind:
    """Sign-ins of one kind: what all of them cost the gateway, in seconds, and how long each took."""

    name: str
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list[float])

    async def measure(self, server: Running, sign_in: Callable[[], Awaitable[Connected]], *, times: int) -> None:
        """Sign in so many times, one after the other; what was allowed is given back, which is not measured."""
        for _ in range(times):
            before, begin = server.cpu_seconds(), perf_counter()
            connected = await sign_in()
            self.latencies.append(perf_counter() - begin)
            self.cpu += server.cpu_seconds() - before
            await connected.end()

    @property
    def cpu_milliseconds(self) -> float:
        """Processor time of the gateway for one sign-in."""
        return 1_000 * self.cpu / len(self.latencies)

    def milliseconds(self, share: float) -> float:
        """The time that this share of all sign-ins did not exceed."""
        return 1_000 * percentile(self.latencies, share)


@dataclass(frozen=True, slots=True)
class SignIns:
    """What has been measured. `memory` is the gateway's, in bytes, by how many had signed in by then."""

    kinds: Sequence[Kind]
    memory: dict[int, int]


@dataclass(slots=True)
class Scene:
    """A gateway, and people who have a mailbox and an account at Acme."""

    server: Running
    inbox: Inbox
    endpoint: str
    tool: Tool
    people: int
    _numbers: Iterator[int] = field(default_factory=count)

    async def first(self) -> Connected:
        """Let the next person sign in by a fresh browser and a program that registers itself."""
        async with self.browser() as (browser, at):
            return await connect(self.endpoint, browser, self.tool, at=at)

    async def again(self, browser: Browser, *, at: str) -> Connected:
        """Let the person of this browser go on as who is signed in there, with a program that has a document."""
        return await connect(self.endpoint, browser, self.tool, at=at, document=DOCUMENT)

    @asynccontextmanager
    async def browser(self) -> AsyncGenerator[tuple[Browser, str]]:
        """Open the next person's browser; with it goes the address from which its requests come."""
        number = next(self._numbers)
        at, email = str(IPv4Address("10.0.0.0") + number), email_of(number % self.people)
        async with opened_browser(self.server.url, self.inbox, email=email, at=at) as browser:
            yield browser, at


async def measure_sign_ins(folder: Path, acme: Acme, *, sign_ins: int) -> SignIns:
    """Let so many people sign in for the first time, and some of them again. Raises `UnexpectedAnswer`."""
    warm_up = max(5, sign_ins // 10)
    first, again = Kind("new program, code by mail"), Kind("known program and browser")
    async with _scene(folder, acme, people=(warm_up + sign_ins) // _SIGN_INS_EACH + 1) as scene:
        server = scene.server
        await Kind("warm-up").measure(server, scene.first, times=warm_up)
        memory = {warm_up: server.resident_bytes()}
        for done, until in _parts(sign_ins):
            await first.measure(server, scene.first, times=until - done)
            memory[warm_up + until] = server.resident_bytes()
        async with scene.browser() as (browser, at):
            await scene.again(browser, at=at)
            returns = min(sign_ins, _MOST_RETURNS)
            await again.measure(server, lambda: scene.again(browser, at=at), times=returns)
    return SignIns([first, again], memory)


def _parts(whole: int) -> list[tuple[int, int]]:
    """Cut into parts after each of which memory is read."""
    ends = sorted({whole * part // _READINGS for part in range(1, _READINGS + 1)} - {0})
    return list(zip([0, *ends], ends, strict=False))


@asynccontextmanager
async def _scene(folder: Path, acme: Acme, *, people: int) -> AsyncGenerator[Scene]:
    async with (
        start_inbox() as (inbox, smtp_port),
        _programs() as programs_url,
        gateway_process(folder / "signing-in", acme, smtp_port=smtp_port, urls={PROGRAMS: programs_url}) as server,
    ):
        _, key = await new_organization(server.url, SERVICE_KEY)
        async with Backend(server.url, {"authorization": f"Bearer {key}"}) as backend:
            endpoint = await new_sign_in_server(backend, people=people, api_key=acme.api_key)
        tool = Tool("acme__get_note", {"id": acme.note_id}, '"Measured"')
        yield Scene(server, inbox, endpoint, tool, people)


@asynccontextmanager
async def _programs() -> AsyncGenerator[str]:
    """Serve the document of a program that is known by it; the address under which the gateway finds `PROGRAMS`."""
    said = {"client_id": DOCUMENT, "client_name": "Benchmark", "redirect_uris": [CALLBACK]}
    body = json.dumps(said).encode()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
