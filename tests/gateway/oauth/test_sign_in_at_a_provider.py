"""Signing in at an OpenID provider: a real, strict one, and one that lies."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.settings import Settings
from tests.gateway.oauth.lying_provider import Liar, added, came_back, leaving
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene, step, steps
from tests.gateway.portal.visiting import Page
from tests.parts.strict_provider import CLIENT_SECRET, StrictProvider


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    # Both providers of these tests are on this machine, which nothing reaches unless it is allowed.
    async with sign_in_scene(settings.model_copy(update={"egress_allow": ("127.0.0.1",)})) as opened:
        yield opened


async def login(address: str, name: str) -> str:
    """Log in at the strict provider and agree there; returns the address of ours to which it leads back."""
    async with httpx2.AsyncClient(follow_redirects=False) as http:
        for _ in range(12):
            answer = await http.get(address)
            if answer.status_code < 300:
                form = Page(answer).forms[0]
                data = {**form.fields, "login": name, "password": "any"}
                answer = await http.post(form.action, data=data)
            address = str(answer.url.join(answer.headers["location"]))
            if "/oauth/callback/" in address:
                return address
    raise AssertionError(f"the provider led nowhere but to {address}")


@pytest.fixture
async def strict(scene: SignInScene, strict_provider: StrictProvider) -> StrictProvider:
    """The strict provider, at which our callback is registered."""
    provider = await added(scene, strict_provider.url)
    strict_provider.register_redirect_uri(provider["callbackUrl"])
    return strict_provider


async def test_whom_a_real_provider_names_by_a_verified_address_is_that_end_user(
    scene: SignInScene, strict: StrictProvider
) -> None:
    ada, server = await scene.end_user("u1", email="ada@example.com"), await scene.server()
    person = await scene.browser()
    back = await login(await leaving(scene, person, server), "ada")
    consent = await person.open(back)
    assert is_consent(consent), consent.text
    assert await scene.acts_as(consent, person) == ada
    # Once, and never in another browser.
    assert (await person.open(back)).status == 404
    assert "Continue as ada@example.com" in (await scene.begun(person, server)).text


async def test_an_address_that_the_provider_has_not_verified_is_nobodys(
    scene: SignInScene, strict: StrictProvider
) -> None:
    await scene.end_user("u1", email="unverified-ada@example.com")
    person = await scene.browser()
    page = await person.open(await login(await leaving(scene, person, await scene.server()), "unverified-ada"))
    assert page.status == 403
    assert "is not verified there" in page.text


async def test_a_way_back_in_another_browser_signs_nobody_in(scene: SignInScene, strict: StrictProvider) -> None:
    server = await scene.server("open")
    eve, victim = await scene.browser(), await scene.browser()
    hers = await login(await leaving(scene, eve, server), "eve")
    page = await scene.begun(victim, server)
    assert (await victim.open(hers)).status == 404
    assert await scene.acts_as(page, victim) is None
    assert (await eve.open(hers)).status == 404
    assert await scene.everybody() == []


async def test_a_way_back_that_comes_twenty_times_at_once_counts_once(
    scene: SignInScene, strict: StrictProvider
) -> None:
    server, person = await scene.server("open"), await scene.browser()
    back = await login(await leaving(scene, person, server), "ada")
    pages = await asyncio.gather(*(person.open(back) for _ in range(20)))
    assert sorted(page.status for page in pages) == [200] + [404] * 19
    assert len(await scene.everybody()) == 1


async def test_the_person_who_says_no_there_may_try_again(scene: SignInScene, strict: StrictProvider) -> None:
    server, person = await scene.server("open"), await scene.browser()
    sent = parse_qs(urlsplit(await leaving(scene, person, server)).query)
    told = urlencode({"error": "access_denied", "state": sent["state"][0], "iss": strict.url})
    page = await person.open(f"{sent['redirect_uri'][0]}?{told}")
    assert page.status == 403
    assert "have said no" in page.text
    assert "provider" in steps(await person.open(page.link("Try again")))


async def test_a_provider_that_keeps_to_the_rules_signs_in(scene: SignInScene, liar: Liar) -> None:
    await added(scene, liar.url)
    page, _ = await came_back(scene, liar)
    assert is_consent(page), page.text
    [made] = await scene.everybody()
    assert made["email"] == "ada@example.com"


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another client's": {"aud": "another"},
    "another issuer's": {"iss": "https://accounts.example"},
    "expired": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "another sign-in's": {"nonce": "another"},
    "nobody's sign-in": {"nonce": None},
    "nobody's": {"sub": None},
    "an empty subject's": {"sub": ""},
    "authorized for another": {"azp": "another"},
    "without a moment": {"iat": None},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
async def test_an_id_token_that_is_not_ours_signs_nobody_in(
    scene: SignInScene, liar: Liar, claims: dict[str, Any]
) -> None:
    await added(scene, liar.url)
    liar.claims = claims
    page, _ = await came_back(scene, liar)
    assert page.status == 403
    assert await scene.everybody() == []


async def test_an_id_token_of_another_key_or_of_none_signs_nobody_in(scene: SignInScene, liar: Liar) -> None:
    await added(scene, liar.url)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = base64.b64encode(b"whatever is public about the key").decode()
    forged: list[dict[str, Any]] = [
        {"signing": other},
        {"headers": {"kid": "k2"}},
        {"signing": public, "algorithm": "HS256"},
        {"signing": CLIENT_SECRET * 2, "algorithm": "HS256"},
        {"signing": "", "algorithm": "none"},
    ]
    usual = {"signing": None, "algorithm": "RS256", "headers": {"kid": "k1"}}
    for changes in forged:
        for name, value in {**usual, **changes}.items():
            setattr(liar, name, value)
        page, _ = await came_back(scene, liar)
        assert page.status == 403, changes
    assert await scene.everybody() == []


async def test_a_key_that_is_too_short_to_trust_signs_nobody_in(scene: SignInScene, liar: Liar) -> None:
    await added(scene, liar.url)
    liar.key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.warns(match="below the minimum"):
        page, _ = await came_back(scene, liar)
    assert page.status == 403
    assert await scene.everybody() == []


async def test_an_answer_of_another_issuer_is_not_taken(scene: SignInScene, liar: Liar) -> None:
    await added(scene, liar.url)
    assert (await came_back(scene, liar, iss="https://accounts.example"))[0].status == 403
    scene.time.passed = timedelta(minutes=11)
    liar.document = {"authorization_response_iss_parameter_supported": True}
    assert (await came_back(scene, liar))[0].status == 403


async def test_one_provider_cannot_answer_at_the_callback_of_another(scene: SignInScene, liar: Liar) -> None:
    first = await added(scene, liar.url)
    second = await added(scene, "https://honest.example", name="Honest")
    person, server = await scene.browser(), await scene.server("open")
    page = await scene.begun(person, server)
    form = next(form for form in page.forms if form.fields.get("provider") == first["id"])
    sent = parse_qs(urlsplit((await person.send(form)).onward or "").query)
    mixed = await person.open(f"{second['callbackUrl']}?{urlencode({'code': 'c', 'state': sent['state'][0]})}")
    assert mixed.status == 404


@pytest.mark.parametrize(("there", "counts"), [(False, False), (None, False), (True, True)])
async def test_an_id_token_vouches_for_no_address_that_only_userinfo_has(
    scene: SignInScene, liar: Liar, there: bool | None, counts: bool
) -> None:
    await added(scene, liar.url)
    liar.claims = {"email": None, "email_verified": not counts}
    liar.userinfo = {"sub": "s1", "email": "ada@example.com", "email_verified": there}
    page, _ = await came_back(scene, liar)
    assert is_consent(page), page.text
    [made] = await scene.everybody()
    assert (made.get("email") == "ada@example.com") is counts


async def test_userinfo_about_somebody_else_is_not_believed(scene: SignInScene, liar: Liar) -> None:
    await added(scene, liar.url)
    liar.claims = {"email": None, "email_verified": None}
    liar.userinfo = {"sub": "s2", "email": "victim@example.com", "email_verified": True}
    assert (await came_back(scene, liar))[0].status == 403


@pytest.mark.parametrize(
    "changed", [{"issuer": "https://x.example"}, {"token_endpoint": "http://10.0.0.1/t"}, {"jwks_uri": None}]
)
async def test_a_document_that_lies_leads_nobody_away(scene: SignInScene, liar: Liar, changed: dict[str, Any]) -> None:
    await added(scene, liar.url)
    liar.document = changed
    person = await scene.browser()
    page = await person.send(step(await scene.begun(person, await scene.server("open")), "provider"))
    assert page.status == 422
    assert "Okta can't be reached" in page.text


async def test_a_sign_in_waits_ten_minutes_and_a_disabled_provider_not_at_all(scene: SignInScene, liar: Liar) -> None:
    provider = await added(scene, liar.url)
    page, person = await came_back(scene, liar)
    assert is_consent(page)
    server = await scene.server("open")
    late = parse_qs(urlsplit(await leaving(scene, await scene.browser(), server)).query)
    answer = await scene.rest.patch(f"/identity-providers/{provider['id']}", {"disabled": True})
    assert answer.json()["identityProvider"]["disabled"] is True
    # Neither as a button, nor as a browser that it has signed in, nor as a callback.
    assert steps(await scene.begun(person, server)) == ["send"]
    told = urlencode({"code": "c", "state": late["state"][0]})
    assert (await person.open(f"{provider['callbackUrl']}?{told}")).status == 404


async def test_providers_are_kept_without_showing_their_secrets(scene: SignInScene) -> None:
    made = await added(scene, "https://acme.okta.com")
    assert made["hasClientSecret"] is True
    assert made["callbackUrl"] == f"{scene.url}/oauth/callback/{made['id']}"
    listed = (await scene.rest.get("/identity-providers")).json()
    assert [each["id"] for each in listed["identityProviders"]] == [made["id"]]
    assert CLIENT_SECRET not in str(listed) + str(made)
    path = f"/identity-providers/{made['id']}"
    changed = (await scene.rest.patch(path, {"name": "Login", "clientSecret": None})).json()["identityProvider"]
    assert (changed["name"], changed["hasClientSecret"]) == ("Login", False)
    assert (await scene.rest.get(path)).json()["identityProvider"] == changed
    same = {"name": "Okta", "issuer": "https://acme.okta.com", "clientId": "x"}
    assert (await scene.rest.post("/identity-providers", same)).status_code == 409
    assert (await scene.rest.delete(path)).status_code == 200
    assert (await scene.rest.get(path)).status_code == 404


@pytest.mark.parametrize(
    "issuer",
    [
        "email",
        "handoff:x",
        "http://login.example",
        "https://u@login.example",
        "https://login.example?x=1",
        "https://",
        "x",
    ],
)
async def test_an_issuer_is_an_https_address(scene: SignInScene, issuer: str) -> None:
    wanted = {"name": "Okta", "issuer": issuer, "clientId": "x"}
    answer = await scene.rest.post("/identity-providers", wanted)
    assert answer.status_code == 400, answer.text


async def signed_in(scene: SignInScene, liar: Liar, server: str, email: str, *, subject: str = "s1") -> Page:
    """Sign in at the liar with this address, which it calls verified."""
    person = await scene.browser()
    liar.claims = {"email": email, "sub": subject}
    sent = parse_qs(urlsplit(await leaving(scene, person, server)).query)
    liar.nonce = sent["nonce"][0]
    told = urlencode({"code": "c", "state": sent["state"][0]})
    return await person.open(f"{sent['redirect_uri'][0]}?{told}")


async def test_a_provider_is_believed_about_the_addresses_of_its_domains_alone(scene: SignInScene, liar: Liar) -> None:
    made = await added(scene, liar.url, emailDomains=["Example.COM", "bücher.example", "example.com"])
    assert made["emailDomains"] == ["example.com", "xn--bcher-kva.example"]
    await scene.end_user("u1", email="ada@example.com")
    await scene.end_user("u2", email="bob@other.example")
    await scene.end_user("u3", email="eve@sub.example.com")
    server = await scene.server()
    assert is_consent(await signed_in(scene, liar, server, "ADA@EXAMPLE.com"))
    for number, email in enumerate(("bob@other.example", "eve@sub.example.com", "ada@example.com@other.example")):
        refused = await signed_in(scene, liar, server, email, subject=f"other-{number}")
        assert refused.status == 403, refused.text
        assert "is believed, so it shows nothing" in refused.text


async def test_an_open_server_puts_no_address_on_record_about_which_nobody_is_believed(
    scene: SignInScene, liar: Liar
) -> None:
    await added(scene, liar.url, emailDomains=["acme.example"])
    assert is_consent((await came_back(scene, liar))[0])
    [made] = await scene.everybody()
    assert "email" not in made


async def test_who_is_linked_stays_so_whatever_domains_a_provider_is_believed_about(
    scene: SignInScene, liar: Liar
) -> None:
    made = await added(scene, liar.url)
    assert made["emailDomains"] is None
    await scene.end_user("u1", email="ada@example.com")
    server = await scene.server()
    assert is_consent(await signed_in(scene, liar, server, "ada@example.com"))
    path = f"/identity-providers/{made['id']}"
    changed = await scene.rest.patch(path, {"emailDomains": ["acme.example"]})
    assert changed.json()["identityProvider"]["emailDomains"] == ["acme.example"]
    assert is_consent(await signed_in(scene, liar, server, "ada@example.com"))


@pytest.mark.parametrize(
    ("domains", "may"),
    [(["acme.example"], False), (["acme.example", "example.com"], True), (["ample.com"], False), (None, True)],
)
async def test_a_list_holds_for_browsers_that_have_signed_in_before(
    scene: SignInScene, liar: Liar, domains: list[str] | None, may: bool
) -> None:
    made, server, person = await added(scene, liar.url), await scene.server(), await scene.browser()
    sent = parse_qs(urlsplit(await leaving(scene, person, server)).query)
    liar.nonce = sent["nonce"][0]
    told = urlencode({"code": "c", "state": sent["state"][0]})
    assert (await person.open(f"{sent['redirect_uri'][0]}?{told}")).status == 403
    await scene.end_user("u1", email="ada@example.com")
    path = f"/identity-providers/{made['id']}"
    answer = await scene.rest.patch(path, {"emailDomains": domains})
    assert answer.json()["identityProvider"]["emailDomains"] == domains
    page = await person.send(step(await scene.begun(person, server), "continue"))
    assert is_consent(page) is may, page.text


@pytest.mark.parametrize(
    "domains", [[], [""], ["com"], ["ada@example.com"], ["*.example.com"], ["exa mple.com"], "x.com"]
)
async def test_what_is_no_domain_is_refused(scene: SignInScene, domains: Any) -> None:
    wanted = {"name": "Okta", "issuer": "https://acme.okta.com", "clientId": "x", "emailDomains": domains}
    answer = await scene.rest.post("/identity-providers", wanted)
    assert answer.status_code == 400, answer.text
    assert "emailDomains" in answer.json()["error"]
