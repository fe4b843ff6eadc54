"""Remote MCP servers of which a test sees who follows them, and one that tells too much."""

import json
from collections import Counter
from typing import Any

import anyio
import anyio.lowlevel
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Gated:
    """Lets in whoever bears a key of `keys`; knows how many streams of changes each holds open, and ever did."""

    def __init__(self, app: ASGIApp, *keys: str) -> None:
        self.keys = set(keys)
        self.open: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.refused = 0
        self._app = app

    def restart(self, app: ASGIApp) -> None:
        """Have another application behind the gate, which remembers nothing of what the first was told."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if key not in self.keys:
            self.refused += 1
            await PlainTextResponse("who are you?", 401)(scope, receive, send)
        elif scope["method"] == "GET" or headers.get("mcp-method") == "subscriptions/listen":
            self.opened[key] += 1
            self.open[key] += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self.open[key] -= 1
        else:
            await self._app(scope, receive, send)


class Flooding:
    """A server without handshake that tells of every change as fast as it can, without end."""

    def __init__(self, uri: str) -> None:
        self.listings = 0
        self.sent = 0
        self._uri = uri

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = json.loads((await receive())["body"])
        match body["method"]:
            case "server/discover":
                await self._answer(send, body, {"supportedVersions": ["2026-07-28"], "capabilities": {}})
            case "tools/list":
                self.listings += 1
                await self._answer(send, body, {"tools": []})
            case _:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._flood, send)
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    tasks.cancel_scope.cancel()

    async def _answer(self, send: Send, body: dict[str, Any], result: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": result}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": content})

    async def _flood(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        told = (
            "subscriptions/acknowledged",
            "resources/updated",
            *(f"{each}/list_changed" for each in _LISTS),
            "made/up",
        )
        messages = [
            {"jsonrpc": "2.0", "method": f"notifications/{each}", "params": {"uri": self._uri}} for each in told
        ]
        chunk = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in messages)
        while True:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            self.sent += len(messages)
            await anyio.lowlevel.checkpoint()


_LISTS = ("tools", "prompts", "resources")
