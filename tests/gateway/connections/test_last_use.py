from collections.abc import AsyncIterator

import pytest

from gateway.settings import Settings
from tests.gateway.connections.renewing import LIFETIME, HandClock, Stage, opened, provider, staged


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def stage(settings: Settings, clock: HandClock) -> AsyncIterator[Stage]:
    async with staged(settings, clock) as opened_stage:
        yield opened_stage


async def test_a_connection_tells_when_it_was_last_used(stage: Stage) -> None:
    assert "lastUsedAt" not in await stage.connection()
    stage.clock.advance(5)
    assert await stage.succeeds()
    await stage.gateway.last_use.write()
    assert (await stage.connection())["lastUsedAt"] == "2026-11-21T12:00:05.000Z"


async def test_use_is_written_once_a_minute_at_most(stage: Stage) -> None:
    assert await stage.succeeds()
    await stage.gateway.last_use.write()
    stage.clock.advance(59)
    assert await stage.succeeds()
    await stage.gateway.last_use.write()
    assert (await stage.connection())["lastUsedAt"] == "2026-11-21T12:00:00.000Z"
    stage.clock.advance(1)
    assert await stage.succeeds()
    await stage.gateway.last_use.write()
    assert (await stage.connection())["lastUsedAt"] == "2026-11-21T12:01:00.000Z"


async def test_what_is_noted_is_written_when_the_gateway_closes(settings: Settings, clock: HandClock) -> None:
    async with staged(settings, clock) as stage:
        stage.clock.advance(LIFETIME / 2)
        assert await stage.succeeds()
    async with provider(clock) as acme, opened(settings, clock, acme) as (gateway, _client):
        stage.gateway = gateway
        assert (await stage.row()).last_used_at == clock.now


async def test_noting_a_use_drops_no_cache(stage: Stage) -> None:
    heard: list[tuple[str, str]] = []
    stage.gateway.changes.subscribe(heard.extend)
    assert await stage.succeeds()
    await stage.gateway.last_use.write()
    assert ("connection", stage.shown["id"]) not in heard
