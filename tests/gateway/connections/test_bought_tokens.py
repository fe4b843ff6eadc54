"""Connections whose token is bought with what somebody entered, over REST and in use."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from storage.records import Connection
from storage.scope import TenantScope
from tests.flows.product import Product, open_product
from tests.gateway.connections.renewing import HandClock
from tests.gateway.connections.token_shop import TokenShop, token_shop
from tests.parts.rest import Rest, failure

CLIENT = {"authMethodKey": "client", "props": {"client_id": "acme", "client_secret": "a-password"}}
LOGIN = {"authMethodKey": "login", "props": {"user": "acme", "password": "a-password"}}
BOTH = pytest.mark.parametrize("entered", [CLIENT, LOGIN], ids=["client_credentials", "token_exchange"])


@dataclass
class Stage:
    """A product of which alice may connect her Vault."""

    gateway: Gateway
    shop: TokenShop
    clock: HandClock
    product: Product

    async def connect(self, entered: dict[str, Any], **fields: Any) -> httpx2.Response:
        body = {
            "type": "CUSTOM_AUTH",
            "integrationName": "vault",
            "externalId": "alices-vault",
            "displayName": "Alice's Vault",
            "workspaceId": self.product.workspace_id,
            "endUserId": "alice",
            **entered,
            **fields,
        }
        return await self.product.rest.post("/connections", body)

    async def call(self) -> httpx2.Response:
        return await self.product.execute("vault", "get_status", "alice")

    async def row(self) -> Connection:
        found = (await self.product.rest.get("/connections", integrationName="vault")).json()["connections"]
        async with self.gateway.database.read() as tx:
            organization = (await tx.organizations.all())[0]
            row = await tx.connections.get(TenantScope(organization.id), found[0]["id"])
        assert row is not None
        return row


@pytest.fixture
async def stage(settings: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    clock = HandClock()
    async with token_shop(clock) as shop:
        manifest = tmp_path / "vault.yaml"
        manifest.write_text(shop.manifest)
        allowed = settings.model_copy(update={"egress_allow": ("127.0.0.1",)})
        async with open_gateway(allowed, clock=clock, catalog=Catalog(further=[manifest])) as gateway:
            transport = httpx2.ASGITransport(app=create_app(gateway))
            async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
                product = await open_product(Rest(client))
                await product.add("vault")
                yield Stage(gateway, shop, clock, product)


@BOTH
async def test_what_was_entered_buys_a_token_that_calls_use(stage: Stage, entered: dict[str, Any]) -> None:
    assert (await stage.connect(entered)).status_code == 201
    assert (await stage.call()).json()["output"] == {"owner": "acme"}
    assert len(stage.shop.sold) == 1
    row = await stage.row()
    assert (row.account_id, row.account_label) == ("acme", "acme")


@BOTH
async def test_the_token_is_bought_again_before_it_expires_and_once_for_many_calls(
    stage: Stage, entered: dict[str, Any]
) -> None:
    await stage.connect(entered)
    stage.clock.advance(95)
    answers = await asyncio.gather(*(stage.call() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(stage.shop.sold) == 2
    stage.clock.advance(1000)
    assert (await stage.call()).status_code == 200
    assert len(stage.shop.sold) == 3


@BOTH
async def test_the_token_is_bought_again_when_the_provider_refuses_it(stage: Stage, entered: dict[str, Any]) -> None:
    await stage.connect(entered)
    stage.shop.forget_tokens()
    assert (await stage.call()).status_code == 200
    assert len(stage.shop.sold) == 2


@BOTH
async def test_what_buys_nothing_is_not_kept(stage: Stage, entered: dict[str, Any]) -> None:
    stage.shop.passwords["acme"] = "another"
    answer = await stage.connect(entered)
    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"].startswith("props: Vault does not accept this")
    assert "a-password" not in answer.text
    assert (await stage.product.rest.get("/connections")).json()["total"] == 0


@BOTH
async def test_nothing_is_kept_while_the_provider_is_away(stage: Stage, entered: dict[str, Any]) -> None:
    stage.shop.is_down = True
    answer = await stage.connect(entered)
    assert failure(answer) == (400, "ACTION_FAILED")
    assert answer.json()["details"]["reason"] == "provider_unavailable"
    assert (await stage.product.rest.get("/connections")).json()["total"] == 0


@BOTH
async def test_a_provider_that_is_away_later_ends_nothing(stage: Stage, entered: dict[str, Any]) -> None:
    await stage.connect(entered)
    stage.clock.advance(200)
    stage.shop.is_down = True
    assert (await stage.call()).json()["details"]["reason"] == "provider_unavailable"
    stage.shop.is_down = False
    stage.clock.advance(600)
    assert (await stage.call()).status_code == 200


@BOTH
async def test_a_changed_password_asks_to_connect_again_and_blames_no_app(
    stage: Stage, entered: dict[str, Any]
) -> None:
    await stage.connect(entered)
    stage.shop.passwords["acme"] = "another"
    stage.clock.advance(200)
    answer = await stage.call()
    assert (answer.json()["code"], answer.json()["details"]["reason"]) == (
        "CONNECTION_REQUIRED",
        "own_connection_broken",
    )
    row = await stage.row()
    assert row.status == "ERROR"
    assert "Connect the account again." in (row.last_error or "")
    assert "a-password" not in (row.last_error or "")


@BOTH
async def test_a_new_password_is_tried_before_it_replaces_the_old_one(stage: Stage, entered: dict[str, Any]) -> None:
    made = (await stage.connect(entered)).json()["connection"]
    path = f"/connections/{made['id']}/credentials"
    wrong = {**entered["props"], "client_secret" if entered is CLIENT else "password": "wrong"}
    assert failure(await stage.product.rest.put(path, {"props": wrong})) == (400, "VALIDATION_ERROR")
    assert (await stage.call()).status_code == 200
    stage.shop.passwords["acme"] = "a-new-password"
    fresh = {**entered["props"], "client_secret" if entered is CLIENT else "password": "a-new-password"}
    assert (await stage.product.rest.put(path, {"props": fresh})).status_code == 200
    stage.shop.forget_tokens()
    assert (await stage.call()).status_code == 200


async def test_a_client_asks_for_the_scopes_of_the_enabled_actions_then_and_later(stage: Stage) -> None:
    await stage.connect(CLIENT)
    assert stage.shop.sold[-1]["scope"] == "status doors"
    stage.clock.advance(200)
    await stage.call()
    assert stage.shop.sold[-1]["scope"] == "status doors"


async def test_what_was_entered_is_sealed_and_never_shown(stage: Stage) -> None:
    made = await stage.connect(CLIENT)
    row = await stage.row()
    shown = json.dumps([made.json(), (await stage.product.rest.get("/connections")).json(), repr(row)])
    assert "a-password" not in shown
    assert "token-1" not in shown
    assert b"a-password" not in row.sealed
