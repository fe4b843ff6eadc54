"""Claims about what a provider is sent for ending a grant, and about what its answer means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.connections.oauth_apps import OAuthApp
from gateway.connections.revocation_endpoint import (
    RevocationRefused,
    RevocationRequest,
    Unanswered,
    needs_app,
    read_revocation,
    revocation_request,
    revoke_at_provider,
    token_of,
)
from integrations.auth_methods import OAuth2, Revoke
from integrations.catalog import Catalog
from integrations.ports import HttpError, HttpRefused, HttpRequest, HttpResponse, HttpTimedOut

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
APP = OAuthApp("our app", "a secret+")
VALUES = {"access_token": "at-very-secret", "refresh_token": "rt-very-secret"}
CATALOG = Catalog()


def of(name: str, key: str, **entered: str) -> RevocationRequest:
    """The request that the manifest of an integration makes for a connection with these inputs."""
    integration = CATALOG.get(name)
    method = integration.auth_method(key)
    assert isinstance(method, OAuth2)
    assert method.revoke is not None
    return revocation_request(method.revoke, APP, values=VALUES | entered, api=integration.manifest.api)


def plain(**changes: Any) -> RevocationRequest:
    """The request of a provider that does as the standard says."""
    revoke = Revoke.model_validate({"url": "https://provider.example/revoke", **changes})
    return revocation_request(revoke, APP, values=VALUES)


def answer(status: int, body: Any = None, **headers: str) -> HttpResponse:
    content = b"" if body is None else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": "application/json", **headers}, content)


def test_google_is_sent_the_refresh_token_and_nothing_else() -> None:
    http = of("gmail", "oauth").http
    assert (http.method, http.url, http.body) == (
        "POST",
        "https://oauth2.googleapis.com/revoke",
        b"token=rt-very-secret",
    )
    assert "Authorization" not in http.headers


def test_github_is_sent_the_access_token_by_the_app() -> None:
    http = of("github", "oauth").http
    assert (http.method, http.url) == ("DELETE", "https://api.github.com/applications/our%20app/token")
    assert http.body == b'{"access_token":"at-very-secret"}'
    assert http.headers["Authorization"].startswith("Basic ")


def test_shopify_is_shown_the_token_in_a_header_of_its_own() -> None:
    http = of("shopify", "oauth", shop="acme").http
    assert (http.method, http.url, http.body) == (
        "DELETE",
        "https://acme.myshopify.com/admin/api/2026-07/api_permissions/current.json",
        b"",
    )
    assert http.headers["X-Shopify-Access-Token"] == "at-very-secret"
    assert "Authorization" not in http.headers


@pytest.mark.parametrize("key", ["user", "bot"])
def test_slack_is_shown_the_token_itself(key: str) -> None:
    http = of("slack", key).http
    assert (http.method, http.url, http.body) == ("POST", "https://slack.com/api/auth.revoke", b"")
    assert http.headers["Authorization"] == "Bearer at-very-secret"


def test_the_standard_way_names_the_app_in_the_body() -> None:
    assert plain().http.body == b"token=at-very-secret&client_id=our%20app&client_secret=a%20secret%2B"


def test_a_query_is_a_way_too() -> None:
    http = plain(method="GET", auth="none", body="query").http
    assert (http.method, http.url, http.body) == ("GET", "https://provider.example/revoke?token=at-very-secret", None)


@pytest.mark.parametrize(
    ("wanted", "values", "sent"),
    [
        ("refresh_token", VALUES, "rt-very-secret"),
        ("access_token", VALUES, "at-very-secret"),
        ("refresh_token", {"access_token": "at"}, "at"),
        ("access_token", {"refresh_token": "rt"}, "rt"),
        ("access_token", {}, None),
        ("access_token", {"access_token": ""}, None),
    ],
)
def test_the_token_is_the_one_that_the_manifest_names_where_there_is_one(
    wanted: str, values: dict[str, str], sent: str | None
) -> None:
    assert token_of(Revoke.model_validate({"url": "https://p.example/", "token": wanted}), values) == sent


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"auth": "body"}, True),
        ({"auth": "basic"}, True),
        ({"auth": "bearer"}, False),
        ({"auth": "none"}, False),
        ({"auth": "bearer", "url": "https://p.example/{client_id}"}, True),
    ],
)
def test_some_ways_need_the_app(changes: dict[str, Any], needed: bool) -> None:
    assert needs_app(Revoke.model_validate({"url": "https://p.example/", **changes})) is needed


@pytest.mark.parametrize(
    ("request_", "response", "was_alive"),
    [
        (plain(), answer(200), True),
        (plain(), answer(204), True),
        (of("slack", "user"), answer(200, {"ok": True, "revoked": True}), True),
        (of("gmail", "oauth"), answer(400, {"error": "invalid_token", "error_description": "expired"}), False),
        (of("github", "oauth"), answer(404, {"message": "Not Found"}), False),
        (of("slack", "user"), answer(200, {"ok": False, "error": "token_revoked"}), False),
        (of("slack", "bot"), answer(200, {"ok": False, "error": "invalid_auth"}), False),
        (plain(auth="bearer"), answer(401, {}), False),
        (plain(), answer(410), False),
    ],
)
def test_a_grant_is_over_when_the_provider_took_it_or_knows_of_none(
    request_: RevocationRequest, response: HttpResponse, was_alive: bool
) -> None:
    assert read_revocation(response, request_, now=NOW) is was_alive


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (plain(), answer(401, {"error": "invalid_client"})),
        (plain(auth="basic"), answer(401, {})),
        (plain(), answer(403, {})),
        (plain(), answer(400, {"error": "unsupported_token_type"})),
        (plain(), answer(400, {"error": ["odd"]})),
        (plain(), answer(302, location="https://elsewhere.example")),
        (of("slack", "user"), answer(200, {"ok": False, "error": "something_new"})),
    ],
)
def test_a_refusal_is_no_end(request_: RevocationRequest, response: HttpResponse) -> None:
    with pytest.raises(RevocationRefused):
        read_revocation(response, request_, now=NOW)


@pytest.mark.parametrize(("status", "wait"), [(429, 7.0), (500, None), (503, None)])
def test_trouble_is_told_from_a_refusal(status: int, wait: float | None) -> None:
    with pytest.raises(Unanswered) as caught:
        read_revocation(answer(status, {}, **{"retry-after": "7"}), plain(), now=NOW)
    assert caught.value.wait == wait


def test_the_providers_words_are_told_without_secrets() -> None:
    words = {"error": "odd", "error_description": "at-very-secret of a%20secret%2B and a secret+"}
    with pytest.raises(RevocationRefused) as caught:
        read_revocation(answer(400, words), plain(), now=NOW)
    assert caught.value.message == "[hidden] of [hidden] and [hidden]"


def test_no_repr_shows_a_secret() -> None:
    shown = repr((plain(), of("github", "oauth"), of("slack", "user")))
    assert "very-secret" not in shown
    assert "secret+" not in shown


class Failing:
    """An Http that gets no answer."""

    def __init__(self, error: HttpError) -> None:
        self._error = error

    async def send(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - the protocol's signature
        raise self._error


async def test_no_answer_is_trouble_and_an_address_that_we_refuse_is_not() -> None:
    with pytest.raises(Unanswered):
        await revoke_at_provider(Failing(HttpTimedOut("late")), plain(), now=NOW)
    with pytest.raises(RevocationRefused):
        await revoke_at_provider(Failing(HttpRefused("no")), plain(), now=NOW)


def test_nothing_is_made_of_a_credential_without_a_token_or_of_values_that_do_not_fit() -> None:
    with pytest.raises(RevocationRefused):
        revocation_request(Revoke.model_validate({"url": "https://p.example/"}), APP, values={})
    odd = Revoke.model_validate({"url": "https://{host}/revoke"})
    with pytest.raises(RevocationRefused, match="does not fit"):
        revocation_request(odd, APP, values={**VALUES, "host": "evil.example/"})
