"""What is to count once counts once on PostgreSQL too: tries, ways back, links that open by themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.gateway.portal.identity_scene import Scene, identity_scene, is_portal, step_form
from tests.gateway.portal.test_handoff import begun, confirmed
from tests.gateway.portal.test_setup_page import ALICE, another, asked_for_a_code


@pytest.fixture
async def scene(tmp_path: Path, new_postgres_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Scene]:
    async with identity_scene(tmp_path, database_url=SecretStr(await new_postgres_database())) as opened:
        yield opened


async def test_tries_ways_back_and_links_count_once_however_they_race(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    code = await scene.code(ALICE)
    answers = await asyncio.gather(*(alice.send(form, code=another(code)) for _ in range(10)))
    assert sum("left" in page.text for page in answers) == 4
    fresh = step_form(await asked_for_a_code(scene, alice, url), "code")
    assert is_portal(await alice.send(fresh, code=await scene.code(ALICE, count=2)))

    await scene.ask_for("handoff", handoffUrl="https://app.example.com/in")
    back = await confirmed(scene, await begun(alice, url), "alice")
    pages = await asyncio.gather(*(alice.open(back) for _ in range(10)))
    assert sorted(page.status for page in pages) == [200] + [403] * 9

    await scene.ask_for("link")
    link = await scene.setup_url()
    forms = [((person := await scene.browser()), (await person.open(link)).forms[0]) for _ in range(5)]
    pages = await asyncio.gather(*(person.send(form) for person, form in forms))
    assert sorted(page.status for page in pages) == [200] + [404] * 4
