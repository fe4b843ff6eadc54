"""This deployment as a client of somebody's authorization server: what it says of itself, and registering (RFC 7591)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast

import orjson

from gateway.connections.connect_methods import callback_address
from gateway.kit import json
from integrations.ports import Http, HttpError, HttpRequest, HttpResponse

DOCUMENT_PATH: Final = "/connect/clients/"
TOKEN_AUTH: Final[Mapping[str, str]] = {"client_secret_post": "body", "client_secret_basic": "basic", "none": "body"}
"""How a client can authenticate at the token endpoint (RFC 7591 2), the best first, and what a manifest calls it."""
_SECONDS: Final = 15.0
_MOST_BYTES: Final = 64 * 1024
_LONGEST_ID: Final = 2_048
_LONGEST_SECRET: Final = 8_192
_LONGEST_MESSAGE: Final = 300


class RegistrationRefused(Exception):
    """No client came of it; the message says what the server said."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client as an authorization server has taken it up."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    token_auth: str
    expires_at: int | None = None
    """When the secret ends, in seconds since 1970."""


def document_address(public_url: str, integration_name: str) -> str:
    """Return where this deployment's metadata document for an integration is, which is its client id there."""
    return f"{public_url}{DOCUMENT_PATH}{integration_name}"


def metadata_document(public_url: str, integration_name: str) -> dict[str, Any]:
    """Return the document (draft-ietf-oauth-client-id-metadata-document)."""
    about = client_metadata(public_url, integration_name, token_auth="none")  # noqa: S106 - a method's name
    return {"client_id": document_address(public_url, integration_name), **about}


def client_metadata(public_url: str, integration_name: str, *, token_auth: str) -> dict[str, Any]:
    """Return what a client says of itself (RFC 7591 2)."""
    return {
        "client_name": "Toolgate",
        "client_uri": public_url,
        "redirect_uris": [callback_address(public_url, integration_name)],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": token_auth,
        # A web client's addresses have to be https (OpenID Connect Registration 2).
        "application_type": "web" if public_url.startswith("https://") else "native",
    }


async def register(http: Http, url: str, metadata: Mapping[str, Any], *, scopes: Sequence[str]) -> Registered:
    """Register a client. Raises `RegistrationRefused`."""
    asked = {**metadata, **({"scope": " ".join(scopes)} if scopes else {})}
    request = HttpRequest(
        "POST",
        url,
        headers={"Accept": "application/json", "Content-Type": "application/json"},
        body=orjson.dumps(asked),
        timeout_seconds=_SECONDS,
        max_response_bytes=_MOST_BYTES,
    )
    try:
        response = await http.send(request)
    except HttpError as error:
        raise RegistrationRefused(error.message) from error
    return _registered(response, metadata)


def _registered(response: HttpResponse, metadata: Mapping[str, Any]) -> Registered:
    said = _object(response)
    client_id = _text(said, "client_id", _LONGEST_ID)
    if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED} or client_id is None:
        raise RegistrationRefused(_sentence(response.status, said))
    taken = said.get("redirect_uris", metadata["redirect_uris"])
    if taken != metadata["redirect_uris"]:
        raise RegistrationRefused("the server registered other redirect addresses than the one that it was given")
    secret = _text(said, "client_secret", _LONGEST_SECRET)
    token_auth = said.get("token_endpoint_auth_method", metadata["token_endpoint_auth_method"])
    if secret is None or token_auth == "none":  # noqa: S105 - a method's name
        return Registered(client_id=client_id, token_auth="none")  # noqa: S106
    if token_auth not in TOKEN_AUTH:
        raise RegistrationRefused(f"the server wants the client to authenticate by {str(token_auth)[:50]!r}")
    ends = said.get("client_secret_expires_at")
    expires_at = ends if isinstance(ends, int) and not isinstance(ends, bool) and 0 < ends < 2**40 else None
    return Registered(client_id=client_id, client_secret=secret, token_auth=token_auth, expires_at=expires_at)


def _object(response: HttpResponse) -> Mapping[str, Any]:
    try:
        parsed = json.parse(response.body)
    except json.JsonRefused:
        return {}
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}


def _text(said: Mapping[str, Any], name: str, longest: int) -> str | None:
    """Return a value that can be sent: printable ASCII (RFC 6749, appendix A)."""
    found = said.get(name)
    fits = isinstance(found, str) and 0 < len(found) <= longest and found.isascii() and found.isprintable()
    return found if fits else None


def _sentence(status: int, said: Mapping[str, Any]) -> str:
    parts = (said.get("error"), said.get("error_description"))
    words = ": ".join(" ".join(part.split()) for part in parts if isinstance(part, str) and part.isprintable())
    return words[:_LONGEST_MESSAGE] or f"the registration endpoint answers {status}"
