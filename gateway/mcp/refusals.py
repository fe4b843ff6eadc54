"""What the endpoint answers before any tool is in play, as JSON-RPC errors with the HTTP status that fits."""

import json
from typing import Any

from mcp_types import INVALID_REQUEST, PARSE_ERROR
from starlette.responses import Response

from gateway.access.endpoints import SERVER_PREFIX, endpoint_of
from gateway.access.mcp_tokens import TOOLS_SCOPE
from gateway.mcp.auth import Door

METADATA_PATH = "/.well-known/oauth-protected-resource/mcp/"


def no_such_server() -> Response:
    """Return 404 for a path that leads to no server."""
    return _error(404, INVALID_REQUEST, "there is no MCP server at this address")


def no_such_session() -> Response:
    """Return 404 for a session that is not this caller's; a client then begins a new one (MCP 2025-11-25)."""
    return _error(404, INVALID_REQUEST, "there is no such session: initialize again")


def method_not_allowed() -> Response:
    """Return 405 for what only POST is for."""
    return _error(405, INVALID_REQUEST, "use POST", headers={"Allow": "POST"})


def not_json(reason: str) -> Response:
    """Return 400 for a body that is not JSON that we accept."""
    return _error(400, PARSE_ERROR, f"the body is not JSON that is accepted here: {reason}")


def not_one_message() -> Response:
    """Return 400 for JSON that is not one JSON-RPC message; batches of 2025-03-26 are not taken."""
    return _error(400, INVALID_REQUEST, "the body has to be one JSON-RPC 2.0 message")


def too_many_calls(limit: int) -> Response:
    """Return 429 for a call beyond what one token may have under way; nothing was done."""
    return _error(429, INVALID_REQUEST, f"{limit} calls of this token are under way", headers={"Retry-After": "1"})


def too_many_streams() -> Response:
    """Return 503 for a stream beyond what is held open."""
    return _error(503, INVALID_REQUEST, "too many open streams", headers={"Retry-After": "30"})


def wrong_host(expected: str) -> Response:
    """Return 421 for a Host that is not ours (DNS rebinding)."""
    return _error(421, INVALID_REQUEST, f"this endpoint is served as {expected} only")


def wrong_origin() -> Response:
    """Return 403 for a browser page of another origin."""
    return _error(403, INVALID_REQUEST, "pages of this origin may not call this endpoint")


def unauthorized(public_url: str, door: Door, *, had_credentials: bool) -> Response:
    """Return 401 with the challenge; `error` only where there were credentials to be wrong (RFC 6750 3.1)."""
    parameters = {"resource_metadata": metadata_url(public_url, door), "scope": TOOLS_SCOPE}
    if had_credentials:
        parameters |= {"error": "invalid_token", "error_description": "the token is not valid for this MCP server"}
    message = "the token is not valid for this MCP server" if had_credentials else "a bearer token is needed"
    return _error(401, INVALID_REQUEST, message, headers={"WWW-Authenticate": _challenge(parameters)})


def insufficient_scope(public_url: str, door: Door) -> Response:
    """Return 403 with every scope that is needed, in one challenge."""
    parameters = {
        "error": "insufficient_scope",
        "scope": TOOLS_SCOPE,
        "resource_metadata": metadata_url(public_url, door),
    }
    message = f"the token lacks the scope {TOOLS_SCOPE}"
    return _error(403, INVALID_REQUEST, message, headers={"WWW-Authenticate": _challenge(parameters)})


def resource_url(public_url: str, door: Door) -> str:
    """Return the endpoint's address: the audience of its tokens."""
    return endpoint_of(door.server_id, public_url=public_url)


def metadata_url(public_url: str, door: Door) -> str:
    """Return where the endpoint's metadata stands (RFC 9728 3.1, path-inserted)."""
    return f"{public_url}{METADATA_PATH}{SERVER_PREFIX}{door.server_id}"


def _challenge(parameters: dict[str, str]) -> str:
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def _error(status: int, code: int, message: str, *, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return Response(json.dumps(body), status_code=status, media_type="application/json", headers=headers)
