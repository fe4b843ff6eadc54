"""Claims about connecting in a popup: the product's page learns how it went, by message or by polling (contract 1.5)."""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.product import Product
from tests.parts.loopback import answer, answering
from tests.parts.served import Served

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

# What the original's TypeScript client does: a window of this name and size, and a listener that looks at the origin.
PRODUCT_PAGE = """<!doctype html><title>The product</title><button id="go">Connect Acme</button><script>
const address = %s;
window.heard = [];
addEventListener("message", (event) => heard.push({origin: event.origin, data: event.data}));
document.getElementById("go").onclick = () => {
  window.popup = open(address, "weavz-connect", "width=500,height=600");
};
</script>"""
"""What a page of the product does; the address is put in."""


@pytest.fixture
async def session(product: Product) -> dict[str, Any]:
    """A session that the product's backend has begun for alice."""
    wanted = {
        "integrationName": "acme",
        "connectionName": "Alice at Acme",
        "externalId": "alice-acme",
        "workspaceId": product.workspace_id,
        "endUserId": "alice",
    }
    begun = await product.rest.post("/connect/token", wanted)
    assert begun.status_code == 200, begun.text
    return begun.json()


@pytest.fixture
async def product_page(session: dict[str, Any], chromium: "Browser") -> AsyncIterator["Page"]:
    """The product's own page, of another origin than the gateway, in somebody's browser."""
    html = PRODUCT_PAGE % json.dumps(session["connectUrl"])
    async with answering(answer(html.encode(), "content-type: text/html; charset=utf-8")) as site:
        page = await chromium.new_page()
        await page.goto(f"http://127.0.0.1:{site.port}")
        yield page


async def approve(popup: "Page", decision: str = "Allow") -> None:
    await popup.get_by_role("button", name="Continue to Acme").click()
    await popup.get_by_label("Alice").check()
    await popup.get_by_role("button", name=decision, exact=True).click()


async def cut_apart(route: "Route") -> None:
    """Serve a provider's page as one that wants nothing to do with the window that opened it."""
    shown = await route.fetch()
    await route.fulfill(response=shown, headers={**shown.headers, "Cross-Origin-Opener-Policy": "same-origin"})


async def heard(page: "Page") -> dict[str, Any]:
    """The first message that the product's page got."""
    await page.wait_for_function("heard.length > 0")
    return await page.evaluate("heard[0]")


@pytest.mark.promise("000-7")
async def test_a_popup_tells_the_page_that_opened_it_which_account_was_connected(
    product_page: "Page", served: Served, product: Product
) -> None:
    async with product_page.expect_popup() as opened:
        await product_page.click("#go")
    await approve(await opened.value)
    message = await heard(product_page)
    [connection] = (await product.rest.get("/connections")).json()["connections"]
    assert message == {
        "origin": served.url,
        "data": {
            "type": "weavz-connect-result",
            "status": "success",
            "connectionId": connection["id"],
            "integrationName": "acme",
            "externalId": "alice-acme",
            "error": None,
        },
    }


async def test_a_popup_tells_as_well_that_the_person_declined(product_page: "Page", served: Served) -> None:
    async with product_page.expect_popup() as opened:
        await product_page.click("#go")
    await approve(await opened.value, "Don\u2019t allow")
    message = await heard(product_page)
    assert message["origin"] == served.url
    assert (message["data"]["status"], message["data"]["connectionId"]) == ("error", None)
    assert "did not allow" in message["data"]["error"]


async def test_where_the_browser_cuts_the_windows_apart_polling_tells(
    product_page: "Page", session: dict[str, Any], product: Product
) -> None:
    await product_page.context.route("**/oauth/authorize?*", cut_apart)
    async with product_page.expect_popup() as opened:
        await product_page.click("#go")
    popup = await opened.value
    await approve(popup)
    await popup.get_by_role("heading", name="Acme is connected").wait_for()
    polled = await product.rest.post("/connect/session/poll", {"token": session["token"]})
    assert polled.json()["status"] == "COMPLETED"
    assert await popup.evaluate("window.opener") is None
    assert await product_page.evaluate("heard") == []
