"""Servers that do everything right, up to the call of a tool."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from tests.parts.loopback import loopback, read_request

TOOL: Final[Mapping[str, Any]] = {"name": "act", "description": "Acts.", "inputSchema": {"type": "object"}}
OnCall = Callable[[dict[str, Any], asyncio.StreamWriter], Coroutine[Any, Any, None]]

_STREAM: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@dataclass
class Misbehaving:
    """A server that is listening at `url`, and what it was sent."""

    url: str = ""
    tools: list[Mapping[str, Any]] = field(default_factory=lambda: [TOOL])
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heads: list[str] = field(default_factory=list[str])
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    session_id: str | None = None
    on_get: Callable[[str, asyncio.StreamWriter], Coroutine[Any, Any, None]] | None = None
    """What it does when somebody takes up a stream again."""
    silent_on: frozenset[str] = frozenset()
    """The methods that it never answers."""
    further: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = field(default_factory=dict[str, Any])
    """What it answers instead, by method, given the params."""

    def methods(self) -> list[str]:
        """The methods of all requests and notifications, in order."""
        return [request["method"] for request in self.requests if "method" in request]

    async def until(self, has_come: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a message, and return it."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: any(has_come(each) for each in self.requests))
        return next(each for each in self.requests if has_come(each))

    async def until_method(self, method: str) -> dict[str, Any]:
        """Wait for a message of this method, and return it."""
        return await self.until(lambda each: each.get("method") == method)

    def result(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a server in its right mind says to anything but a call."""
        if message["method"] in self.silent_on:
            return None
        if message["method"] in self.further:
            return self.further[message["method"]](message.get("params", {}))
        match message["method"]:
            case "server/discover":
                return {"supportedVersions": [LATEST_MODERN_VERSION, LATEST_HANDSHAKE_VERSION], "capabilities": {}}
            case "initialize":
                info = {"name": "misbehaving", "version": "1"}
                return {"protocolVersion": LATEST_HANDSHAKE_VERSION, "capabilities": {}, "serverInfo": info}
            case "tools/list":
                return {"tools": self.tools}
            case _:
                return None


@asynccontextmanager
async def misbehaving(on_call: OnCall) -> AsyncGenerator[Misbehaving]:
    """Serve; `on_call` is given the message of each call, and writes to it what it likes."""
    server = Misbehaving()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _, body = (await read_request(reader)).partition(b"\r\n\r\n")
            message = json.loads(body or b"{}")
            async with server.arrived:
                server.requests.append(message)
                server.heads.append(head.decode())
                server.arrived.notify_all()
            result = server.result(message) if "method" in message else None
            if "id" in message and message.get("method") == "tools/call":
                await _unless_hung_up(on_call(message, writer), reader)
            elif server.heads[-1].startswith("GET ") and server.on_get is not None:
                await server.on_get(server.heads[-1], writer)
            elif message.get("method") in server.silent_on:
                await _unless_hung_up(_silence(), reader)
            elif result is not None:
                headers = [] if server.session_id is None else [f"mcp-session-id: {server.session_id}"]
                writer.write(as_json({"jsonrpc": "2.0", "id": message["id"], "result": result}, *headers))
            else:
                writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()

    async with loopback(handler) as served:
        server.url = f"http://127.0.0.1:{served.port}/mcp"
        server.hung_up = served.hung_up
        yield server


async def _silence() -> None:
    await asyncio.Event().wait()


async def _unless_hung_up(answering: Coroutine[Any, Any, None], reader: asyncio.StreamReader) -> None:
    """Answer, unless nobody waits for it any longer."""
    answer, gone = asyncio.create_task(answering), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ConnectionResetError
        await answer
    finally:
        answer.cancel()
        gone.cancel()
        await asyncio.wait((answer, gone))


def reply(message: Mapping[str, Any], **result: Any) -> dict[str, Any]:
    """The answer to a message."""
    return {"jsonrpc": "2.0", "id": message["id"], "result": result or {"content": []}}


def as_json(value: Any, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole HTTP answer."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", f"content-type: {kind}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def as_event(value: Any, *, event_id: str | None = None) -> bytes:
    """One event of a stream."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return (b"" if event_id is None else f"id: {event_id}\n".encode()) + b"data: " + body + b"\n\n"


async def says(writer: asyncio.StreamWriter, *pieces: bytes, after: float = 0.0) -> None:
    """Write the pieces, each after a while."""
    for piece in pieces:
        await asyncio.sleep(after)
        writer.write(piece)
        await writer.drain()


async def begins_a_stream(writer: asyncio.StreamWriter, *events: bytes) -> None:
    """Write the head of a stream that ends with the connection, and its first events."""
    await says(writer, _STREAM, *events)


async def for_ever(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Write the piece until nobody reads on."""
    while True:
        await says(writer, piece)
