"""Forms whose entries buy a token at the provider: client credentials, and fields of a provider's own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from gateway.kit.clock import system_clock
from integrations.catalog import Catalog
from tests.flows.product import open_product
from tests.gateway.connections.token_shop import TokenShop, token_shop
from tests.gateway.portal.shop import Shop
from tests.gateway.portal.visiting import Page, Person
from tests.parts.rest import Rest
from tests.parts.served import serving

CLIENT = {"client.props.client_id": "acme", "client.props.client_secret": "a-password"}
LOGIN = {"login.props.user": "acme", "login.props.password": "a-password"}
BOTH = pytest.mark.parametrize(
    ("method", "entry", "secret"),
    [("client", CLIENT, "client.props.client_secret"), ("login", LOGIN, "login.props.password")],
)


@dataclass
class Scene:
    """A shop with Vault in it, and the Vault that sells it tokens."""

    shop: Shop
    vault: TokenShop

    async def form(self, method: str) -> tuple[Person, Page]:
        """Open the form of an auth method in a fresh browser."""
        person = await self.shop.browser()
        return person, await person.open(f"{await self.shop.link(integrationName='vault')}&method={method}")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        vault = await stack.enter_async_context(token_shop(system_clock))
        manifest = tmp_path / "vault.yaml"
        manifest.write_text(vault.manifest)
        catalog = Catalog(further=[manifest])
        served = await stack.enter_async_context(
            serving(tmp_path, catalog=lambda: catalog, egress_allow=("127.0.0.1",))
        )
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=served.url))
        product = await open_product(Rest(client))
        await product.add("vault")
        yield Scene(Shop(served, product, stack), vault)


@BOTH
async def test_what_the_person_enters_is_tried_kept_and_used(
    scene: Scene, method: str, entry: dict[str, str], secret: str
) -> None:
    person, page = await scene.form(method)
    assert 'type="password"' in page.html
    done = await person.send(page.form(f"{person.at}/connect/credential"), **entry)
    assert "Vault is connected" in done.text
    assert "acme" in done.text
    assert entry[secret] not in done.html
    [connection] = await scene.shop.connections()
    assert (connection["type"], connection["status"]) == ("CUSTOM_AUTH", "ACTIVE")
    assert "expiresAt" in connection
    ran = await scene.shop.product.execute("vault", "get_status", "alice")
    assert ran.json()["output"] == {"owner": "acme"}
    assert len(scene.vault.sold) == 1


@BOTH
async def test_what_buys_nothing_is_told_beside_its_field_and_not_kept(
    scene: Scene, method: str, entry: dict[str, str], secret: str
) -> None:
    person, page = await scene.form(method)
    wrong = {**entry, secret: "a-wrong-password"}
    again = await person.send(page.form(f"{person.at}/connect/credential"), **wrong)
    assert again.status == 422
    assert "Vault does not accept this" in again.text
    assert "a-wrong-password" not in again.html
    assert await scene.shop.connections() == []


@BOTH
async def test_a_provider_that_is_away_is_told_as_such(
    scene: Scene, method: str, entry: dict[str, str], secret: str
) -> None:
    scene.vault.is_down = True
    person, page = await scene.form(method)
    again = await person.send(page.form(f"{person.at}/connect/credential"), **entry)
    assert "could not be asked" in again.text
    assert entry[secret] not in again.html
    assert await scene.shop.connections() == []
