"""Whoever has signed in at a browser is known there when a link out of a tool's answer is opened."""

from collections.abc import AsyncIterator

import pytest

from gateway.settings import Settings
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene, step

ALICE = "alice@corp.example"


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        await opened.end_user("alice", email=ALICE)
        yield opened


async def setup_url(scene: SignInScene) -> str:
    """Call a tool for alice that lacks her account; returns the link that the answer holds."""
    integration = {"integrationName": "slack", "connectionStrategy": "per_user"}
    await scene.rest.made(f"/workspaces/{scene.workspace_id}/integrations", integration)
    call = {"integrationName": "slack", "workspaceId": scene.workspace_id, "endUserId": "alice", "input": {}}
    answer = await scene.rest.post("/actions/execute", {**call, "actionName": "list_channels"})
    return answer.json()["details"]["setupUrl"]


@pytest.mark.parametrize("verification", ["auto", "email", "session"])
async def test_the_portal_asks_no_second_time(scene: SignInScene, verification: str) -> None:
    await scene.set_workspace(setupVerification=verification)
    url, server = await setup_url(scene), await scene.server()
    person, stranger = await scene.browser(), await scene.browser()
    assert is_consent(await scene.by_code(person, await scene.begun(person, server), ALICE))
    assert "You are known here" in (await person.open(url)).text
    assert "You are known here" not in (await stranger.open(url)).text


async def test_a_browser_that_has_signed_out_is_known_no_more(scene: SignInScene) -> None:
    url, server = await setup_url(scene), await scene.server()
    person = await scene.browser()
    await scene.by_code(person, await scene.begun(person, server), ALICE)
    await person.send(step(await scene.begun(person, server), "sign_out"))
    assert "You are known here" not in (await person.open(url)).text


async def test_a_workspace_that_insists_on_the_product_takes_no_code_for_it(scene: SignInScene) -> None:
    await scene.set_workspace(setupVerification="handoff", handoffUrl="https://shop.example/toolgate")
    url, server = await setup_url(scene), await scene.server()
    person = await scene.browser()
    assert is_consent(await scene.by_code(person, await scene.begun(person, server), ALICE))
    assert "first tells us who you are" in (await person.open(url)).text
