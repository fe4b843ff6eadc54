"""A gateway with one OAuth connection to an Acme whose tokens expire by the same clock."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from gateway.acme import MANIFEST, Acme, RunningAcme, run_acme
from gateway.app import create_app
from gateway.settings import IntegrationSettings, Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from storage.records import Connection
from storage.scope import TenantScope
from tests.flows.product import Product, open_product
from tests.parts.rest import Rest

LIFETIME = 100


class HandClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Stage:
    """Alice's account at Acme, connected with an access token of 100 seconds and a refresh token."""

    gateway: Gateway
    acme: RunningAcme
    clock: HandClock
    product: Product
    shown: dict[str, Any] = field(default_factory=dict[str, Any])

    async def connect(self, **fields: Any) -> None:
        """Connect the account, as a backend that already holds tokens does."""
        tokens = self.acme.app.issue_token("alice")
        given: dict[str, Any] = {"refreshToken": tokens.get("refresh_token"), "expiresIn": tokens["expires_in"]}
        self.shown = await self.product.connect("alice", tokens["access_token"], **{**given, **fields})

    async def call(self) -> httpx2.Response:
        """Make a tool call as alice."""
        return await self.product.execute("acme", "whoami", "alice")

    async def succeeds(self) -> bool:
        """Make a tool call; whether it worked."""
        return (await self.call()).status_code == 200

    async def connection(self) -> dict[str, Any]:
        """Return the connection as REST shows it."""
        return (await self.product.rest.get("/connections", id=self.shown["id"])).json()["connection"]

    async def row(self) -> Connection:
        """Return the connection's row."""
        async with self.gateway.database.read() as tx:
            organization = (await tx.organizations.all())[0]
            found = await tx.connections.get(TenantScope(organization.id), self.shown["id"])
        assert found is not None
        return found

    async def refresh_token(self) -> str:
        """Return the refresh token that is kept."""
        return self.gateway.safe.open(await self.row()).values["refresh_token"]


@asynccontextmanager
async def staged(settings: Settings, clock: HandClock) -> AsyncGenerator[Stage]:
    """Open the stage."""
    acme = Acme(clock=clock)
    acme.chaos.access_token_seconds = LIFETIME
    async with (
        run_acme(acme) as running,
        open_gateway(with_acme(settings, running), clock=clock, catalog=Catalog(further=[MANIFEST])) as gateway,
    ):
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
            product = await open_product(Rest(client))
            await product.add("acme")
            stage = Stage(gateway, running, clock, product)
            await stage.connect()
            yield stage


def with_acme(settings: Settings, running: RunningAcme) -> Settings:
    """Return the settings with Acme's address and the OAuth app that it knows."""
    app = running.app.client
    acme = IntegrationSettings.model_validate({"client_id": app.id, "client_secret": app.secret, "urls": running.urls})
    return settings.model_copy(update={"integrations": {"acme": acme}})
