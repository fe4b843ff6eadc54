"""Claims about a process that is killed between a deletion and what the provider is to be told of it."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from gateway.acme import Acme, run_acme
from gateway.settings import Settings
from tests.flows.product import open_product
from tests.gateway.connections.renewing import HandClock
from tests.gateway.connections.revoking import Ending, reopened
from tests.parts.rest import Rest

ROOT = Path(__file__).parents[3]


async def test_the_next_process_tells_the_provider_what_the_killed_one_could_not(
    settings: Settings, tmp_path: Path
) -> None:
    clock = HandClock()
    async with run_acme(Acme(clock=clock)) as acme:
        async with reopened(settings, tmp_path, acme=acme, clock=clock) as (gateway, client):
            stage = Ending(gateway, acme, clock, await open_product(Rest(client)))
            shown = await stage.connect("alice")
            row = await stage.row(shown["id"])
        assert row is not None
        app = acme.app.client
        known = {"client_id": app.id, "client_secret": app.secret, "urls": dict(acme.urls)}
        given = {
            "settings": {
                "data_dir": str(settings.data_dir),
                "public_url": settings.public_url,
                "integrations": {"acme": known},
            },
            "now": clock.now.isoformat(),
            "organization_id": row.organization_id,
            "connection_id": row.id,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.gateway.connections.killed_deletion", json.dumps(given), cwd=ROOT
        )
        assert await process.wait() == -signal.SIGKILL
        assert acme.app.counters.revocations == 0

        async with reopened(settings, tmp_path, acme=acme, clock=clock) as (gateway, client):
            stage = Ending(gateway, acme, clock, stage.product)
            assert await stage.row(shown["id"]) is None
            assert await stage.told() == 1
            assert await stage.waiting() == []
