from urllib.parse import urlencode

import pytest

from gateway.acme import Acme, run_acme
from tests.gateway.acme.visitor import CHALLENGE, REDIRECT_URI, Visitor, answer_of


async def test_the_page_names_who_asks_for_what_and_lets_a_person_be_picked(visitor: Visitor) -> None:
    page = await visitor.http.get("/oauth/authorize", params={**visitor.authorization, "scope": "notes.read"})
    assert page.status_code == 200
    assert "Toolgate asks for access" in page.text
    assert "Read notes and projects" in page.text
    assert "Write notes" not in page.text
    assert 'value="alice" checked' in page.text
    assert 'value="bob">' in page.text


async def test_a_login_hint_preselects_the_person(visitor: Visitor) -> None:
    page = await visitor.http.get("/oauth/authorize", params={**visitor.authorization, "login_hint": "bob"})
    assert 'value="bob" checked' in page.text
    assert 'value="alice" checked' not in page.text


async def test_what_the_client_sends_is_escaped_on_the_page(visitor: Visitor) -> None:
    page = await visitor.http.get("/oauth/authorize", params={**visitor.authorization, "state": '"><script>x'})
    assert "<script>" not in page.text


async def test_the_page_can_not_be_framed(visitor: Visitor) -> None:
    page = await visitor.http.get("/oauth/authorize", params=visitor.authorization)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_approval_leads_back_with_code_state_and_issuer(visitor: Visitor) -> None:
    answer = answer_of(await visitor.decide())
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["state"] == "s t&ate"
    assert answer["iss"] == "https://api.acme.example"


async def test_a_query_in_the_redirect_uri_is_kept(visitor: Visitor) -> None:
    redirect = await visitor.decide(redirect_uri=f"{REDIRECT_URI}?tenant=7")
    assert answer_of(redirect)["tenant"] == "7"
    assert redirect.headers["location"].count("?") == 1


async def test_denial_leads_back_with_access_denied(visitor: Visitor) -> None:
    answer = answer_of(await visitor.decide(decision="deny"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "s t&ate"
    assert "code" not in answer


async def test_without_a_known_person_the_page_is_shown_again(visitor: Visitor) -> None:
    page = await visitor.decide(person="mallory")
    assert page.status_code == 200
    assert "Who are you?" in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example/callback"},
        {"redirect_uri": "http://[::1/callback"},
        {"redirect_uri": f"{REDIRECT_URI}#fragment"},
    ],
)
async def test_an_unclear_client_is_never_redirected_to(visitor: Visitor, wrong: dict[str, str | None]) -> None:
    page = await visitor.decide(**wrong)
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "This link" in page.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "notes.read everything"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
    ],
)
async def test_other_faults_go_back_to_the_client(visitor: Visitor, wrong: dict[str, str | None], error: str) -> None:
    assert answer_of(await visitor.decide(**wrong))["error"] == error


async def test_a_parameter_that_appears_twice_is_refused(visitor: Visitor) -> None:
    query = urlencode([*visitor.authorization.items(), ("state", "other")])
    assert (await visitor.http.get(f"/oauth/authorize?{query}")).status_code == 400


async def test_registered_redirect_uris_match_exactly_or_not_at_all() -> None:
    async with run_acme(Acme(redirect_uris=["https://gateway.example/callback"])) as running:
        client = running.app.client
        assert client.may_redirect_to("https://gateway.example/callback")
        assert not client.may_redirect_to("https://gateway.example/callback/")
        assert not client.may_redirect_to(REDIRECT_URI)
