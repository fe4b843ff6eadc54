"""Who signs in at a provider with several sites gets the one that was meant, without looking up its id."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from integrations.catalog import Catalog
from tests.flows.product import open_product
from tests.gateway.portal.shop import Shop
from tests.gateway.portal.sites_provider import SitesProvider, sites_provider
from tests.gateway.portal.visiting import Page
from tests.parts.rest import Rest
from tests.parts.served import serving

ATLASSIAN = ("jira-cloud", "confluence")
AT_ATLASSIAN = ("https://auth.atlassian.com", "https://api.atlassian.com")


@dataclass
class Scene:
    """A shop with Harbor in it, and Harbor."""

    shop: Shop
    harbor: SitesProvider

    async def connect(self, name: str = "harbor", **entered: str) -> Page:
        """Connect from a link to the last page, with these entries in the form before the provider."""
        person = await self.shop.browser()
        return await person.begin(await self.shop.link(integrationName=name), **entered)

    async def site(self) -> str:
        """Which site the connected account works in."""
        ran = await self.shop.product.execute("harbor", "where", "alice")
        return ran.json()["output"]["site"]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        harbor = await stack.enter_async_context(sites_provider())
        manifest = tmp_path / "harbor.yaml"
        manifest.write_text(harbor.manifest)
        catalog = Catalog(further=[manifest])
        served = await stack.enter_async_context(
            serving(
                tmp_path,
                catalog=lambda: catalog,
                egress_allow=("127.0.0.1",),
                urls={"harbor": {}, **dict.fromkeys(ATLASSIAN, dict.fromkeys(AT_ATLASSIAN, harbor.url))},
                apps={name: {"client_id": "toolgate", "client_secret": "s"} for name in ("harbor", *ATLASSIAN)},
            )
        )
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=served.url))
        product = await open_product(Rest(client))
        for name in ("harbor", *ATLASSIAN):
            await product.add(name)
        yield Scene(Shop(served, product, stack), harbor)


async def test_the_only_site_is_taken_without_a_question(scene: Scene) -> None:
    done = await scene.connect()
    assert "Harbor is connected" in done.text
    assert "Ada" in done.text
    assert await scene.site() == "north-1"


async def test_of_several_sites_the_one_that_was_entered_is_taken(scene: Scene) -> None:
    scene.harbor.sites = ["north", "south"]
    assert "Harbor is connected" in (await scene.connect(**{"main.data.site": "south"})).text
    assert await scene.site() == "south-1"


async def test_of_several_sites_none_is_guessed_and_the_page_says_what_to_enter(scene: Scene) -> None:
    scene.harbor.sites = ["north", "south"]
    refused = await scene.connect()
    assert "Harbor gave access, but there are several that could be meant" in refused.text
    assert "https://north.harbor.example, https://south.harbor.example" in refused.text
    assert "please enter which one: Site. Please start again." in refused.text
    assert await scene.shop.connections() == []


async def test_a_site_that_the_account_does_not_open_is_refused(scene: Scene) -> None:
    refused = await scene.connect(**{"main.data.site": "east"})
    assert "what was entered is none of those that it opens (https://north.harbor.example)" in refused.text
    assert await scene.shop.connections() == []


async def test_a_provider_that_tells_no_sites_just_now_is_told_as_that(scene: Scene) -> None:
    scene.harbor.is_down = True
    assert "could not be asked" in (await scene.connect()).text
    assert await scene.shop.connections() == []


async def test_a_backend_that_brings_a_token_need_not_know_the_site_either(scene: Scene) -> None:
    brought = {
        "type": "OAUTH2",
        "integrationName": "harbor",
        "externalId": "alice-at-harbor",
        "displayName": "Harbor of Alice",
        "workspaceId": scene.shop.product.workspace_id,
        "endUserId": "alice",
        "accessToken": "a-token",
        "expiresIn": 3600,
    }
    made = await scene.shop.rest.post("/connections", brought)
    assert made.status_code == 201, made.text
    assert await scene.site() == "north-1"
    scene.harbor.sites = ["north", "south"]
    refused = await scene.shop.rest.post("/connections", {**brought, "externalId": "another"})
    assert refused.status_code == 400
    assert "there are several that could be meant" in refused.json()["error"]
    known = {**brought, "externalId": "a-third", "data": {"site_id": "south-1"}}
    assert (await scene.shop.rest.post("/connections", known)).status_code == 201


@pytest.mark.parametrize("name", ATLASSIAN)
async def test_at_atlassian_the_address_of_the_site_is_enough(scene: Scene, name: str) -> None:
    scene.harbor.sites = ["north", "south"]
    assert "https://south.atlassian.net" in (await scene.connect(name)).text
    done = await scene.connect(name, **{"oauth.data.site": "south"})
    assert "Ada of the south" in done.text
