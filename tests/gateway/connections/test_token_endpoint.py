import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.connections.oauth_apps import OAuthApp
from gateway.connections.token_answers import (
    AppRejected,
    GrantDead,
    TokenRefused,
    Tokens,
    Transient,
    Unclear,
    read_tokens,
)
from gateway.connections.token_endpoint import TokenRequest, ask, code_request, refresh_request
from integrations.auth_methods import OAuth2
from integrations.catalog import Catalog
from integrations.ports import (
    HttpBroken,
    HttpError,
    HttpRefused,
    HttpRequest,
    HttpResponse,
    HttpTimedOut,
    HttpTooLarge,
    HttpUnreachable,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
APP = OAuthApp("the-id", "the+secret/=")
CATALOG = Catalog()
PLAIN = OAuth2.model_validate(
    {
        "key": "plain",
        "type": "oauth2",
        "authorize": {"url": "https://id.example/authorize"},
        "token": {"url": "https://id.example/token"},
    }
)


def method(integration: str, key: str) -> OAuth2:
    found = CATALOG.get(integration).auth_method(key)
    assert isinstance(found, OAuth2)
    return found


def changed(**token: Any) -> OAuth2:
    return PLAIN.model_copy(update={"token": PLAIN.token.model_copy(update=token)})


def refresh_of(asked: OAuth2, **values: str) -> TokenRequest:
    return refresh_request(asked, APP, refresh_token="rt-very-secret", values=values)


def form_of(request: HttpRequest) -> Mapping[str, list[str]]:
    return parse_qs((request.body or b"").decode())


def answer(status: int, document: object, **headers: str) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json", **headers}, json.dumps(document).encode())


def read(asked: OAuth2, response: HttpResponse) -> Tokens:
    return read_tokens(response, refresh_of(asked).reading, now=NOW)


def refusal(asked: OAuth2, response: HttpResponse) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        read(asked, response)
    return caught.value


def test_a_code_is_exchanged_with_its_verifier_and_redirect_address() -> None:
    request = code_request(PLAIN, APP, code="c", redirect_uri="https://me.example/cb", verifier="v", values={}).http
    assert (request.method, request.url) == ("POST", "https://id.example/token")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert form_of(request) == {
        "grant_type": ["authorization_code"],
        "code": ["c"],
        "redirect_uri": ["https://me.example/cb"],
        "code_verifier": ["v"],
        "client_id": ["the-id"],
        "client_secret": ["the+secret/="],
    }


def test_without_pkce_no_verifier_is_sent() -> None:
    request = code_request(PLAIN, APP, code="c", redirect_uri="https://me.example/cb", verifier=None, values={}).http
    assert "code_verifier" not in form_of(request)


def test_basic_auth_carries_the_urlencoded_id_and_secret_and_the_body_neither() -> None:
    request = refresh_of(changed(auth="basic")).http
    assert b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"the-id:the%2Bsecret%2F%3D"
    assert form_of(request) == {"grant_type": ["refresh_token"], "refresh_token": ["rt-very-secret"]}


@pytest.mark.parametrize("auth", ["basic", "body"])
def test_a_public_app_names_itself_in_the_body(auth: str) -> None:
    request = refresh_request(changed(auth=auth), OAuthApp("public"), refresh_token="rt", values={}).http
    assert "Authorization" not in request.headers
    assert form_of(request)["client_id"] == ["public"]
    assert "client_secret" not in form_of(request)


def test_auth_none_sends_neither_id_nor_secret() -> None:
    assert set(form_of(refresh_of(changed(auth="none")).http)) == {"grant_type", "refresh_token"}


def test_a_json_body_is_sent_where_the_manifest_says_so() -> None:
    request = refresh_of(changed(body="json")).http
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body or b"")["refresh_token"] == "rt-very-secret"


def test_a_get_request_carries_the_parameters_in_the_query() -> None:
    request = refresh_of(changed(method="GET")).http
    assert request.body is None
    assert parse_qs(urlsplit(request.url).query)["grant_type"] == ["refresh_token"]


def test_addresses_parameters_and_headers_take_what_the_connection_says() -> None:
    asked = changed(
        url="https://{subdomain}.example/token",
        params={"realm": "{realm}", "audience": "api", "absent": "{nothing}"},
        headers={"X-Sub": "{subdomain}", "accept": "text/json"},
    )
    request = refresh_of(asked, subdomain="acme", realm="r 1").http
    assert request.url == "https://acme.example/token"
    assert form_of(request)["realm"] == ["r 1"]
    assert form_of(request)["audience"] == ["api"]
    assert "absent" not in form_of(request)
    assert request.headers["X-Sub"] == "acme"
    assert [value for name, value in request.headers.items() if name.lower() == "accept"] == ["text/json"]


def test_a_refresh_takes_its_own_address_and_parameters_where_it_has_some() -> None:
    asked = PLAIN.model_copy(
        update={"refresh": PLAIN.refresh.model_copy(update={"url": "https://id.example/renew", "params": {"a": "b"}})}
    )
    assert refresh_of(asked).http.url == "https://id.example/renew"
    assert form_of(refresh_of(asked).http)["a"] == ["b"]
    exchange = code_request(asked, APP, code="c", redirect_uri="https://me.example/cb", verifier=None, values={})
    assert exchange.http.url == "https://id.example/token"


@pytest.mark.parametrize("subdomain", ["evil.test/", "a b", "x@y", ""])
def test_an_input_that_would_lead_elsewhere_is_refused(subdomain: str) -> None:
    with pytest.raises(GrantDead, match="subdomain"):
        refresh_of(changed(url="https://{subdomain}.example/token"), subdomain=subdomain)


def test_a_parameter_of_the_manifest_never_replaces_one_of_the_grant() -> None:
    assert form_of(refresh_of(changed(params={"grant_type": "password"})).http)["grant_type"] == ["refresh_token"]


def test_a_plain_answer_is_read() -> None:
    tokens = read(
        PLAIN,
        answer(
            200,
            {"access_token": "a", "refresh_token": "r", "token_type": "Bearer", "expires_in": 3600, "scope": "x y"},
        ),
    )
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_in) == ("a", "r", 3600)
    assert tokens.scopes == ("x", "y")
    assert tokens.values == {"access_token": "a", "refresh_token": "r", "token_type": "Bearer"}


def test_what_the_answer_leaves_out_is_absent() -> None:
    tokens = read(PLAIN, answer(200, {"access_token": "a"}))
    assert (tokens.refresh_token, tokens.token_type, tokens.expires_in, tokens.scopes) == (None, None, None, None)
    assert tokens.values == {"access_token": "a"}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3600, 3600),
        ("3599", 3599),
        (12.5, 12.5),
        (0, None),
        (-1, None),
        ("soon", None),
        (True, None),
        (None, None),
        ([], None),
        ("1e999", None),
        (10**12, 10 * 365 * 24 * 3600),
    ],
)
def test_a_lifetime_is_a_positive_number_of_seconds_or_not_said(said: object, seconds: float | None) -> None:
    body = b'{"access_token": "a", "expires_in": ' + json.dumps(said).encode() + b"}"
    assert read(PLAIN, HttpResponse(200, {"content-type": "application/json"}, body)).expires_in == seconds


def test_a_lifetime_is_read_in_the_manifests_unit_and_else_taken_from_it() -> None:
    in_milliseconds = changed(expires_unit="milliseconds", lifetime_seconds=1800)
    assert read(in_milliseconds, answer(200, {"access_token": "a", "expires_in": 60_000})).expires_in == 60
    assert read(in_milliseconds, answer(200, {"access_token": "a"})).expires_in == 1800


@pytest.mark.parametrize(
    ("said", "scopes"),
    [("a b", ("a", "b")), ("a,b", ("a", "b")), (["a", "b"], ("a", "b")), ("", None), ([], None), (3, None)],
)
def test_scopes_are_parted_by_spaces_or_commas_or_come_as_a_list_and_none_at_all_says_nothing(
    said: object, scopes: tuple[str, ...] | None
) -> None:
    assert read(PLAIN, answer(200, {"access_token": "a", "scope": said})).scopes == scopes


def test_slack_gives_the_persons_token_inside_and_keeps_the_team() -> None:
    given = {
        "ok": True,
        "access_token": "xoxb-bot",
        "authed_user": {"id": "U1", "access_token": "xoxp-1", "scope": "chat:write,users:read", "token_type": "user"},
        "team": {"id": "T1", "name": "Team"},
    }
    user = method("slack", "user")
    exchange = code_request(user, APP, code="c", redirect_uri="https://me.example/cb", verifier=None, values={})
    tokens = read_tokens(answer(200, given), exchange.reading, now=NOW)
    assert tokens.access_token == "xoxp-1"
    assert tokens.scopes == ("chat:write", "users:read")
    assert tokens.kept == {"team_id": "T1", "team_name": "Team"}


def test_slack_gives_a_refreshed_token_at_the_top() -> None:
    tokens = read(method("slack", "user"), answer(200, {"ok": True, "access_token": "xoxe-2", "expires_in": 43200}))
    assert (tokens.access_token, tokens.expires_in) == ("xoxe-2", 43200)


def test_github_answers_as_a_form_to_whoever_does_not_ask_for_json() -> None:
    body = b"access_token=gho_1&scope=repo%2Cuser&token_type=bearer"
    tokens = read(PLAIN, HttpResponse(200, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, body))
    assert (tokens.access_token, tokens.scopes) == ("gho_1", ("repo", "user"))


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
        (400, {"error": "INVALID_GRANT"}),
        (200, {"error": "bad_refresh_token", "error_description": "The refresh token passed is incorrect or expired."}),
        (200, {"error": "bad_verification_code"}),
        (200, {"ok": False, "error": "invalid_refresh_token"}),
        (200, {"ok": False, "error": "token_revoked"}),
        (401, {"error": "invalid_grant"}),
        (403, {"error": "unauthorized_client", "error_description": "refresh_token is invalid"}),
        (400, {"error": "invalid_request", "error_description": "The provided refresh token is expired"}),
    ],
)
def test_a_grant_is_dead_when_the_provider_says_so(status: int, document: object) -> None:
    assert type(refusal(PLAIN, answer(status, document))) is GrantDead


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (401, {"error": "invalid_client"}),
        (401, {}),
        (400, {"error": "unauthorized_client", "error_description": "The app is not installed"}),
        (200, {"error": "incorrect_client_credentials"}),
        (200, {"ok": False, "error": "bad_client_secret"}),
        (400, {"error": "invalid_request", "error_description": "refresh_token is missing"}),
        (400, {"error": "unsupported_grant_type"}),
    ],
)
def test_a_refused_app_is_no_fault_of_the_grant(status: int, document: object) -> None:
    assert isinstance(refusal(PLAIN, answer(status, document)), AppRejected)


@pytest.mark.parametrize(
    "response",
    [
        answer(429, {"error": "invalid_client"}, **{"retry-after": "7"}),
        answer(500, {}),
        answer(503, {"error": "temporarily_unavailable"}),
        answer(200, {}),
        answer(200, []),
        answer(200, {"access_token": ""}),
        answer(200, {"access_token": 12}),
        answer(200, {"access_token": "a\r\nb"}),
        answer(302, {"access_token": "a"}, location="https://elsewhere.example"),
        HttpResponse(200, {"content-type": "application/json"}, b'{"unfinished": "'),
        HttpResponse(200, {"content-type": "text/html"}, b"<h1>Welcome to the hotel</h1>"),
        HttpResponse(200, {}, b""),
        HttpResponse(200, {"content-type": "application/x-www-form-urlencoded"}, b"\xff\xfe&&&"),
    ],
)
def test_what_proves_nothing_leaves_the_grant_alone(response: HttpResponse) -> None:
    assert type(refusal(PLAIN, response)) is Transient


def test_a_code_that_nobody_knows_is_unclear_and_gave_nothing() -> None:
    error = refusal(PLAIN, answer(400, {"error": "something_new"}))
    assert type(error) is Unclear
    assert not error.may_have_worked


@pytest.mark.parametrize(
    ("response", "may_have_worked"),
    [
        (answer(429, {}), False),
        (answer(503, {}), False),
        (answer(404, {}), False),
        (answer(400, {"error": "invalid_grant"}), False),
        (answer(500, {}), True),
        (answer(502, {}), True),
        (HttpResponse(200, {"content-type": "application/json"}, b'{"unfinished": "'), True),
    ],
)
def test_only_an_answer_that_leaves_it_open_may_have_held_tokens(response: HttpResponse, may_have_worked: bool) -> None:
    assert refusal(PLAIN, response).may_have_worked is may_have_worked


def test_an_answer_with_an_error_is_a_failure_whatever_else_it_holds() -> None:
    assert type(refusal(PLAIN, answer(200, {"access_token": "a", "error": "invalid_grant"}))) is GrantDead


def test_the_provider_says_how_long_to_wait() -> None:
    error = refusal(PLAIN, answer(429, {}, **{"retry-after": "7"}))
    assert isinstance(error, Transient)
    assert error.wait == 7


def test_the_providers_words_are_told_without_secrets_and_in_bounds() -> None:
    repeated = "rt-very-secret the+secret/= the%2Bsecret%2F%3D " + b64_basic() + " "
    error = refusal(PLAIN, answer(400, {"error": "invalid_grant", "error_description": repeated * 100}))
    assert error.message.startswith("invalid_grant: [hidden] [hidden] [hidden] [hidden]")
    assert len(error.message) <= 300
    for secret in ("rt-very", "the+secret", "the%2B", b64_basic()):
        assert secret not in error.message
        assert secret not in str(error)


def b64_basic() -> str:
    return refresh_of(changed(auth="basic")).http.headers["Authorization"].removeprefix("Basic ")


def test_no_repr_shows_a_secret() -> None:
    shown = repr((APP, refresh_of(PLAIN), read(PLAIN, answer(200, {"access_token": "at-1", "refresh_token": "rt-2"}))))
    for secret in ("the+secret", "the%2Bsecret", "rt-very-secret", "at-1", "rt-2"):
        assert secret not in shown


class Failing:
    """An Http that gets no answer."""

    def __init__(self, error: HttpError) -> None:
        self._error = error

    async def send(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - the protocol's signature
        raise self._error


@pytest.mark.parametrize("kind", [HttpUnreachable, HttpTimedOut, HttpTooLarge, HttpBroken])
async def test_no_answer_proves_nothing(kind: type[HttpError]) -> None:
    with pytest.raises(Transient, match="no luck") as caught:
        await ask(Failing(kind("no luck")), refresh_of(PLAIN), clock=lambda: NOW)
    # Where no connection was made, nothing was sent.
    assert caught.value.may_have_worked is (kind is not HttpUnreachable)


async def test_an_address_that_we_refuse_to_call_is_the_operators_matter() -> None:
    with pytest.raises(AppRejected, match="not allowed"):
        await ask(Failing(HttpRefused("not allowed")), refresh_of(PLAIN), clock=lambda: NOW)
