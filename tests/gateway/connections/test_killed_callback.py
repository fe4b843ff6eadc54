"""Claims about a process that is killed while somebody comes back from a provider."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.acme import RunningAcme
from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import Gateway
from storage.records import Connection
from storage.scope import TenantScope
from tests.flows.product import Product, open_product
from tests.gateway.connections.killed_callback import SAVED, STEPS, TAKEN
from tests.gateway.connections.renewing import HandClock, opened, provider
from tests.gateway.portal.visiting import Person
from tests.parts.rest import Rest

ROOT = Path(__file__).parents[3]


@dataclass
class Scene:
    """Alice at the connect pages of a gateway that is open for a while."""

    gateway: Gateway
    product: Product
    alice: Person

    async def end_user(self) -> dict[str, Any]:
        answer = await self.product.rest.get("/end-users", workspaceId=self.product.workspace_id)
        return next(each for each in answer.json()["endUsers"] if each["externalId"] == "alice")

    async def link(self) -> str:
        """Have a link for Acme made."""
        end_user = await self.end_user()
        answer = await self.product.rest.post(f"/end-users/{end_user['id']}/connect-token", {"integrationName": "acme"})
        return answer.json()["connectUrl"]

    async def rows(self) -> list[Connection]:
        """Alice's connections, each of which has to hold a credential."""
        async with self.gateway.database.read() as tx:
            organization = (await tx.organizations.all())[0]
            found = await tx.connections.of_end_user(TenantScope(organization.id), (await self.end_user())["id"])
        for row in found:
            assert self.gateway.safe.open(row).values["access_token"]
        return found

    async def call(self) -> httpx2.Response:
        return await self.product.execute("acme", "whoami", "alice")

    async def asks_to_connect(self) -> bool:
        answer = (await self.call()).json()
        return answer["code"] == "CONNECTION_REQUIRED" and "/connect/s/" in answer["details"]["setupUrl"]


@asynccontextmanager
async def scene(
    settings: Settings, acme: RunningAcme, clock: HandClock, *, before: Scene | None = None
) -> AsyncGenerator[Scene]:
    """Open the gateway, with the product and the cookies there were before."""
    async with opened(settings, clock, acme) as (gateway, client):
        ours = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(mounts={gateway.settings.public_url: ours}) as browser:
            if before is None:
                product = await open_product(Rest(client))
                await product.add("acme")
            else:
                product = Product(Rest(client, before.product.rest.headers), before.product.workspace_id)
                browser.cookies = before.alice.http.cookies
            yield Scene(gateway, product, Person(browser, gateway.settings.public_url))


async def die_in_callback(settings: Settings, acme: RunningAcme, clock: HandClock, **given: str) -> None:
    """Take the callback in a process of its own, which dies at the step."""
    app = acme.app.client
    known = {"client_id": app.id, "client_secret": app.secret, "urls": dict(acme.urls)}
    configured = {
        "data_dir": str(settings.data_dir),
        "public_url": settings.public_url,
        "integrations": {"acme": known},
    }
    said = json.dumps({"settings": configured, "now": clock.now.isoformat(), **given})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.gateway.connections.killed_callback", said, cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("reconnects", [False, True], ids=["new account", "broken account"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_process_killed_in_a_callback_leaves_what_the_person_can_go_on_with(
    settings: Settings, step: str, reconnects: bool
) -> None:
    clock = HandClock()
    async with provider(clock) as acme:
        async with scene(settings, acme, clock) as first:
            if reconnects:
                await first.product.connect_acme(acme, "alice")
                await first.gateway.refresh.mark_rejected((await first.rows())[0], "the provider said no")
            callback = await first.alice.callback(await first.alice.begin(await first.link()))
            cookie = "; ".join(f"{each.name}={each.value}" for each in first.alice.http.cookies.jar)

        await die_in_callback(settings, acme, clock, step=step, callback=callback, cookie=cookie)

        async with scene(settings, acme, clock, before=first) as second:
            again = await second.alice.open(callback)
            assert (again.status, "done already" in again.text) == (409, True)
            rows = await second.rows()
            if step == SAVED:
                assert [row.status for row in rows] == ["ACTIVE"]
            else:
                assert [row.status for row in rows] == (["ERROR"] if reconnects else [])
                assert await second.asks_to_connect()
                page = await second.alice.open(again.link("Continue"))
                consent = await second.alice.onward(
                    await second.alice.send(page.form(f"{second.alice.at}/connect/start"))
                )
                assert "Acme is connected" in (await second.alice.answer(consent)).text
            assert (await second.call()).status_code == 200
            assert [row.status for row in await second.rows()] == ["ACTIVE"]
        assert acme.app.counters.codes_redeemed == (1 if step in {TAKEN, SAVED} else 2)
