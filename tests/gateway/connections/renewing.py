"""A gateway with one OAuth connection to an Acme whose tokens expire by the same clock."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from gateway.acme import MANIFEST, Acme, RunningAcme, run_acme
from gateway.app import create_app
from gateway.connections.endings import Endings
from gateway.connections.grants import Grants
from gateway.connections.refresh import Refresh
from gateway.kit.clock import Clock
from gateway.settings import IntegrationSettings, Settings
from gateway.tenancy.catalogs import Catalogs
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from integrations.ports import Http, HttpRequest, HttpResponse
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


def refresh_through(
    gateway: Gateway, http: Http, *, patience_seconds: float = 60.0, catalog: Catalog | None = None
) -> Refresh:
    """Return a second `Refresh` of this gateway, which asks providers through `http`."""
    return Refresh(
        database=gateway.database,
        grants=Grants(
            catalogs=Catalogs(catalog or gateway.catalogs.shipped, changes=gateway.changes),
            apps=gateway.connecting.clients.apps,
            registrations=gateway.connecting.clients.registrations,
            safe=gateway.safe,
        ),
        safe=gateway.safe,
        scopes=gateway.missing_scopes,
        endings=Endings(gateway.revoking.revocations, clock=gateway.clock),
        http=http,
        clock=gateway.clock,
        patience_seconds=patience_seconds,
    )


class HeldHttp:
    """Sends requests, and holds back their answers until told."""

    def __init__(self, inner: Http) -> None:
        self._inner = inner
        self.has_answer = asyncio.Event()
        self.may_return = asyncio.Event()

    async def send(self, request: HttpRequest) -> HttpResponse:
        response = await self._inner.send(request)
        self.has_answer.set()
        await self.may_return.wait()
        return response


@asynccontextmanager
async def staged(settings: Settings, clock: HandClock) -> AsyncGenerator[Stage]:
    """Open the stage."""
    async with provider(clock) as acme, opened(settings, clock, acme) as (gateway, client):
        product = await open_product(Rest(client))
        await product.add("acme")
        stage = Stage(gateway, acme, clock, product)
        await stage.connect()
        yield stage


@asynccontextmanager
async def provider(clock: HandClock) -> AsyncGenerator[RunningAcme]:
    """Run an Acme whose tokens live 100 seconds of this clock."""
    acme = Acme(clock=clock)
    acme.chaos.access_token_seconds = LIFETIME
    async with run_acme(acme) as running:
        yield running


@asynccontextmanager
async def opened(
    settings: Settings, clock: Clock, acme: RunningAcme
) -> AsyncGenerator[tuple[Gateway, httpx2.AsyncClient]]:
    """Open a gateway that reaches this Acme, with a client of it."""
    catalog = Catalog(further=[MANIFEST])
    async with open_gateway(with_acme(settings, acme), clock=clock, catalog=catalog) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
            yield gateway, client


def with_acme(settings: Settings, acme: RunningAcme) -> Settings:
    """Return the settings with Acme's address and the OAuth app that it knows."""
    app = acme.app.client
    known = {"client_id": app.id, "client_secret": app.secret, "urls": acme.urls}
    return settings.model_copy(update={"integrations": {"acme": IntegrationSettings.model_validate(known)}})
