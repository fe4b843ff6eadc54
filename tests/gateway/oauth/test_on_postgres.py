"""What happens once happens once on PostgreSQL too, where many really write at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.access.granted import Granted
from gateway.access.oauth_errors import OAuthError
from gateway.settings import Settings
from tests.gateway.access.granting import granting
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene, step
from tests.gateway.oauth.test_device import device_for_alice
from tests.parts.rest import SERVICE_KEY

ALICE = "alice@corp.example"


@pytest.fixture
async def scene(tmp_path: Path, new_postgres_database: Callable[[], Awaitable[str]]) -> AsyncIterator[SignInScene]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(await new_postgres_database()),
        service_key=SecretStr(SERVICE_KEY),
        rate_limit_per_minute=100_000,
    )
    async with sign_in_scene(settings) as opened:
        yield opened


async def test_a_stranger_in_four_browsers_becomes_one_end_user_and_answers_each_program_once(
    scene: SignInScene,
) -> None:
    server = await scene.server("open")
    people = [await scene.browser() for _ in range(4)]
    firsts = [await scene.begun(person, server) for person in people]
    asked = [await person.send(step(first, "send"), email=ALICE) for person, first in zip(people, firsts, strict=True)]
    codes = scene.codes(ALICE)[::-1]
    ends = await asyncio.gather(
        *(person.send(step(page, "code"), code=code) for person, page, code in zip(people, asked, codes, strict=True))
    )
    assert all(is_consent(page) for page in ends)
    assert [each["email"] for each in await scene.everybody()] == [ALICE]
    answers = await asyncio.gather(*(people[0].send(ends[0].forms[-1], decision="allow") for _ in range(10)))
    assert sorted(page.status for page in answers) == [200] + [404] * 9


async def test_codes_refresh_tokens_and_devices_give_once_however_they_race(scene: SignInScene) -> None:
    tokens = await granting(scene.gateway, scene.rest, scene.time, now=scene.time)
    code = await tokens.code()
    answers = await asyncio.gather(*(tokens.redeemed(code) for _ in range(50)), return_exceptions=True)
    [granted] = [each for each in answers if isinstance(each, Granted)]
    assert [each.error for each in answers if isinstance(each, OAuthError)] == ["invalid_grant"] * 49
    assert not await tokens.opens(granted.access_token)

    granted = await tokens.granted()
    refreshed = await asyncio.gather(*(tokens.refreshed(granted.refresh_token) for _ in range(20)))
    assert len({each.refresh_token for each in refreshed}) == len({each.access_token for each in refreshed}) == 1
    assert await tokens.opens(refreshed[0].access_token)

    device = await device_for_alice(scene)
    person = await scene.browser()
    await person.send((await device.asked(person)).forms[0], decision="allow")
    polls = await asyncio.gather(*(device.poll() for _ in range(20)))
    assert sorted(answer.status_code for answer in polls) == [200] + [400] * 19
