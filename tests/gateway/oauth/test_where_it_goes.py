"""Where the answer goes is shown as it is, and said aloud where it is not where the program's name is known."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from gateway.settings import IntegrationSettings, Settings
from tests.gateway.oauth.asking import HOSTED, REDIRECT, Asking
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene
from tests.gateway.portal.visiting import Page
from tests.parts.loopback import answer, answering

ALICE = "alice@corp.example"
DOCUMENT = "https://agent.example/client.json"
ELSEWHERE = "https://evil.example/cb"
BELOW = "https://api.agent.example/cb"
LOOKS_LIKE = "https://notagent.example/cb"


async def question(scene: SignInScene, client_id: str, redirect_uri: str) -> Page:
    """Sign somebody in for a program, up to the question."""
    person = await scene.browser()
    asking = Asking(person.http, scene.gateway, await scene.server("open"))
    consent = await scene.by_code(
        person, await person.open(asking.address(client_id, redirect_uri=redirect_uri)), ALICE
    )
    assert is_consent(consent), consent.text
    return consent


@asynccontextmanager
async def documented(settings: Settings) -> AsyncGenerator[SignInScene]:
    """A program that is known by its document, which gives it many addresses."""
    said = {
        "client_id": DOCUMENT,
        "client_name": "Agent",
        "redirect_uris": [REDIRECT, HOSTED, ELSEWHERE, BELOW, LOOKS_LIKE],
    }
    async with answering(answer(json.dumps(said).encode(), "content-type: application/json")) as site:
        mapped = IntegrationSettings(urls={"https://agent.example/": f"http://127.0.0.1:{site.port}/"})
        async with sign_in_scene(settings.model_copy(update={"integrations": {"slack": mapped}})) as scene:
            yield scene


@pytest.mark.parametrize(
    ("redirect_uri", "is_warned_of"),
    [(HOSTED, False), (BELOW, False), (ELSEWHERE, True), (LOOKS_LIKE, True), (REDIRECT, True)],
)
async def test_a_document_vouches_for_addresses_of_its_own_site_only(
    settings: Settings, redirect_uri: str, is_warned_of: bool
) -> None:
    async with documented(settings) as scene:
        page = await question(scene, DOCUMENT, redirect_uri)
        assert "known by agent.example" in page.text
        assert (
            "Allow" in page.text.partition("What it will be able to do")[0].partition("Workspace")[2]
        ) is is_warned_of


@pytest.mark.parametrize("redirect_uri", ["com.evil.app://claude.ai/cb", "cursor://claude.ai/cb"])
async def test_what_looks_like_a_host_behind_an_apps_scheme_is_not_shown_as_one(
    settings: Settings, redirect_uri: str
) -> None:
    async with sign_in_scene(settings) as scene:
        asking = Asking((await scene.browser()).http, scene.gateway, "")
        client = await asking.registered(redirect_uris=[redirect_uri])
        page = await question(scene, client["client_id"], redirect_uri)
        assert "claude.ai" not in page.text
        assert f"{redirect_uri.partition(':')[0]}:" in page.text
        assert "a program on this computer" in page.text
