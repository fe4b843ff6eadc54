"""Claims about how often the endpoints may be asked, and what that leaves in the database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from storage.records import McpToken
from tests.gateway.oauth.asking import Asking, refusal
from tests.parts.clock import Time
from tests.parts.rest import Rest

HOUR = 3_600


@pytest.fixture
def time() -> Time:
    """A clock that stands at the beginning of an hour, so that no window ends while somebody counts."""
    time = Time()
    time.passed = timedelta(seconds=HOUR - time().timestamp() % HOUR)
    return time


@pytest.fixture
async def gateway(settings: Settings, time: Time) -> AsyncIterator[Gateway]:
    async with open_gateway(settings, clock=time) as opened:
        yield opened


async def service(asking: Asking, api: Rest) -> tuple[str, str]:
    """Make a service of the server; its id and secret."""
    wanted = {"name": "Nightly", "grantTypes": ["client_credentials"], "serverId": asking.server_id}
    made: dict[str, Any] = (await api.post("/oauth-clients", wanted)).json()
    return made["oauthClient"]["clientId"], made["clientSecret"]


async def fetch(asking: Asking, its: tuple[str, str]) -> httpx2.Response:
    return await asking.client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=its)


async def test_a_service_that_fetches_a_token_for_every_call_is_told_to_wait_and_others_are_not(
    asking: Asking, api: Rest, gateway: Gateway, time: Time
) -> None:
    its, others = await service(asking, api), await service(asking, api)
    answers = [await fetch(asking, its) for _ in range(62)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429] * 2
    assert refusal(answers[-1]) == (429, "temporarily_unavailable")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    async with gateway.database.read() as tx:
        held = await tx.session.scalar(select(func.count()).where(col(McpToken.kind) == "service"))
    assert held == 60
    assert (await fetch(asking, others)).status_code == 200
    time.passed += timedelta(minutes=1)
    assert (await fetch(asking, its)).status_code == 200
