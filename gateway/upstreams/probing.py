"""Whether there is an MCP server at an address, and whether it answers to strangers (MCP, Streamable HTTP)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, cast

import orjson
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from gateway.kit import json
from gateway.upstreams.challenges import Challenge, challenge_in
from integrations.answers import media_type
from integrations.ports import Http, HttpError, HttpRequest, HttpResponse, Json

_SECONDS: Final = 15.0
_MOST_BYTES: Final = 1024 * 1024
_CLIENT: Final = {"name": "Toolgate", "version": "1"}
_HEADERS: Final = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
_WANTS_CREDENTIAL: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class NotUsable(Exception):
    """What stands at an address can't be used as an MCP server; the message says why, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


async def closed_by(http: Http, url: str, headers: Mapping[str, str]) -> Challenge | None:
    """Knock at a server, first in the newest revision; return how it asks for a credential, None where it wants none.

    `headers` go along: what the operator has given for it. Raises `NotUsable`.
    """
    answer = await _send(http, url, {**headers, **_HEADERS, **_MODERN_HEADERS}, _DISCOVER)
    if answer.status in _WANTS_CREDENTIAL:
        return challenge_in(answer.headers.get("www-authenticate"))
    if "supportedVersions" in _result(answer):
        return None
    answer = await _send(http, url, {**headers, **_HEADERS}, _INITIALIZE)
    if answer.status in _WANTS_CREDENTIAL:
        return challenge_in(answer.headers.get("www-authenticate"))
    if "protocolVersion" not in _result(answer):
        raise NotUsable(_no_server(answer))
    await _leave(http, url, headers, answer)
    return None


async def _send(http: Http, url: str, headers: Mapping[str, str], body: Mapping[str, Json]) -> HttpResponse:
    request = HttpRequest(
        "POST",
        url,
        headers=headers,
        body=orjson.dumps(body),
        timeout_seconds=_SECONDS,
        max_response_bytes=_MOST_BYTES,
    )
    try:
        return await http.send(request)
    except HttpError as error:
        raise NotUsable(f"url: the server can't be asked: {error.message}") from error


async def _leave(http: Http, url: str, headers: Mapping[str, str], answer: HttpResponse) -> None:
    """Close the session that an older server has opened; it forgets it by itself where this fails."""
    session = answer.headers.get("mcp-session-id")
    if session is not None:
        with suppress(HttpError):
            await http.send(
                HttpRequest("DELETE", url, headers={**headers, "Mcp-Session-Id": session}, timeout_seconds=_SECONDS)
            )


def _result(answer: HttpResponse) -> Mapping[str, Any]:
    """Return the result in an answer, empty where there is none: an error, or no JSON-RPC at all."""
    if answer.status != HTTPStatus.OK:
        return {}
    for text in _messages(answer):
        with suppress(json.JsonRefused):
            message = json.parse(text)
            if isinstance(message, dict) and "result" in message:
                result = cast("dict[str, Any]", message)["result"]
                return cast("dict[str, Any]", result) if isinstance(result, dict) else {}
    return {}


def _messages(answer: HttpResponse) -> Iterator[bytes]:
    if media_type(answer.headers) != "text/event-stream":
        yield answer.body
        return
    for event in answer.body.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = (line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:"))
        if data := b"\n".join(lines):
            yield data


def _no_server(answer: HttpResponse) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return f"url: the address redirects ({answer.status}); give the one of the MCP server itself"
    return (
        f"url: there is no MCP server that speaks Streamable HTTP (it answers {answer.status} to `initialize`); give "
        "the address that the server's own documentation names for remote clients"
    )


_MODERN_HEADERS: Final = {"MCP-Protocol-Version": LATEST_MODERN_VERSION, "Mcp-Method": "server/discover"}
_DISCOVER: Final[Mapping[str, Json]] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "server/discover",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": LATEST_MODERN_VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": _CLIENT,
        }
    },
}
_INITIALIZE: Final[Mapping[str, Json]] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": LATEST_HANDSHAKE_VERSION, "capabilities": {}, "clientInfo": _CLIENT},
}
