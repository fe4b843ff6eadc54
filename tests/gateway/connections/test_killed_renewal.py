"""Claims about a process that is killed in the middle of a renewal."""

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.acme import RunningAcme
from gateway.settings import Settings
from storage.records import Connection
from tests.flows.product import open_product
from tests.gateway.connections.renewing import LIFETIME, HandClock, Stage, opened, provider
from tests.parts.rest import Rest

ROOT = Path(__file__).parents[3]

BEFORE = "before the provider is asked"
ANSWERED = "after the answer, before the commit"
COMMITTED = "after the commit"


async def renew_until_killed(
    settings: Settings, acme: RunningAcme, row: Connection, *, clock: HandClock, step: str
) -> None:
    """Renew this connection in a process of its own, which dies at the step."""
    app = acme.app.client
    known = {"client_id": app.id, "client_secret": app.secret, "urls": dict(acme.urls)}
    given = {
        "settings": {
            "data_dir": str(settings.data_dir),
            "public_url": settings.public_url,
            "integrations": {"acme": known},
        },
        "now": clock.now.isoformat(),
        "step": step,
        "organization_id": row.organization_id,
        "connection_id": row.id,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.gateway.connections.killed_renewal", json.dumps(given), cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("step", "rotates", "works", "refreshes"),
    [
        (BEFORE, True, True, 1),
        (ANSWERED, True, False, 1),
        (ANSWERED, False, True, 2),
        (COMMITTED, True, True, 1),
    ],
)
async def test_a_process_killed_in_a_renewal_leaves_what_the_next_call_or_a_reconnect_mends(
    settings: Settings, step: str, rotates: bool, works: bool, refreshes: int
) -> None:
    clock = HandClock()
    async with provider(clock) as acme:
        acme.app.chaos.rotate_refresh_tokens = rotates
        async with opened(settings, clock, acme) as (gateway, client):
            product = await open_product(Rest(client))
            await product.add("acme")
            stage = Stage(gateway, acme, clock, product)
            await stage.connect()
            row = await stage.row()
        clock.advance(LIFETIME)

        await renew_until_killed(settings, acme, row, clock=clock, step=step)

        async with opened(settings, clock, acme) as (gateway, client):
            product = replace(product, rest=Rest(client, product.rest.headers))
            stage = replace(stage, gateway=gateway, product=product)
            assert await stage.succeeds() is works
            assert acme.app.counters.refreshes == refreshes
            if not works:
                answer = (await stage.call()).json()
                assert answer["code"] == "CONNECTION_REQUIRED"
                assert "/connect/s/" in answer["details"]["setupUrl"]
                assert "The answer to an earlier renewal was lost" in (await stage.connection())["lastError"]
                await reconnect(stage)
                assert await stage.succeeds()


async def reconnect(stage: Stage) -> None:
    tokens = stage.acme.app.issue_token("alice")
    given = {"accessToken": tokens["access_token"], "refreshToken": tokens.get("refresh_token"), "expiresIn": LIFETIME}
    answer = await stage.product.rest.put(f"/connections/{stage.shown['id']}/credentials", given)
    assert answer.status_code == 200, answer.text
