"""Load: clients that each keep one connection open and send their next request as soon as they are answered.

Requests are rendered once and answers are split by hand, so that the client costs far less than what it measures.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, cycle, islice
from time import perf_counter
from typing import Any, cast
from urllib.parse import urlsplit

PROTOCOL_VERSION = "2026-07-28"


@dataclass(frozen=True, slots=True)
class Target:
    """One request that a client repeats: where, its bytes, and a text that every good answer contains."""

    host: str
    port: int
    request: bytes = field(repr=False)
    expected: bytes


@dataclass(slots=True)
class Load:
    """What came of one burst of load. Latencies are in seconds."""

    seconds: float
    latencies: list[float]

    @property
    def calls(self) -> int:
        return len(self.latencies)


class UnexpectedAnswer(Exception):
    """The server answered something else than what is measured; figures would mean nothing."""


def tools_call(url: str, name: str, arguments: Mapping[str, Any], *, token: str | None, expected: str) -> Target:
    """A `tools/call` as a 2026-07-28 client sends it."""
    params = {"name": name, "arguments": arguments}
    return _target(url, "tools/call", params, token=token, expected=expected)


def tools_list(url: str, *, token: str | None, expected: str) -> Target:
    """A `tools/list` as a 2026-07-28 client sends it."""
    return _target(url, "tools/list", {}, token=token, expected=expected)


def mcp_message(method: str, params: Mapping[str, Any], *, token: str | None) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request as a 2026-07-28 client sends it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": PROTOCOL_VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    }
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL_VERSION,
        "Mcp-Method": method,
        **({"Mcp-Name": params["name"]} if "name" in params else {}),
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    return headers, json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    ).encode()


def _target(url: str, method: str, params: Mapping[str, Any], *, token: str | None, expected: str) -> Target:
    headers, body = mcp_message(method, params, token=token)
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    headers = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body
    return Target(parts.hostname, parts.port, request, expected.encode())


class Clients:
    """Clients with open connections, each of which has been answered once, so that nothing is measured cold."""

    def __init__(self, connections: Sequence["_Connection"]) -> None:
        self._connections = connections

    async def load(self, seconds: float) -> Load:
        """Let every client repeat its request for so long. Raises `UnexpectedAnswer`."""
        begin = perf_counter()
        latencies = await asyncio.gather(*(each.repeat_until(begin + seconds) for each in self._connections))
        return Load(perf_counter() - begin, list(chain.from_iterable(latencies)))


@asynccontextmanager
async def connected(targets: Sequence[Target], *, clients: int) -> AsyncGenerator[Clients]:
    """Open connections for `clients`, to whom the targets are dealt out in turn. Raises `UnexpectedAnswer`."""
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    try:
        for target in islice(cycle(targets), clients):
            _, connection = await loop.create_connection(partial(_Connection, target), target.host, target.port)
            connections.append(connection)
        await asyncio.gather(*(each.repeat_until(0.0) for each in connections))
        yield Clients(connections)
    finally:
        for each in connections:
            each.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by `share` (0 to 1) of all values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Connection(asyncio.Protocol):
    """One connection with one request under way at a time; lives in callbacks, because tasks cost more than this."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._received = bytearray()
        self._latencies: list[float] = []
        self._sent_at = 0.0
        self._end = 0.0
        self._done: asyncio.Future[list[float]] | None = None
        self._transport: asyncio.Transport | None = None

    async def repeat_until(self, end: float) -> list[float]:
        """Send requests until `end` (of `perf_counter`), at least one; the latencies."""
        self._end = end
        self._latencies = []
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        return await self._done

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but name.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if (end := _end_of_answer(self._received)) is None:
            return
        answered_at = perf_counter()
        answer = bytes(self._received[:end])
        del self._received[:end]
        self._latencies.append(answered_at - self._sent_at)
        if not answer.startswith(b"HTTP/1.1 200 ") or self._target.expected not in answer:
            self._fail(answer[:2000].decode(errors="replace"))
        elif answered_at < self._end:
            self._send()
        elif self._done is not None and not self._done.done():
            self._done.set_result(self._latencies)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc}")

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = perf_counter()
        self._transport.write(self._target.request)

    def _fail(self, what: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(UnexpectedAnswer(what))


def _end_of_answer(received: bytearray) -> int | None:
    """Where the first HTTP answer ends, or None while some of it is missing."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head = bytes(received[:head_end]).lower()
    body = head_end + 4
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        last_chunk = received.find(b"\r\n0\r\n\r\n", body - 2)
        return last_chunk + 7 if last_chunk >= 0 else None
    end = body + int(head[at + 17 :].partition(b"\r\n")[0])
    return end if len(received) >= end else None
