"""Asking a provider's token endpoint as its manifest says: what to send, and how the answer reads.

The functions here make a `TokenRequest` from values alone; `ask` sends one. The answers are in `token_answers`.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from gateway.connections.oauth_apps import OAuthApp
from gateway.connections.token_answers import AppRejected, GrantDead, Reading, Tokens, Transient, read_tokens
from gateway.kit.clock import Clock
from integrations import template
from integrations.auth_methods import ClientCredentials, OAuth2, Refresh, Token, TokenExchange
from integrations.failures import InvalidInput
from integrations.outgoing import Limits, Outgoing, encode
from integrations.ports import Http, HttpError, HttpRefused, HttpRequest, HttpUnreachable, Json
from integrations.target import Target

_LIMITS: Final = Limits(timeout_seconds=20.0, max_bytes=256 * 1024)
_SHORTEST_SECRET: Final = 4


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One question to a token endpoint, and how its answer is to be read."""

    http: HttpRequest
    reading: Reading


async def ask(http: Http, request: TokenRequest, *, clock: Clock) -> Tokens:
    """Send a request and read its answer. Raises `GrantDead`, `AppRejected`, `Transient`."""
    try:
        response = await http.send(request.http)
    except HttpRefused as error:
        refusal = GrantDead if request.reading.blames_entry else AppRejected
        raise refusal(error.message) from error
    except HttpError as error:
        raise Transient(error.message, may_have_worked=not isinstance(error, HttpUnreachable)) from error
    return read_tokens(response, request.reading, now=clock())


def code_request(
    method: OAuth2,
    app: OAuthApp,
    *,
    code: str,
    redirect_uri: str,
    verifier: str | None,
    values: Mapping[str, Json],
    hosts: tuple[str, ...] = (),
) -> TokenRequest:
    """Exchange an authorization code (RFC 6749 4.1.3, RFC 7636 4.5).

    `values` are the connection's inputs, `hosts` the manifest's `api.hosts`. Raises `GrantDead` if an input is unfit.
    """
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        grant["code_verifier"] = verifier
    spent = tuple(each for each in (code, verifier) if each)
    reading = Reading(method.token, method.token, method.keep, secrets_of(app, spent))
    return TokenRequest(_request(method.token, grant, app, values=values, hosts=hosts), reading)


def refresh_request(
    method: OAuth2, app: OAuthApp, *, refresh_token: str, values: Mapping[str, Json], hosts: tuple[str, ...] = ()
) -> TokenRequest:
    """Exchange a refresh token (RFC 6749 6); `values` and `hosts` as in `code_request`."""
    token = _renewing(method.token, method.refresh)
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    reading = Reading(token, method.refresh.answer or method.token, method.keep, secrets_of(app, (refresh_token,)))
    return TokenRequest(_request(token, grant, app, values=values, hosts=hosts), reading)


def purchase_request(
    method: ClientCredentials | TokenExchange,
    values: Mapping[str, Json],
    *,
    scopes: Iterable[str],
    hosts: tuple[str, ...] = (),
) -> TokenRequest:
    """Buy a token with what the connection holds: a client's own credentials (RFC 6749 4.4), or entered fields.

    `values` are the connection's, `hosts` as in `code_request`. Whoever entered them is told of any refusal: the app,
    if there is one, is theirs. Raises `GrantDead` if a value is unfit.
    """
    shown = tuple(value for value in values.values() if isinstance(value, str))
    match method:
        case ClientCredentials():
            app: OAuthApp | None = OAuthApp(str(values.get("client_id")), str(values.get("client_secret")))
            asked = method.scope_separator.join(scopes)
            grant = {"grant_type": "client_credentials", **({"scope": asked} if asked else {})}
        case TokenExchange():
            app, grant = None, {}
    reading = Reading(method.token, method.token, method.keep, secrets_of(app, shown), blames_entry=True)
    return TokenRequest(_request(method.token, grant, app, values=values, hosts=hosts), reading)


def _renewing(token: Token, refresh: Refresh) -> Token:
    return token.model_copy(
        update={
            "url": refresh.url or token.url,
            "params": {**token.params, **refresh.params},
            "headers": {**token.headers, **refresh.headers},
        }
    )


def _request(
    token: Token,
    grant: Mapping[str, str],
    app: OAuthApp | None,
    *,
    values: Mapping[str, Json],
    hosts: tuple[str, ...],
) -> HttpRequest:
    try:
        further = {name: template.text(value, values) for name, value in token.params.items()}
        params = {**further, **grant, **(_app_in_body(token, app) if app is not None else {})}
        headers = {"Authorization": f"Basic {basic_auth(app)}"} if app is not None and _uses_basic(token, app) else {}
        target = Target(base_url=template.address(token.url, values, hosts), headers=headers, query=(), secrets=tuple)
        sent = {name: value for name, value in params.items() if value is not None}
        return encode(_outgoing(token, sent, values), target, _LIMITS)
    except InvalidInput as error:
        raise GrantDead(f"what was entered for this connection does not fit: {error.message}") from error


def _outgoing(token: Token, params: Mapping[str, str], values: Mapping[str, Json]) -> Outgoing:
    filled = {name: template.header(value, values, name) for name, value in token.headers.items()}
    headers = {name: value for name, value in filled.items() if value is not None}
    if token.method == "GET":
        return Outgoing("GET", "", query=params, headers=headers)
    if token.body == "json":
        return Outgoing("POST", "", json=params, headers=headers)
    return Outgoing("POST", "", form=params, headers=headers)


def _uses_basic(token: Token, app: OAuthApp) -> bool:
    return token.auth == "basic" and app.client_secret is not None


def _app_in_body(token: Token, app: OAuthApp) -> Mapping[str, str | None]:
    """Return what identifies the app among the parameters; a public app has no other place (RFC 6749 3.2.1)."""
    if token.auth == "none" or _uses_basic(token, app):
        return {}
    return {"client_id": app.client_id, "client_secret": app.client_secret}


def basic_auth(app: OAuthApp) -> str:
    """Encode id and secret for HTTP basic; each is urlencoded first (RFC 6749 2.3.1)."""
    pair = f"{quote(app.client_id, safe='')}:{quote(app.client_secret or '', safe='')}"
    return b64encode(pair.encode()).decode()


def secrets_of(app: OAuthApp | None, spent: tuple[str, ...]) -> tuple[str, ...]:
    """Return what no message may repeat of a request, in every form in which it was sent, longest first."""
    held = () if app is None else (app.client_secret, basic_auth(app))
    plain = [each for each in (*spent, *held) if each is not None and len(each) >= _SHORTEST_SECRET]
    return tuple(sorted({*plain, *(quote(each, safe="") for each in plain)}, key=len, reverse=True))
