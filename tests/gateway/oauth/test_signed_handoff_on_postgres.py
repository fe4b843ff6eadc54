"""What is to count once counts once on PostgreSQL too: a signed hand-off, and the id of its token."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import SecretStr

from gateway.settings import Settings
from tests.gateway.oauth.product_login import PAGE, bring, challenge, post, set_key, token
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene


@pytest.fixture
async def scene(settings: Settings, new_postgres_database: Callable[[], Awaitable[str]]) -> AsyncIterator[SignInScene]:
    there = settings.model_copy(update={"database_url": SecretStr(await new_postgres_database())})
    async with sign_in_scene(there) as opened:
        await opened.set_workspace(handoffUrl=PAGE)
        await set_key(opened)
        yield opened


async def test_tokens_and_their_ids_count_once_however_they_race(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice"), await scene.server()
    person = await scene.browser()
    begun = [await challenge(scene, person, server) for _ in range(11)]
    good = token(scene, begun.pop())
    answers = await asyncio.gather(*(post(scene, good) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [303] + [403] * 49

    again = await asyncio.gather(*(post(scene, token(scene, each, jti="one")) for each in begun))
    assert sorted(answer.status_code for answer in again) == [303] + [403] * 9

    [back] = [answer.headers["location"] for answer in again if answer.status_code == 303]
    consent = await person.open(back)
    assert is_consent(consent)
    assert await scene.acts_as(consent, person) == alice
    assert (await bring(scene, person, good)).status == 403
