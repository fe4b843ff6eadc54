"""The one form in which REST tells a failure: `{error, code, details?}`, and the status of each code (contract 2)."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from gateway.api.failures import MethodNotAllowed
from gateway.errors import RateLimited, ToolgateError, ValidationFailed
from gateway.tenancy.slugs import SLUG_PATTERN

STATUS: Mapping[str, int] = {
    "VALIDATION_ERROR": 400,
    "INVALID_JSON": 400,
    "NO_UPDATES": 400,
    "WORKSPACE_REQUIRED": 400,
    "INVALID_MCP_SCOPES": 400,
    "AMBIGUOUS_INTEGRATION": 400,
    "CONNECTION_REQUIRED": 400,
    "ACTION_FAILED": 400,
    "NOT_OAUTH2": 400,
    "NO_OAUTH_APP": 400,
    "MISSING_OAUTH2_CONFIG": 400,
    "INVALID_OAUTH_APP": 400,
    "MISSING_TOKEN": 400,
    "NOT_DROPDOWN": 400,
    "NO_OPTIONS_FN": 400,
    "OPTIONS_FAILED": 400,
    "NOT_DYNAMIC": 400,
    "UNAUTHORIZED": 401,
    "INVALID_TOKEN": 401,
    "FORBIDDEN": 403,
    "SCOPE_DENIED": 403,
    "ACTION_NOT_ALLOWED": 403,
    "QUOTA_EXCEEDED": 403,
    "NOT_FOUND": 404,
    "END_USER_NOT_FOUND": 404,
    "CONNECTION_NOT_FOUND": 404,
    "INTEGRATION_NOT_FOUND": 404,
    "ACTION_NOT_FOUND": 404,
    "PARTIAL_NOT_FOUND": 404,
    "OAUTH_APP_NOT_FOUND": 404,
    "SESSION_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "CONFLICT": 409,
    "DUPLICATE": 409,
    "SLUG_EXISTS": 409,
    "ALIAS_CONFLICT": 409,
    "MCP_BEARER_DISABLED": 409,
    "MCP_OAUTH_DISABLED": 409,
    "MCP_STATIC_BEARER_INCOMPATIBLE": 409,
    "MCP_BEARER_BLOCKS_PER_USER": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "INTEGRATION_UNAVAILABLE": 503,
}

_SHOWN = 5
# What the patterns that people meet ask for; nobody should have to read a regular expression.
_PATTERNS = {
    r"\S": "must not be blank",
    r"^[!-~]+$": "use ASCII characters without spaces",
    SLUG_PATTERN: "use lower-case letters, digits and hyphens, beginning with a letter or digit",
}


def render(failure: ToolgateError) -> Response:
    """Return the answer that tells this failure."""
    body: dict[str, Any] = {"error": failure.message, "code": failure.code}
    if failure.details:
        body["details"] = dict(failure.details)
    headers: dict[str, str] = {}
    if isinstance(failure, RateLimited):
        headers["Retry-After"] = str(failure.retry_after)
    if STATUS[failure.code] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(failure, MethodNotAllowed):
        headers["Allow"] = failure.allowed
    # Not orjson: details may quote a number beyond 64 bits.
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, STATUS[failure.code], headers, media_type="application/json")


def invalid(error: ValidationError) -> ValidationFailed:
    """Return what is wrong with a body or a query: where, and what was expected, never what was sent."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    problems = [{"path": _path(each["loc"]), "message": _sentence(each["type"], each["msg"])} for each in found]
    told = "; ".join(
        f"{each['path']}: {each['message']}" if each["path"] else each["message"] for each in problems[:_SHOWN]
    )
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return ValidationFailed(told + more, problems=problems[:100])


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:100] for part in location)


def _sentence(kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "is not known here"
        case "missing":
            return "is required"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "should be an object"
        case "string_pattern_mismatch":
            return _PATTERNS.get(message.partition("'")[2][:-1], _in_lower_case(message))
        case _:
            return _in_lower_case(message.removeprefix("Value error, ").removeprefix("Input "))


def _in_lower_case(message: str) -> str:
    told = message.partition(" after validation")[0]
    return told[:1].lower() + told[1:]
