"""A workspace with Acme in it, whose product hands out links, and people who follow them."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from gateway.acme import MANIFEST
from integrations.catalog import Catalog
from tests.flows.product import Product, open_product
from tests.gateway.portal.visiting import Person
from tests.parts.rest import Rest
from tests.parts.served import Served, serving

_LEDGER = Path(__file__).parent / "ledger.yaml"


class Shop:
    """A workspace with Acme in it, whose product hands out links."""

    def __init__(self, served: Served, product: Product, browsers: AsyncExitStack) -> None:
        self.served = served
        self.product = product
        self._browsers = browsers

    @property
    def rest(self) -> Rest:
        return self.product.rest

    async def browser(self, **options: Any) -> Person:
        """A fresh browser."""
        client = await self._browsers.enter_async_context(httpx2.AsyncClient(**options))
        return Person(client, self.served.url)

    async def end_user(self, external_id: str = "alice") -> dict[str, Any]:
        """Read an end user with the connections there are."""
        answer = await self.rest.get("/end-users", workspaceId=self.product.workspace_id)
        found = next(each for each in answer.json()["endUsers"] if each["externalId"] == external_id)
        return (await self.rest.get(f"/end-users/{found['id']}")).json()

    async def connections(self, external_id: str = "alice") -> list[dict[str, Any]]:
        """Read what an end user has connected."""
        return (await self.end_user(external_id))["connections"]

    async def link(self, external_id: str = "alice", **fields: Any) -> str:
        """Have a portal link for Acme made, or for what `fields` say."""
        end_user = (await self.end_user(external_id))["endUser"]
        answer = await self.rest.post(
            f"/end-users/{end_user['id']}/connect-token", fields or {"integrationName": "acme"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["connectUrl"]

    async def portal(self, external_id: str = "alice") -> str:
        """Have a link to all accounts made."""
        return await self.link(external_id, expiresIn=3600)

    async def session(self, **fields: Any) -> dict[str, Any]:
        """Have a connect session made."""
        wanted = {
            "integrationName": "acme",
            "connectionName": "Acme of Carol",
            "externalId": "carol-at-acme",
            "workspaceId": self.product.workspace_id,
            "endUserId": "carol",
        }
        answer = await self.rest.post("/connect/token", {**wanted, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def poll(self, session: dict[str, Any]) -> dict[str, Any]:
        """Ask how a session stands, as the SDK does."""
        answer = await self.rest.post("/connect/session/poll", {"token": session["token"]})
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def open_shop(folder: Path, **values: Any) -> AsyncGenerator[Shop]:
    """Open a shop whose people connect accounts of their own at Acme; `values` are settings."""
    async with AsyncExitStack() as stack:
        catalog = Catalog(further=[MANIFEST, _LEDGER])
        served = await stack.enter_async_context(serving(folder, catalog=lambda: catalog, **values))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=served.url))
        product = await open_product(Rest(client))
        await product.add("acme")
        yield Shop(served, product, stack)
