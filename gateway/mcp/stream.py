"""The GET stream of handshake-era clients: what changes here and at remote servers, and which elicitations are complete.

The id of an event about tools is the digest of the list that it is about. A client whose stream broke returns with the last
one (`Last-Event-ID`), so any process can tell whether it missed a change, and none has to remember what was sent.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.mcp import refusals
from gateway.mcp.elicitations import Elicitations
from gateway.mcp.following import Following
from gateway.mcp.listeners import Listeners, TooManyStreams, Watch
from gateway.mcp.remote_watch import RemoteWatch
from gateway.mcp.visit import Visit

_CHANGED = json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}, separators=(",", ":"))
_PING = b": ping\r\n\r\n"
_FIRST_VERSION_WITH_EMPTY_EVENTS = "2025-11-25"
_RETRY_MILLISECONDS = 5_000
"""When to return after a break. Clients try twice or so: longer than we take to start again."""
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class ChangeStreams:
    """Serves one stream after another, each until its client leaves or its token no longer stands."""

    def __init__(self, *, listeners: Listeners, following: Following, elicitations: Elicitations) -> None:
        self._listeners = listeners
        self._following = following
        self._elicitations = elicitations

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which remote servers are followed for open streams, of both eras."""
        async with self._following.running():
            yield

    def of(self, visit: Visit) -> ASGIApp:
        """Return the application that holds one stream open."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                async with (
                    self._listeners.open(visit.principal, visit.still_admitted) as watch,
                    self._following.watching(visit.principal) as remote,
                    anyio.create_task_group() as tasks,
                ):
                    tasks.start_soon(_until_left, receive, tasks.cancel_scope)
                    first = _first(watch, visit, last_seen=Headers(scope=scope).get("last-event-id"))
                    await _begin(send, first)
                    if visit.session is not None and visit.session.takes_url_elicitation:
                        tasks.start_soon(_tell_completions, self._elicitations, visit, send)
                    tasks.start_soon(_tell_of_remote, remote, send)
                    await _tell(watch, send, then=partial(self._following.look, remote))
                    tasks.cancel_scope.cancel()
            except TooManyStreams:
                await refusals.too_many_streams()(scope, receive, send)

        return serve


def _first(watch: Watch, visit: Visit, *, last_seen: str | None) -> bytes:
    """Return what is sent at once, so that the client knows that it is heard."""
    if last_seen is not None and last_seen != watch.seen:
        watch.resume(last_seen)
        return _PING
    if visit.session is None or visit.session.protocol_version < _FIRST_VERSION_WITH_EMPTY_EVENTS:
        return _PING
    # Gives the client an id to return with (MCP 2025-11-25, resumability).
    return f"id: {watch.seen}\r\nretry: {_RETRY_MILLISECONDS}\r\ndata:\r\n\r\n".encode()


def _event(watch: Watch) -> bytes:
    return f"id: {watch.seen}\r\nevent: message\r\ndata: {_CHANGED}\r\n\r\n".encode()


async def _begin(send: Send, first: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": first, "more_body": True})


async def _tell(watch: Watch, send: Send, *, then: Callable[[], Awaitable[None]]) -> None:
    while (changed := await watch.next_change()) is not False:
        await send({"type": "http.response.body", "body": _event(watch) if changed else _PING, "more_body": True})
        await then()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _tell_of_remote(remote: RemoteWatch, send: Send) -> None:
    while True:
        for method, params in await remote.told():
            await send({"type": "http.response.body", "body": _message(method, params), "more_body": True})


async def _tell_completions(elicitations: Elicitations, visit: Visit, send: Send) -> None:
    with elicitations.watch(visit.principal) as watch:
        while True:
            for each in await watch.completed():
                await send({"type": "http.response.body", "body": _completion(each), "more_body": True})


def _completion(elicitation: str) -> bytes:
    return _message("notifications/elicitation/complete", {"elicitationId": elicitation})


def _message(method: str, params: Mapping[str, Any]) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}
    return f"event: message\r\ndata: {json.dumps(message, separators=(',', ':'))}\r\n\r\n".encode()


async def _until_left(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
