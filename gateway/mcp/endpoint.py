"""The door of every MCP server: `/mcp/srv_{id}`. Who is asking, in which era, and then on to the SDK."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.mcp_tokens import TOOLS_SCOPE
from gateway.kit.json import JsonRefused, parse
from gateway.mcp import refusals
from gateway.mcp.attendance import attended
from gateway.mcp.auth import Door, McpDoorkeeper
from gateway.mcp.forwarding import METHODS
from gateway.mcp.handlers import McpHandlers
from gateway.mcp.origins import Origins
from gateway.mcp.sessions import Session, Sessions
from gateway.mcp.stream import ChangeStreams
from gateway.mcp.visit import Visit
from gateway.mcp.waiting import Waiting
from gateway.principals import McpPrincipal

MCP_PATH = "/mcp/"
_VERSION_HEADER = "mcp-protocol-version"
_SESSION_HEADER = "mcp-session-id"
_IN_PLACES = METHODS | {"tools/call"}
"""Requests that may go on to somebody else, of whom one token may keep so many busy at once."""


class McpEndpoint:
    """An ASGI application for every path below `/mcp/`; `running` has to be entered around it."""

    def __init__(
        self,
        *,
        public_url: str,
        doorkeeper: McpDoorkeeper,
        sessions: Sessions,
        streams: ChangeStreams,
        handlers: McpHandlers,
        waiting: Waiting,
        body_max_bytes: int,
    ) -> None:
        self._public_url = public_url
        self._origins = Origins(public_url)
        self._doorkeeper = doorkeeper
        self._sessions = sessions
        self._streams = streams
        self._places = waiting.places
        self._handlers = handlers
        self._sdk = StreamableHTTPSessionManager(
            handlers.server(), stateless=True, max_request_body_size=body_max_bytes, json_response=True
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run what serves requests, for as long as the block lasts."""
        async with self._streams.running(), self._sdk.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = await self._answer(_Request.of(scope), receive)
        await answer(scope, receive, send)

    async def _answer(self, request: "_Request", receive: Receive) -> ASGIApp:
        if (fault := self._origins.fault(request.headers)) is not None:
            return fault
        door = await self._doorkeeper.door(request.scope["path"].removeprefix(MCP_PATH))
        if door is None:
            return refusals.no_such_server()
        token = _bearer(request)
        principal = await self._doorkeeper.admit(door, token) if token is not None else None
        if token is None or principal is None:
            return refusals.unauthorized(self._public_url, door, had_credentials=token is not None)
        if TOOLS_SCOPE not in principal.scopes:
            return refusals.insufficient_scope(self._public_url, door)
        return await self._serve(request, receive, door=door, principal=principal, token=token)

    async def _serve(
        self, request: "_Request", receive: Receive, *, door: Door, principal: McpPrincipal, token: str
    ) -> ASGIApp:
        session = self._session(request, principal)
        if session is _NOT_OURS:
            return refusals.no_such_session()
        visit = Visit(door, principal, session, partial(self._is_admitted, door, token))
        match request.scope["method"]:
            case "POST":
                return await self._post(request, receive, visit)
            case "GET" if session is not None:
                return self._streams.of(visit)
            case "DELETE" if session is not None:
                return Response(status_code=200)
            case _:
                return refusals.method_not_allowed()

    async def _post(self, request: "_Request", receive: Receive, visit: Visit) -> ASGIApp:
        message = await receive()
        try:
            body = parse(message.get("body", b""))
        except JsonRefused as error:
            return refusals.not_json(str(error))
        envelope = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        if not _is_message(envelope):
            return refusals.not_one_message()
        visit.enter(request.scope)
        method = envelope.get("method")
        if method == "subscriptions/listen":
            return _replaying(self._sdk.asgi_app, message, receive)
        if _era(request) in HANDSHAKE_PROTOCOL_VERSIONS:
            _complete_headers(request.scope, visit.session)
        serve = attended(self._sdk.asgi_app, may_stream="text/event-stream" in request.headers.get("accept", ""))
        if method == "initialize":
            serve = _with_header(serve, _SESSION_HEADER, self._sessions.begin(visit.principal, envelope.get("params")))
        if method in _IN_PLACES:
            serve = self._places.within_limit(serve, visit.principal.token_id)
        if method == "notifications/cancelled":
            self._handlers.cancel(visit.principal, _cancelled(envelope))
        if method is None and self._handlers.questions.answered(visit.principal, envelope):
            return Response(status_code=202)
        return _replaying(serve, message, receive)

    def _session(self, request: "_Request", principal: McpPrincipal) -> Session | None:
        """Return the session that a handshake-era request names; None without one, `_NOT_OURS` for a foreign one."""
        session_id = request.headers.get(_SESSION_HEADER)
        if session_id is None or _era(request) not in HANDSHAKE_PROTOCOL_VERSIONS:
            return None
        return self._sessions.read(session_id, principal) or _NOT_OURS

    async def _is_admitted(self, door: Door, token: str) -> bool:
        return await self._doorkeeper.admit(door, token) is not None


@dataclass(frozen=True, slots=True)
class _Request:
    """A request with its headers read once: each is looked at on every call."""

    scope: Scope
    headers: Mapping[str, str]

    @classmethod
    def of(cls, scope: Scope) -> "_Request":
        # Backwards, because of a header that is given twice the first counts, here as in the SDK.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        return cls(scope, headers)


_NOT_OURS = Session(protocol_version="")


def _is_message(envelope: Mapping[str, Any]) -> bool:
    """Tell whether this is a JSON-RPC message; what is not, the SDK would tell of in its parser's own words."""
    if envelope.get("jsonrpc") != "2.0" or not isinstance(envelope.get("params", {}), dict):
        return False
    return isinstance(envelope.get("method"), str) or not envelope.keys().isdisjoint(("result", "error"))


def _cancelled(envelope: Mapping[str, Any]) -> Any:
    """Return the id of the request that a `notifications/cancelled` is about."""
    return cast("dict[str, Any]", envelope.get("params", {})).get("requestId")


def _bearer(request: _Request) -> str | None:
    """Return the token of the Authorization header; a token anywhere else does not count (security R4)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _era(request: _Request) -> str:
    """Return the protocol version that a request names; one that names none is of a handshake revision."""
    return request.headers.get(_VERSION_HEADER, HANDSHAKE_PROTOCOL_VERSIONS[0])


def _complete_headers(scope: Scope, session: Session | None) -> None:
    """Add what the SDK asks for and a handshake-era client, or a bare call without any handshake, may leave out."""
    if session is not None:
        _set_header(scope, _VERSION_HEADER, session.protocol_version)
    # Every answer is JSON; `*/*`, or nothing, is what HTTP libraries say for clients that read that.
    _set_header(scope, "accept", "application/json")


def _set_header(scope: Scope, name: str, value: str) -> None:
    wanted = name.encode()
    scope["headers"] = [header for header in scope["headers"] if header[0] != wanted] + [(wanted, value.encode())]


def _with_header(serve: ASGIApp, name: str, value: str) -> ASGIApp:
    """Add a header to the answer, if it is a success."""

    async def serve_with_header(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message = {**message, "headers": [*message["headers"], (name.encode(), value.encode())]}
            await send(message)

        await serve(scope, receive, send_with_header)

    return serve_with_header


def _replaying(serve: ASGIApp, first: Message, receive: Receive) -> ASGIApp:
    """Serve with the body that was read already; after it, `receive` tells when the client leaves."""
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    async def serve_replayed(scope: Scope, _receive: Receive, send: Send) -> None:
        await serve(scope, replay, send)

    return serve_replayed
