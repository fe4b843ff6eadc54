"""The outermost layer around the app: a request id in every line and every answer, and one line per request."""

import json
import os
import re
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

from gateway.kit.addresses import Network
from gateway.kit.client_address import trusted_client_address
from gateway.kit.log import get_logger

HEADER = b"x-request-id"
_FIELDS = "toolgate.log"

_log = get_logger(__name__)
_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Ids fit (`srv_` and a UUID); a token in a path, or any other long secret, is cut short.
_LONGEST_SEGMENT = 40
_QUIET_PATHS = frozenset({"/health"})


class RequestLog:
    """Takes `X-Request-Id` from the client or makes one, returns it, and logs how the request ended.

    An exception that the app lets out is logged with its traceback and answered with a bare 500.
    """

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[Network] = ()) -> None:
        self._app = app
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope["headers"]) or os.urandom(16).hex()
        scope[_FIELDS] = {}
        bound = bind_contextvars(request_id=request_id)
        try:
            await self._answer(scope, receive, _Answer(send, request_id))
        finally:
            reset_contextvars(**bound)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        began = perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception:  # noqa: BLE001 -- nothing above could answer it, and the server would log it a second time
            _log.exception("request failed")
            await answer.fail()
        finally:
            client = self._client(scope)
            _write_line(scope, answer.status, client=client, duration=perf_counter() - began)

    def _client(self, scope: Scope) -> str | None:
        if self._trusted_proxies:
            return trusted_client_address(scope, self._trusted_proxies)
        return scope["client"][0] if scope.get("client") else None


class _Answer:
    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [header for header in message.get("headers", ()) if header[0].lower() != HEADER]
            message = {**message, "headers": [*headers, (HEADER, self._request_id.encode())]}
        await self._send(message)

    async def fail(self) -> None:
        """Answer 500 where nothing was sent yet; an answer under way is cut off by the server when we return."""
        if self.status is not None:
            return
        error = {"error": "The gateway failed on this request", "code": "INTERNAL_ERROR"}
        body = json.dumps({**error, "details": {"requestId": self._request_id}}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def note(scope: Scope, **fields: Any) -> None:
    """Add fields to the line that this request ends with."""
    scope.get(_FIELDS, {}).update(fields)


def current_request_id() -> str | None:
    """Return the id of the request that is being answered, if there is one."""
    return get_contextvars().get("request_id")


def _given_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    given = next((value for name, value in headers if name == HEADER), b"")
    return given.decode() if _ACCEPTED_ID.fullmatch(given) else None


def _write_line(scope: Scope, status: int | None, *, client: str | None, duration: float) -> None:
    level = "warning" if status is None or status >= 500 else "debug" if scope["path"] in _QUIET_PATHS else "info"
    getattr(_log, level)(
        "request",
        method=scope["method"],
        path=_shown_path(scope["path"]),
        status=None if status is None else int(status),
        duration_ms=round(duration * 1000, 1),
        client=client,
        **scope[_FIELDS],
    )


def _shown_path(path: str) -> str:
    if len(path) <= _LONGEST_SEGMENT:
        return path
    segments = (each if len(each) <= _LONGEST_SEGMENT else f"{each[:8]}…" for each in path.split("/", 12))
    return "/".join(segments)
