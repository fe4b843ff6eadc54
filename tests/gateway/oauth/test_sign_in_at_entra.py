"""Signing in at a tenant of Microsoft Entra, which never says `email_verified`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.settings import IntegrationSettings, Settings
from tests.gateway.oauth.lying_provider import Liar, added, came_back
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene

TENANT = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"


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
