"""Signing in at a tenant of Microsoft Entra, which never says `email_verified`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.settings import IntegrationSettings, Settings
from tests.gateway.oauth.lying_provider import Liar, added, came_back
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene, step, steps

MICROSOFT = "https://login.microsoftonline.com"
TENANT = f"{MICROSOFT}/11111111-2222-3333-4444-555555555555/v2.0"
OTHER = f"{MICROSOFT}/66666666-7777-8888-9999-000000000000/v2.0"
ALL = f"{MICROSOFT}/{{tenantid}}/v2.0"


@pytest.fixture
async def scene(settings: Settings, liar: Liar) -> AsyncIterator[SignInScene]:
    mapped = {"slack": IntegrationSettings(urls={f"{TENANT}/": f"{liar.url}/"})}
    liar.url = TENANT
    async with sign_in_scene(settings.model_copy(update={"integrations": mapped})) as opened:
        await added(opened, TENANT, name="Contoso")
        yield opened


VOUCHED: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing of the address": ({}, False),
    "that its domain is proven": ({"xms_edov": True}, True),
    "so in text": ({"xms_edov": "1"}, True),
    "that it is not": ({"xms_edov": False}, False),
    "what only the tenant's own mapping says": ({"email_verified": True}, False),
    "both, and one is no": ({"xms_edov": True, "email_verified": False}, False),
}


@pytest.mark.parametrize(("claims", "counts"), VOUCHED.values(), ids=VOUCHED)
async def test_an_address_counts_where_entra_says(
    scene: SignInScene, liar: Liar, claims: dict[str, Any], counts: bool
) -> None:
    ada = await scene.end_user("u1", email="ada@example.com")
    liar.claims = {"email_verified": None, **claims}
    page, person = await came_back(scene, liar)
    assert is_consent(page), page.text
    # The server is open: whoever is not known by the address is somebody new, without one.
    acts_as = await scene.acts_as(page, person)
    assert (acts_as == ada) is counts
    assert [each.get("email") for each in await scene.everybody() if each["id"] != ada] == [None][: not counts]


async def test_what_vouches_for_one_address_vouches_for_no_other(scene: SignInScene, liar: Liar) -> None:
    ada = await scene.end_user("u1", email="ada@example.com")
    liar.claims = {"email": None, "email_verified": None, "xms_edov": True}
    liar.userinfo = {"sub": "s1", "email": "ada@example.com"}
    page, person = await came_back(scene, liar)
    assert is_consent(page), page.text
    assert await scene.acts_as(page, person) != ada


async def test_no_other_provider_is_believed_by_the_words_of_entra(settings: Settings, liar: Liar) -> None:
    """Elsewhere nobody knows who has written that claim."""
    async with sign_in_scene(settings.model_copy(update={"egress_allow": ("127.0.0.1",)})) as scene:
        await added(scene, liar.url)
        ada = await scene.end_user("u1", email="ada@example.com")
        liar.claims = {"email_verified": None, "xms_edov": True}
        page, person = await came_back(scene, liar)
        assert await scene.acts_as(page, person) != ada


@pytest.fixture
async def for_all(settings: Settings, liar: Liar) -> AsyncIterator[SignInScene]:
    """A gateway that takes the people of any tenant; the provider speaks for TENANT until a test says otherwise."""
    at = f"{MICROSOFT}/organizations/v2.0"
    mapped = {"slack": IntegrationSettings(urls={f"{at}/": f"{liar.url}/"})}
    liar.url = at
    liar.document = {"issuer": ALL}
    liar.claims = {"iss": TENANT, "email_verified": None, "xms_edov": True}
    liar.key_fields = {"issuer": ALL}
    async with sign_in_scene(settings.model_copy(update={"integrations": mapped})) as opened:
        await added(opened, ALL, name="Microsoft")
        yield opened


async def test_the_people_of_any_tenant_are_each_of_an_issuer_of_their_own(for_all: SignInScene, liar: Liar) -> None:
    page, person = await came_back(for_all, liar)
    first = await for_all.acts_as(page, person)
    again, same = await came_back(for_all, liar)
    assert await for_all.acts_as(again, same) == first
    # The same subject, in another tenant, is another person.
    liar.claims = {"iss": OTHER, "email": "bob@example.com", "email_verified": None}
    page, other = await came_back(for_all, liar)
    assert is_consent(page), page.text
    assert await for_all.acts_as(page, other) not in (None, first)
    # And the browser stays signed in, for as long as such are taken.
    assert "continue" in steps(await for_all.begun(person, await for_all.server("open")))


async def test_another_tenant_does_not_claim_by_address_whom_the_first_signs_in(
    for_all: SignInScene, liar: Liar
) -> None:
    await came_back(for_all, liar)
    [ada] = await for_all.everybody()
    assert ada["email"] == "ada@example.com"
    liar.claims = {**liar.claims, "iss": OTHER, "sub": "s2"}
    page, _ = await came_back(for_all, liar)
    assert page.status == 403
    assert "signs in elsewhere" in page.text


FOREIGN: dict[str, dict[str, Any]] = {
    "of the placeholder itself": {"iss": ALL},
    "of all at once": {"iss": f"{MICROSOFT}/common/v2.0"},
    "of another cloud": {"iss": TENANT.replace(".com/", ".us/")},
    "of another site": {"iss": TENANT.replace(MICROSOFT, "https://evil.example")},
    "of no issuer": {"iss": None},
    "of a list of issuers": {"iss": [TENANT]},
}


@pytest.mark.parametrize("claims", FOREIGN.values(), ids=FOREIGN)
async def test_an_id_token_of_no_tenant_signs_nobody_in(
    for_all: SignInScene, liar: Liar, claims: dict[str, Any]
) -> None:
    liar.claims = {**liar.claims, **claims}
    page, _ = await came_back(for_all, liar)
    assert page.status == 403
    assert await for_all.everybody() == []


async def test_a_key_for_personal_accounts_signs_for_no_tenant(for_all: SignInScene, liar: Liar) -> None:
    liar.key_fields = {"issuer": f"{MICROSOFT}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"}
    page, _ = await came_back(for_all, liar)
    assert page.status == 403
    assert await for_all.everybody() == []


async def test_a_document_that_names_one_tenant_is_not_that_of_all(for_all: SignInScene, liar: Liar) -> None:
    liar.document = {"issuer": TENANT}
    person = await for_all.browser()
    page = await person.send(step(await for_all.begun(person, await for_all.server("open")), "provider"))
    assert (page.status, "Microsoft can't be reached" in page.text) == (422, True)
