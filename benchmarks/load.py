"""Load: clients that each keep one connection open and send their next request as soon as they are answered.

Requests are rendered once and answers are split by hand, so that the client costs far less than what it measures.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


def _target(url: str, method: str, params: Mapping[str, Any], *, token: str | None, expected: str) -> Target:
    meta = {
        "io.modelcontextprotocol/protocolVersion": PROTOCOL_VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    body = json.dumps(message).encode()
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": PROTOCOL_VERSION,
        "Mcp-Method": method,
        **({"Mcp-Name": params["name"]} if "name" in params else {}),
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body
    return Target(parts.hostname, parts.port, request, expected.encode())


async def run(targets: Sequence[Target], *, clients: int, seconds: float) -> Load:
    """Let `clients` repeat the targets (dealt out in turn) for `seconds`. Raises `UnexpectedAnswer`.

    Each has been answered once before the time begins.
    """
    loop = asyncio.get_running_loop()
    load = Load(0.0, [])
    connections: list[_Client] = []
    try:
        for number in range(clients):
            target = targets[number % len(targets)]
            _, client = await loop.create_connection(lambda target=target: _Client(target, load), *_address(target))
            connections.append(client)
        await asyncio.gather(*(client.once() for client in connections))
        load.latencies.clear()
        begin = perf_counter()
        await asyncio.gather(*(client.repeat_until(begin + seconds) for client in connections))
        load.seconds = perf_counter() - begin
    finally:
        for client in connections:
            client.close()
    return load


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by `share` (0 to 1) of all values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _address(target: Target) -> tuple[str, int]:
    return target.host, target.port


class _Client(asyncio.Protocol):
    """One connection with one request under way at a time; lives in callbacks, because tasks cost more than this."""

    def __init__(self, target: Target, load: Load) -> None:
        self._target = target
        self._load = load
        self._received = bytearray()
        self._sent_at = 0.0
        self._end = 0.0
        self._done: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    async def once(self) -> None:
        await self.repeat_until(0.0)

    async def repeat_until(self, end: float) -> None:
        """Send requests until `end` (of `perf_counter`), at least one."""
        self._end = end
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        await self._done

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
        self._load.latencies.append(answered_at - self._sent_at)
        if not answer.startswith(b"HTTP/1.1 200 ") or self._target.expected not in answer:
            self._finish(UnexpectedAnswer(answer[:2000].decode(errors="replace")))
        elif answered_at < self._end:
            self._send()
        else:
            self._finish(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(UnexpectedAnswer(f"the server closed the connection: {exc}"))

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = perf_counter()
        self._transport.write(self._target.request)

    def _finish(self, error: UnexpectedAnswer | None) -> None:
        if self._done is None or self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


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
