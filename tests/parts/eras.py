"""Servers that know one era only, made of one that knows both."""

import json
from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class ModernOnly:
    """Refuses whoever names no revision, or one with a handshake."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _version(scope) not in MODERN_PROTOCOL_VERSIONS:
            data = {"supported": [*MODERN_PROTOCOL_VERSIONS], "requested": _version(scope) or ""}
            error = {"code": -32022, "message": "Unsupported protocol version", "data": data}
            await JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, 400)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class HandshakeOnly:
    """Refuses what it does not know as servers did before 2026; counts the handshakes."""

    def __init__(self, app: ASGIApp, *, in_plain_text: bool = False) -> None:
        self._app = app
        self._in_plain_text = in_plain_text
        self.requests: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _version(scope) not in {None, *HANDSHAKE_PROTOCOL_VERSIONS}:
            words = f"Bad Request: Unsupported protocol version: {_version(scope)}"
            error = {"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": words}}
            refusal = PlainTextResponse(words, 400) if self._in_plain_text else JSONResponse(error, 400)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, self._noting(receive), send)

    def methods(self) -> list[str]:
        """The methods of all requests and notifications, in order."""
        return [request["method"] for request in self.requests if "method" in request]

    def _noting(self, receive: Receive) -> Receive:
        async def noting() -> Any:
            message = await receive()
            if message["type"] == "http.request" and message.get("body"):
                self.requests.append(json.loads(message["body"]))
            return message

        return noting


def _version(scope: Scope) -> str | None:
    return next((value.decode() for name, value in scope["headers"] if name == b"mcp-protocol-version"), None)
