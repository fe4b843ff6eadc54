"""Answers of the endpoints that programs ask: JSON, never kept, readable by pages of any origin without credentials."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from gateway.access.oauth_errors import OAuthError, PolledTooSoon

CORS: Final = {"Access-Control-Allow-Origin": "*"}
_HEADERS: Final = {**CORS, "Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}
_PREFLIGHT: Final = {
    **CORS,
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
    "Access-Control-Max-Age": "600",
}

_STATUS: Final = {"invalid_client": 401, "invalid_token": 401, "temporarily_unavailable": 503}


def said(content: Mapping[str, Any], *, status: int = 200) -> Response:
    """Return JSON."""
    return JSONResponse(dict(content), status_code=status, headers=_HEADERS)


def refused(error: OAuthError, *, challenge: str | None = None) -> Response:
    """Return a failure (RFC 6749 5.2); `challenge` is the scheme by which who is not known may show who it is."""
    status = _STATUS.get(error.error, 400)
    interval = {"interval": error.interval} if isinstance(error, PolledTooSoon) else {}
    answer = said({"error": error.error, "error_description": error.description, **interval}, status=status)
    if status == 401 and challenge is not None:
        answer.headers["WWW-Authenticate"] = f'{challenge} realm="Toolgate"'
    if status == 503:
        answer.headers["Retry-After"] = "60"
    return answer


def too_often(seconds: int) -> Response:
    """Return 429; nothing was done."""
    answer = said(
        {"error": "temporarily_unavailable", "error_description": f"too many requests; wait {seconds} seconds"},
        status=429,
    )
    answer.headers["Retry-After"] = str(seconds)
    return answer


def preflight() -> Response:
    """Return what a browser asks before a page's request."""
    return Response(status_code=204, headers=_PREFLIGHT)
