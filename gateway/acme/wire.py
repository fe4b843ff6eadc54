"""Reading requests and writing errors, in the forms that the API and OAuth ask for."""

import base64
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.acme.grants import OAuthError
from gateway.kit import json

NO_STORE = {"cache-control": "no-store"}
"""For answers that hold something secret."""

_MOST_BODY_BYTES = 64 * 1024


class ApiError(Exception):
    """A refusal of the API. `challenge` goes into WWW-Authenticate, `needed` are the scopes that would do."""

    def __init__(
        self, status: int, code: str, message: str, *, challenge: str | None = None, needed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.challenge = challenge
        self.needed = needed

    def to_response(self) -> Response:
        """As `{"error": {"code", "message"}}`, with `needed` if known."""
        response = api_error(self.status, self.code, self.message, **({"needed": self.needed} if self.needed else {}))
        if self.challenge is not None:
            response.headers["www-authenticate"] = self.challenge
        return response


def api_error(status: int, code: str, message: str, **more: object) -> Response:
    """Write an error of the API."""
    return JSONResponse({"error": {"code": code, "message": message, **more}}, status)


def oauth_error(status: int, code: str, description: str) -> Response:
    """Write an error of the token endpoint (RFC 6749 5.2)."""
    response = JSONResponse({"error": code, "error_description": description}, status, headers=NO_STORE)
    if status == 401:
        response.headers["www-authenticate"] = 'Basic realm="acme"'
    return response


async def read_object(request: Request) -> dict[str, Any]:
    """Read a JSON object. Raises `ApiError`."""
    try:
        value = json.parse(await _read_body(request))
    except json.JsonRefused as error:
        raise ApiError(400, "invalid_json", f"The body is not acceptable JSON: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(422, "invalid_body", "The body has to be a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType] - JSON objects have string keys


async def read_form(request: Request) -> dict[str, str]:
    """Read a urlencoded form, each name once (RFC 6749 3.2). Raises `OAuthError`."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "The body has to be application/x-www-form-urlencoded")
    return unique(parse_qsl((await _read_body(request)).decode("latin-1"), keep_blank_values=True))


def unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return parameters as a dict without the empty ones (RFC 6749 3.1). Raises `OAuthError` on a repeated name."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise OAuthError("invalid_request", "A parameter appears twice")
    return {name: value for name, value in values.items() if value}


def read_basic(encoded: str) -> tuple[str, str] | None:
    """Read user name and password of basic auth (RFC 7617), or None where there are none."""
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY_BYTES:
            raise ApiError(413, "too_large", f"A body may have {_MOST_BODY_BYTES} bytes")
    return bytes(body)
