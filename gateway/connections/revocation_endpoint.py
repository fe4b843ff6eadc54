"""Telling a provider that a grant has ended, as its manifest says: what to send, and how the answer reads (RFC 7009)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from gateway.connections.oauth_apps import OAuthApp
from gateway.connections.token_endpoint import basic_auth, secrets_of
from integrations import template
from integrations.answers import read
from integrations.auth_methods import Revoke
from integrations.failures import CredentialsRejected, InvalidInput, NotFound, RateLimited
from integrations.manifest import Api, Failure, Retry
from integrations.notation import find, placeholders
from integrations.outgoing import Limits, Outgoing, encode
from integrations.ports import Http, HttpError, HttpRefused, HttpRequest, HttpResponse, Json
from integrations.provider_failures import failure_in
from integrations.target import Target

_LIMITS: Final = Limits(timeout_seconds=20.0, max_bytes=256 * 1024)
_GONE: Final = frozenset({"invalid_token", "invalid_grant", "token_revoked", "token_expired", "expired_token"})
"""Error codes by which providers say that there is nothing left to revoke."""


class NotRevoked(Exception):
    """The grant may live on. `message` is a sentence for people, without any secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RevocationRefused(NotRevoked):
    """The provider does not accept what it was sent."""


class Unanswered(NotRevoked):
    """The provider can't be asked at present. `wait` is in seconds, where it said how long."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """One request to a revocation endpoint, and how its answer is to be read."""

    http: HttpRequest
    failure: Failure
    retry: Retry
    shows_token: bool
    """The token itself is the credential: refused, it is dead."""
    secrets: Sequence[str] = field(repr=False)


def needs_app(revoke: Revoke) -> bool:
    """Tell whether nothing can be sent without the OAuth app that the grant was given to."""
    return revoke.auth in {"basic", "body"} or "client_id" in placeholders(revoke.url)


def token_of(revoke: Revoke, values: Mapping[str, Json]) -> str | None:
    """Return the token that is to be sent: the one that the manifest names, else the other."""
    other = "access_token" if revoke.token == "refresh_token" else "refresh_token"  # noqa: S105 - names of values
    found = (values.get(name) for name in (revoke.token, other))
    return next((token for token in found if isinstance(token, str) and token), None)


def revocation_request(
    revoke: Revoke,
    app: OAuthApp | None,
    *,
    values: Mapping[str, Json],
    api: Api | None = None,
) -> RevocationRequest:
    """Make the request; `api` is the manifest's. Raises `RevocationRefused`."""
    token = token_of(revoke, values)
    if token is None or (app is None and needs_app(revoke)):
        raise RevocationRefused("there is nothing to show to the provider")
    known = {**values, **({"client_id": app.client_id} if app is not None else {})}
    headers = _authorization(revoke, app, token)
    secrets = secrets_of(app, (token,)) if app is not None else (token,)
    try:
        address = template.address(revoke.url, known, api.hosts if api is not None else ())
        target = Target(base_url=address, headers=headers, query=(), secrets=lambda: secrets)
        http = encode(_outgoing(revoke, _params(revoke, app, token)), target, _LIMITS)
    except InvalidInput as error:
        raise RevocationRefused(f"what was entered for this connection does not fit: {error.message}") from error
    failure, retry = (api.failure, api.retry) if api is not None else (Failure(), Retry())
    return RevocationRequest(http, failure, retry, shows_token=revoke.auth == "bearer", secrets=secrets)


async def revoke_at_provider(http: Http, request: RevocationRequest, *, now: datetime) -> bool:
    """Send a request; False where the provider says that there was nothing left to revoke.

    Raises `RevocationRefused`, `Unanswered`.
    """
    try:
        response = await http.send(request.http)
    except HttpRefused as error:
        raise RevocationRefused(error.message) from error
    except HttpError as error:
        raise Unanswered(error.message) from error
    return read_revocation(response, request, now=now)


def read_revocation(response: HttpResponse, request: RevocationRequest, *, now: datetime) -> bool:
    """Read an answer, as `revoke_at_provider` does."""
    answer = read(response)
    target = Target(base_url="", headers={}, query=(), secrets=lambda: tuple(request.secrets))
    failure = failure_in(answer, request.failure, request.retry, target=target, now=now)
    if failure is None:
        return True
    code = find(answer.json, "/error")
    is_gone = isinstance(failure, NotFound) or (isinstance(code, str) and code in _GONE)
    if is_gone or (request.shows_token and isinstance(failure, CredentialsRejected)):
        return False
    if isinstance(failure, RateLimited):
        raise Unanswered(failure.message, wait=failure.retry_after)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unanswered(failure.message)
    raise RevocationRefused(failure.message)


def _authorization(revoke: Revoke, app: OAuthApp | None, token: str) -> dict[str, str]:
    if revoke.auth == "bearer":
        return {revoke.token_header: token} if revoke.token_header else {"Authorization": f"Bearer {token}"}
    if revoke.auth == "basic" and app is not None:
        return {"Authorization": f"Basic {basic_auth(app)}"}
    return {}


def _params(revoke: Revoke, app: OAuthApp | None, token: str) -> dict[str, str]:
    found = {} if revoke.token_param is None else {revoke.token_param: token}
    if revoke.auth == "body" and app is not None:
        found["client_id"] = app.client_id
        if app.client_secret is not None:
            found["client_secret"] = app.client_secret
    return found


def _outgoing(revoke: Revoke, params: Mapping[str, str]) -> Outgoing:
    if revoke.body == "query" or revoke.method == "GET":
        return Outgoing(revoke.method, "", query=params)
    if revoke.body == "json":
        return Outgoing(revoke.method, "", json=params)
    return Outgoing(revoke.method, "", form=params)
