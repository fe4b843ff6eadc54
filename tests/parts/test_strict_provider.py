"""Claims about the strict provider itself: that it is as strict as the tests that rely on it assume."""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest

from tests.parts.strict_provider import CLIENT_ID, CLIENT_SECRET, StrictProvider

BACK = "http://127.0.0.1:1/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "client_id": CLIENT_ID,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "openid email offline_access",
    "prompt": "consent",
    "state": "s",
}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


async def approve(provider: StrictProvider, person: str, asked: dict[str, str]) -> dict[str, str]:
    """Sign in and consent by hand; returns what the callback gets."""
    async with httpx2.AsyncClient(base_url=provider.url, trust_env=False) as browser:
        answer = await browser.get("/auth", params=asked)
        while not answer.headers.get("location", "").startswith(BACK):
            if answer.is_redirect:
                answer = await browser.get(urljoin(str(answer.url), answer.headers["location"]))
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action is not None
            assert prompt is not None
            fields = {"prompt": prompt[1], "login": person, "password": "any"}
            answer = await browser.post(action[1], data=fields)
        query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def redeem(provider: StrictProvider, **fields: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=provider.url, auth=(CLIENT_ID, CLIENT_SECRET), trust_env=False) as client:
        return await client.post("/token", data=fields)


async def me(provider: StrictProvider, token: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=provider.url, trust_env=False) as client:
        return await client.get("/me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def provider(strict_provider: StrictProvider) -> StrictProvider:
    strict_provider.register_redirect_uri(BACK)
    return strict_provider


async def tokens_of(provider: StrictProvider, person: str) -> dict[str, Any]:
    back = await approve(provider, person, {**ASKED, **PKCE})
    assert back["iss"] == provider.url
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": BACK}
    assert (await redeem(provider, **form, code_verifier="x" * 43)).status_code == 400
    back = await approve(provider, person, {**ASKED, **PKCE})
    answer = await redeem(provider, **{**form, "code": back["code"]}, code_verifier=VERIFIER)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_refresh_tokens_rotate_and_reuse_ends_the_grant(provider: StrictProvider) -> None:
    first = await tokens_of(provider, "alice")
    assert (await me(provider, first["access_token"])).json()["email"] == "alice@example.com"
    second = (await redeem(provider, grant_type="refresh_token", refresh_token=first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = await redeem(provider, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await me(provider, second["access_token"])).status_code == 401
    books = provider.books()
    assert (books.codes, books.refreshes, books.refreshes_refused, books.served) == (1, 1, 1, {"alice": 1})


async def test_nobody_comes_in_without_pkce_or_to_another_address(provider: StrictProvider) -> None:
    assert (await approve(provider, "alice", ASKED))["error"] == "invalid_request"
    async with httpx2.AsyncClient(base_url=provider.url, trust_env=False) as browser:
        answer = await browser.get("/auth", params={**ASKED, **PKCE, "redirect_uri": f"{BACK}/elsewhere"})
    assert answer.status_code == 400


async def test_revoking_a_person_ends_that_persons_grants_alone(provider: StrictProvider) -> None:
    alice, bob = await tokens_of(provider, "alice"), await tokens_of(provider, "bob")
    provider.revoke("alice")
    assert (await me(provider, alice["access_token"])).status_code == 401
    refused = await redeem(provider, grant_type="refresh_token", refresh_token=alice["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    assert (await me(provider, bob["access_token"])).status_code == 200
