"""A product that signs its hand-offs, as the docs show it: for a program's sign-in and for a link of a tool's answer.

In a real Chromium, with the product on another site: what browsers do with cookies and forms is half of the promise.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.flows.product import Product, Server, open_product
from tests.flows.signing_in import for_alice_and_bob, python_auth, signed_in_python
from tests.flows.signing_products import key_of, on_another_site, product_of, session_of
from tests.parts.browser import take_pictures
from tests.parts.loopback import answer, answering
from tests.parts.rest import Rest
from tests.parts.served import Served, serving

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Browser, BrowserContext, Page

each_language = pytest.mark.parametrize("kind", ["python", "node"])


@dataclass
class Shop:
    """A gateway, and a product at which people log in."""

    served: Served
    product: Product
    server: Server
    page: str
    """Where the product's hand-off page is, on another site."""

    async def at_home(self, chromium: "Browser", person: str, **options: Any) -> "BrowserContext":
        """A browser in which somebody is logged in at the product."""
        context = await chromium.new_context(**options)
        await context.add_cookies([session_of(person, self.page)])  # pyright: ignore[reportArgumentType]
        return context


@pytest.fixture
async def shop(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    # The published keys are on this machine, which nothing reaches unless it is allowed.
    async with (
        serving(tmp_path, egress_allow=("127.0.0.1",)) as served,
        httpx2.AsyncClient(base_url=served.url, timeout=30, trust_env=False) as client,
        product_of(kind, served, request) as page,
    ):
        product = await open_product(Rest(client))
        server, workspace = await for_alice_and_bob(product, served), f"/workspaces/{product.workspace_id}"
        there = on_another_site(page)
        changed = await product.rest.patch(workspace, {"settings": {"handoffUrl": there}})
        assert changed.status_code == 200, changed.text
        given = await product.rest.put(f"{workspace}/handoff-key", key_of(kind, page))
        assert given.status_code == 200, given.text
        assert given.json()["handoffKey"]["tokenUrl"] == f"{served.url}/connect/handoff"
        yield Shop(served, product, server, there)


@dataclass
class AtTheScreen:
    """Somebody who clicks."""

    page: "Page"

    async def sign_in(self, authorize_url: str) -> str:
        await self.page.goto(authorize_url)
        await self.page.get_by_role("button", name="Continue with Shop").click()
        await self.page.get_by_role("heading", name="Allow “Python agent” to act for you?").wait_for()
        await self.page.get_by_role("button", name="Allow", exact=True).click()
        await self.page.get_by_text("You may close this page.").wait_for()
        return self.page.url


@each_language
async def test_a_program_s_person_signs_in_by_a_token_of_the_product(shop: Shop, chromium: "Browser") -> None:
    done = answer(b"<p>You may close this page.</p>", "content-type: text/html")
    async with answering(done) as program:
        alice = AtTheScreen(await (await shop.at_home(chromium, "alice")).new_page())
        auth = python_auth(shop.server.endpoint, alice, callback_url=f"http://127.0.0.1:{program.port}/callback")
        async with signed_in_python(shop.server.endpoint, auth, mode="auto") as agent:
            assert (await agent.call("acme__whoami")).structured["id"] == "alice"


@each_language
async def test_the_same_product_opens_a_link_of_a_tool_s_answer_without_any_script(
    shop: Shop, chromium: "Browser"
) -> None:
    link = await setup_url(shop)
    page = await (await shop.at_home(chromium, "alice", java_script_enabled=False)).new_page()
    await page.goto(link)
    await page.get_by_role("button", name="Continue to Shop").click()
    # The product's page, on which a script would have clicked.
    await page.wait_for_url(f"{shop.page}?challenge=*")
    async with page.expect_request("**/connect/handoff") as posted:
        await page.get_by_role("button", name="Continue").click()
    await page.get_by_text("You are known here").wait_for()
    assert page.url == link
    # As this step is made for: the cookie that opens the way back came neither with the form nor was it replaced.
    assert "cookie" not in await (await posted.value).all_headers()
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url("**/connect/portal?token=eut_*")


@pytest.mark.parametrize("kind", ["python"])
async def test_who_is_lured_to_the_product_s_page_by_another_s_challenge_is_told_so_and_lets_nobody_in(
    shop: Shop, chromium: "Browser"
) -> None:
    link = await setup_url(shop)
    attacker = await (await chromium.new_context()).new_page()
    await attacker.goto(link)
    async with attacker.expect_request(f"{shop.page}?challenge=*") as begun:
        await attacker.get_by_role("button", name="Continue to Shop").click()
    alice = await (await shop.at_home(chromium, "alice")).new_page()
    await alice.goto((await begun.value).url)
    await alice.get_by_role("heading", name="This way back is not yours").wait_for()
    await attacker.goto(link)
    await attacker.get_by_role("button", name="Continue to Shop").wait_for()


@pytest.mark.parametrize("kind", ["python"])
async def test_a_token_that_is_refused_says_so_to_the_person_and_to_whoever_runs_the_product(
    shop: Shop, chromium: "Browser"
) -> None:
    await shop.product.rest.put(f"/workspaces/{shop.product.workspace_id}/handoff-key", {"secret": "another" * 5})
    page = await (await shop.at_home(chromium, "alice")).new_page()
    await page.goto(await setup_url(shop))
    await page.get_by_role("button", name="Continue to Shop").click()
    await page.get_by_role("heading", name="Signing in did not work").wait_for()
    await page.get_by_text("the signature is not made with the key of this workspace").wait_for()
    await take_pictures(page, "setup, a signed hand-off that is refused")


async def setup_url(shop: Shop) -> str:
    """Let an agent call a tool that lacks alice's account; returns the link that it is given."""
    await shop.product.add("acme", alias="second")
    wanted = {"integrationName": "acme", "integrationAlias": "second", "actionName": "list_notes", "endUserId": "alice"}
    workspace = {"workspaceId": shop.product.workspace_id}
    answer = await shop.product.rest.post("/actions/execute", {**wanted, **workspace, "input": {}})
    assert answer.json()["code"] == "CONNECTION_REQUIRED", answer.text
    return answer.json()["details"]["setupUrl"]
