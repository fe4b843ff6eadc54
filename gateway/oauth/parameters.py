"""Parameters of OAuth requests: from a query, a form or JSON; one that stands twice is refused (RFC 6749 3.1)."""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request

from gateway.access.client_authentication import ShownClient
from gateway.access.oauth_errors import OAuthError
from gateway.kit import json

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a query that stand there once, and the names of those that stand there more often."""

    once: Mapping[str, str]
    repeated: frozenset[str]


def of_query(request: Request) -> Query:
    """Return the parameters of a query. Raises `OAuthError`."""
    pairs = _pairs(request.scope["query_string"])
    counted = Counter(name for name, _ in pairs)
    repeated = frozenset(name for name, count in counted.items() if count > 1)
    return Query({name: value for name, value in pairs if value and name not in repeated}, repeated)


async def of_body(request: Request) -> Mapping[str, str]:
    """Return the parameters of a form or of a JSON object of texts. Raises `OAuthError`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media_type == "application/x-www-form-urlencoded":
        return _unique(body)
    if media_type != "application/json":
        raise OAuthError("invalid_request", "the body has to be a form or JSON")
    content = read_json(body)
    if not all(isinstance(value, str) for value in content.values()):
        raise OAuthError("invalid_request", "every parameter has to be a text")
    return content


def read_json(body: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises `OAuthError`."""
    try:
        content: Any = json.parse(body)
    except json.JsonRefused as error:
        raise OAuthError("invalid_request", str(error)) from error
    if not isinstance(content, dict):
        raise OAuthError("invalid_request", "the body has to be a JSON object")
    return cast("dict[str, Any]", content)


def shown_client(request: Request, given: Mapping[str, str]) -> ShownClient:
    """Return what a request shows of its client. Raises `OAuthError` where it does so in two ways."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ShownClient(
            client_id=given.get("client_id"),
            secret=given.get("client_secret"),
            assertion_type=given.get("client_assertion_type"),
            assertion=given.get("client_assertion"),
        )
    try:
        client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthError("invalid_client", "the Authorization header is not readable") from error
    named, proven = unquote_plus(client_id), given.keys() & {"client_secret", "client_assertion"}
    if proven or given.get("client_id", named) != named:
        raise OAuthError("invalid_request", "the client authenticates in two ways at once")
    return ShownClient(client_id=named, secret=unquote_plus(secret), in_header=True)


def words(text: str | None) -> list[str] | None:
    """Return a space-separated list; None where there is none."""
    return None if text is None else text.split()


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError as error:
        raise OAuthError("invalid_request", "the parameters are not readable") from error


def _unique(encoded: bytes) -> Mapping[str, str]:
    pairs = _pairs(encoded)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "a parameter stands there twice")
    # A parameter without a value counts as not given (RFC 6749 3.1).
    return {name: value for name, value in found.items() if value}
