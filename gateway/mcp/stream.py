"""The GET stream of handshake-era clients: it carries `notifications/tools/list_changed` and nothing else."""

import json

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.mcp import refusals
from gateway.mcp.listeners import Listeners, TooManyStreams, Watch
from gateway.mcp.visit import Visit

_CHANGED = json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}, separators=(",", ":"))
_EVENT = f"event: message\r\ndata: {_CHANGED}\r\n\r\n".encode()
_PING = b": ping\r\n\r\n"
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


def change_stream(listeners: Listeners, visit: Visit) -> ASGIApp:
    """Return the application that holds the stream open until the client leaves, or its token no longer stands."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with (
                listeners.open(visit.principal, visit.still_admitted) as watch,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(_until_left, receive, tasks.cancel_scope)
                await _tell(watch, send)
                tasks.cancel_scope.cancel()
        except TooManyStreams:
            await refusals.too_many_streams()(scope, receive, send)

    return serve


async def _tell(watch: Watch, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    # At once, so that the client knows that it is heard.
    await send({"type": "http.response.body", "body": _PING, "more_body": True})
    while (changed := await watch.next_change()) is not False:
        await send({"type": "http.response.body", "body": _EVENT if changed else _PING, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_left(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
