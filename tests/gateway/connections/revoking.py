"""A gateway whose connections are to be ended at an Acme that counts revocations."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gateway.acme import MANIFEST, Acme, RunningAcme, run_acme
from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from storage.records import Connection, Revocation
from storage.scope import TenantScope
from tests.flows.product import Product, open_product
from tests.gateway.connections.renewing import HandClock, with_acme
from tests.parts.rest import Rest


@dataclass
class Ending:
    """The stage: a product whose people have accounts at Acme."""

    gateway: Gateway
    acme: RunningAcme
    clock: HandClock
    product: Product

    @property
    def rest(self) -> Rest:
        return self.product.rest

    async def connect(self, person: str | None, *, account: str | None = None, **fields: Any) -> dict[str, Any]:
        """Connect an account with living tokens; `account` is its id at the provider, where that is known."""
        tokens = self.acme.app.issue_token(person or "alice")
        given: dict[str, Any] = {
            "refreshToken": tokens.get("refresh_token"),
            "expiresIn": tokens["expires_in"],
            **fields,
        }
        shown = await self.product.connect(person, tokens["access_token"], **given)
        if account is not None:
            await self.change(shown["id"], account_id=account, account_label=f"{account}@acme.example")
        return shown

    async def change(self, connection_id: str, **values: Any) -> None:
        """Set columns of a connection."""
        async with self.gateway.database.write() as tx:
            row = await tx.connections.get(await self._scope(), connection_id)
            assert row is not None
            await tx.connections.update(row, **values)

    async def row(self, connection_id: str) -> Connection | None:
        """Return a connection's row."""
        async with self.gateway.database.read() as tx:
            return await tx.connections.get(await self._scope(), connection_id)

    async def told(self) -> int:
        """Let everything that is due be sent; returns how often Acme has revoked something."""
        while await self.gateway.revoking.revoker.send_due() == 0:
            pass
        return self.acme.app.counters.revocations

    async def waiting(self) -> list[Revocation]:
        """Return the rows of what is still to be revoked, of all tenants."""
        async with self.gateway.database.read() as tx:
            return await tx.revocations.all_sealed(after="", limit=1000)

    async def shown(self) -> list[dict[str, Any]]:
        """Return what REST lists."""
        return (await self.rest.get("/revocations")).json()["revocations"]

    async def delete(self, path: str) -> None:
        """Delete something over REST."""
        answer = await self.rest.delete(path)
        assert answer.status_code == 200, answer.text

    async def _scope(self) -> TenantScope:
        async with self.gateway.database.read() as tx:
            return TenantScope(next(each.id for each in await tx.organizations.all() if each.slug == "shop"))


Change = Callable[[str], str]


@asynccontextmanager
async def ending(settings: Settings, folder: Path, *, manifest: Change = lambda text: text) -> AsyncGenerator[Ending]:
    """Open the stage, with Acme's manifest changed by `manifest`."""
    clock = HandClock()
    async with (
        run_acme(Acme(clock=clock)) as acme,
        reopened(settings, folder, acme=acme, clock=clock, manifest=manifest) as (gateway, client),
    ):
        product = await open_product(Rest(client))
        await product.add("acme")
        yield Ending(gateway, acme, clock, product)


@asynccontextmanager
async def reopened(
    settings: Settings, folder: Path, *, acme: RunningAcme, clock: HandClock, manifest: Change = lambda text: text
) -> AsyncGenerator[tuple[Gateway, httpx2.AsyncClient]]:
    """Open a gateway on the settings' database that reaches this Acme."""
    file = folder / "acme.yaml"
    file.write_text(manifest(MANIFEST.read_text()))
    catalog = Catalog(further=[file])
    async with open_gateway(with_acme(settings, acme), clock=clock, catalog=catalog) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
            yield gateway, client


def account_wide(text: str) -> str:
    """Say of Acme that a revocation ends all grants of the account."""
    old = "auth: basic, token: refresh_token}"
    assert old in text
    return text.replace(old, "auth: basic, token: refresh_token, account_wide: true}")


def by_access_token(text: str) -> str:
    """Say of Acme that the access token is what is to be revoked."""
    assert "auth: basic, token: refresh_token}" in text
    return text.replace("auth: basic, token: refresh_token}", "auth: basic}")
