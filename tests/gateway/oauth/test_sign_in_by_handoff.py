"""Signing in at the product: whoever it names is that end user, in the browser that began, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from gateway.settings import Settings
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, key_of, sign_in_scene, step, steps
from tests.gateway.portal.visiting import Person

PRODUCT = "https://shop.example/toolgate"


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        await opened.set_workspace(handoffUrl=PRODUCT)
        yield opened


async def challenge(scene: SignInScene, person: Person, server: str) -> str:
    """Choose to sign in at the product; returns the challenge with which the browser goes there."""
    page = await person.send(step(await scene.begun(person, server), "handoff"))
    assert (page.onward or "").startswith(f"{PRODUCT}?"), page.text
    return parse_qs(urlsplit(page.onward or "").query)["challenge"][0]


async def confirm(scene: SignInScene, given: str, external_id: str) -> httpx2.Response:
    """The product's backend says who is logged in there."""
    return await scene.rest.post("/handoffs/confirm", {"challenge": given, "externalId": external_id})


async def test_whom_the_product_names_acts_as_that_end_user_at_a_restricted_server(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", displayName="Alice"), await scene.server()
    person = await scene.browser()
    back = (await confirm(scene, await challenge(scene, person, server), "alice")).json()["returnUrl"]
    consent = await person.open(back)
    assert is_consent(consent), consent.text
    assert await scene.acts_as(consent, person) == alice
    assert (await person.open(back)).status == 404
    again = await scene.begun(person, server)
    assert "Continue as Alice at Acme" in again.text
    assert await scene.acts_as(await person.send(step(again, "continue")), person) == alice


async def test_a_way_back_in_another_browser_is_over_for_both(scene: SignInScene) -> None:
    await scene.end_user("alice")
    eve, alice, server = await scene.browser(), await scene.browser(), await scene.server()
    hers = await scene.begun(alice, server)
    back = (await confirm(scene, await challenge(scene, eve, server), "alice")).json()["returnUrl"]
    assert (await alice.open(back)).status == 404
    assert (await eve.open(back)).status == 404
    assert await scene.acts_as(hers, alice) is None


async def test_a_way_back_that_comes_twenty_times_at_once_counts_once(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    back = (await confirm(scene, await challenge(scene, person, server), "alice")).json()["returnUrl"]
    pages = await asyncio.gather(*(person.open(back) for _ in range(20)))
    assert sorted(page.status for page in pages) == [200] + [404] * 19


async def test_it_waits_ten_minutes(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    given = await challenge(scene, person, server)
    back = (await confirm(scene, given, "alice")).json()["returnUrl"]
    scene.time.passed = timedelta(minutes=10, seconds=1)
    assert (await person.open(back)).status == 404
    assert (await confirm(scene, given, "alice")).status_code == 404


async def test_nobody_is_named_who_is_not_there_or_is_suspended(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server("open")
    given = await challenge(scene, person, server)
    assert (await confirm(scene, given, "nobody")).status_code == 404
    bob = await scene.end_user("bob")
    assert (await scene.rest.post(f"/end-users/{bob}/suspend")).status_code == 200
    assert (await confirm(scene, given, "bob")).status_code == 403


async def test_what_the_product_says_counts_in_its_workspace_only(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    back = (await confirm(scene, await challenge(scene, person, server), "alice")).json()["returnUrl"]
    assert is_consent(await person.open(back))
    second = await scene.rest.made("/workspaces", {"name": "Second", "slug": "second"})
    await scene.rest.made("/end-users", {"workspaceId": second["id"], "externalId": "alice"})
    other = await scene.begun(person, await scene.server("open", workspaceId=second["id"]))
    assert steps(other) == ["send"]


async def test_it_is_offered_only_where_the_organization_and_the_workspace_have_it(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server()
    assert steps(await scene.begun(person, server)) == ["handoff", "send"]
    await scene.allow(handoff=False)
    page = await scene.begun(person, server)
    assert steps(page) == ["send"]
    forged = await person.send(step(page, "send"), step="handoff")
    assert forged.onward is None
    await scene.allow(handoff=None)
    await scene.set_workspace(handoffUrl=None)
    assert steps(await scene.begun(person, server)) == ["send"]


async def test_the_way_back_of_a_sign_in_opens_no_setup_page_and_the_other_way_round(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    page = await scene.begun(person, server)
    back = (await confirm(scene, await challenge(scene, person, server), "alice")).json()["returnUrl"]
    assert (await person.open(back.replace("/oauth/return/", "/connect/return/"))).status == 404
    assert await scene.acts_as(page, person) is None
    assert key_of(page) in page.address
