"""Claims about a process that is killed while events are on their way."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.gateway.webhooks.conftest import Backend
from tests.parts.receiver import Receiver
from tests.parts.rest import Rest, new_organization

ROOT = Path(__file__).parents[3]
EVENTS = 30


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Rest]:
    """Open the gateway; yields a REST client without a key."""
    async with open_gateway(settings) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            yield Rest(client)


async def settle(anybody: Rest, receiver: Receiver) -> tuple[Backend, dict[str, Any]]:
    """Make a product with a workspace and a webhook."""
    _, rest = await new_organization(anybody, "acme")
    workspace = await rest.made("/workspaces", {"name": "Main", "slug": "main"})
    backend = Backend(rest, workspace["id"])
    webhook, _ = await backend.registers(receiver.url)
    return backend, webhook


@pytest.mark.parametrize("silent", [False, True], ids=["between events", "in the middle of an attempt"])
async def test_what_a_killed_process_left_the_next_one_delivers(
    settings: Settings, receiver: Receiver, silent: bool
) -> None:
    async with opened(settings) as anybody:
        backend, webhook = await settle(anybody, receiver)

    receiver.hanging = lambda _heard: silent
    await connect_and_die(settings, backend)
    assert receiver.heard
    receiver.hanging = lambda _heard: False

    async with opened(settings) as anybody:
        await replace(backend, rest=Rest(anybody.client, backend.rest.headers)).noted(webhook, "DELIVERED", EVENTS)
    names = {heard.event["id"]: heard.event["data"]["connection"]["displayName"] for heard in receiver.heard}
    assert sorted(names.values()) == sorted(f"c{number}" for number in range(EVENTS))
    print(f"{len(receiver.heard)} attempts for {EVENTS} events")


async def test_what_is_being_sent_while_the_gateway_closes_is_sent_once(settings: Settings, receiver: Receiver) -> None:
    async with opened(settings) as anybody:
        backend, webhook = await settle(anybody, receiver)
        for number in range(EVENTS):
            await backend.connects(f"c{number}")
        await receiver.hears(1)
    async with opened(settings) as anybody:
        await replace(backend, rest=Rest(anybody.client, backend.rest.headers)).noted(webhook, "DELIVERED", EVENTS)
    assert len(receiver.heard) == EVENTS


async def connect_and_die(settings: Settings, backend: Backend) -> None:
    """Make connections in a process of its own, which is killed while it tells of them."""
    given = {
        "settings": {
            "data_dir": str(settings.data_dir),
            "public_url": settings.public_url,
            "egress_allow": list(settings.egress_allow),
        },
        "headers": backend.rest.headers,
        "workspaceId": backend.workspace_id,
        "count": EVENTS,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.gateway.webhooks.killed_delivery", json.dumps(given), cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL
