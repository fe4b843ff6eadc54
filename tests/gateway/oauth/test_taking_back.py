"""Sign-ins that stay: whoever may act as somebody is listed there, and signed out for good."""

from collections.abc import AsyncIterator

import pytest

from gateway.kit.tokens import hash_token
from gateway.settings import Settings
from storage.scope import TenantScope
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene, step, steps

ALICE = "alice@corp.example"


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        yield opened


async def test_sign_ins_that_may_act_as_several_are_listed_at_each_and_can_be_taken_back(scene: SignInScene) -> None:
    ids = [await scene.end_user(name, email=ALICE) for name in ("ann-for-a", "ann-for-b")]
    bob, eve = await scene.end_user("bob", email="bob@corp.example"), await scene.end_user("eve")
    person, server = await scene.browser(), await scene.server()
    choice = await scene.by_code(person, await scene.begun(person, server), ALICE)
    assert is_consent(await person.send(step(choice, "choose")))
    held = [(await scene.rest.get(f"/end-users/{each}/sign-ins")).json()["signIns"] for each in (*ids, bob, eve)]
    assert [len(each) for each in held] == [1, 1, 0, 0]
    [sign_in] = held[1]
    assert (await scene.rest.delete(f"/end-users/{ids[1]}/sign-ins/{sign_in['id']}")).status_code == 200
    assert steps(await scene.begun(person, server)) == ["send"]


async def test_a_sign_in_that_was_taken_back_leaves_the_browser_known_in_no_workspace(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", email=ALICE), await scene.server()
    other = (await scene.rest.made("/workspaces", {"name": "Other", "slug": "other"}))["id"]
    there = await scene.rest.made("/end-users", {"workspaceId": other, "externalId": "alice", "email": ALICE})
    elsewhere = await scene.server(workspaceId=other)
    person = await scene.browser()
    await scene.by_code(person, await scene.begun(person, server), ALICE)
    assert is_consent(await person.send(step(await scene.begun(person, elsewhere), "continue")))

    async def known() -> int:
        async with scene.gateway.database.read() as tx:
            browser = hash_token(next(iter(person.http.cookies.values())))
            return len(await tx.known_browsers.at(TenantScope(scene.organization_id), browser))

    assert await known() == 2
    [held] = (await scene.rest.get(f"/end-users/{there['id']}/sign-ins")).json()["signIns"]
    assert (await scene.rest.delete(f"/end-users/{alice}/sign-ins/{held['id']}")).status_code == 200
    assert await known() == 0
