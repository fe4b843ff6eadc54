"""The connect pages in a real Chromium; every state is drawn and pictured, in light and dark, wide and on a phone."""

import base64
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateway.portal.shop import Shop
from tests.gateway.portal.test_agents import let_in
from tests.parts.browser import take_pictures
from tests.parts.loopback import answer, answering

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Page, Route

DOCS = Path(__file__).parents[3] / "docs" / "connecting-accounts.md"
WIDTHS = (320, 160)
"""The narrowest phone, and what is left of it where somebody enlarges everything to 200 %."""
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="10" fill="#0a7d33"/>'
    '<path d="M11 29 20 11l9 18" fill="none" stroke="#fff" stroke-width="4" stroke-linejoin="round"/></svg>'
)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about: errors in scripts, and what a policy has blocked."""
    return []


@pytest.fixture
async def page(chromium: "Browser", complaints: list[str]) -> "Page":
    """A page of a browser of its own."""
    opened = await (await chromium.new_context()).new_page()

    def complain(said: "ConsoleMessage") -> None:
        if said.type == "error":
            complaints.append(f"{said.location['url']}: {said.text}")

    opened.on("console", complain)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    return opened


async def approve(page: "Page", person: str = "Alice Adams") -> None:
    await page.wait_for_url("**/oauth/authorize**")
    await page.get_by_text(person).click()
    await page.get_by_role("button", name="Allow", exact=True).click()


async def brand(shop: Shop, **branding: Any) -> None:
    whole = {"name": "Harbor", "accentColor": "#0a7d33", "supportUrl": "mailto:help@harbor.example", **branding}
    set_it = await shop.rest.patch(f"/workspaces/{shop.product.workspace_id}", {"settings": {"branding": whole}})
    assert set_it.status_code == 200, set_it.text


async def test_a_person_connects_by_approving_and_can_take_it_back(
    shop: Shop, page: "Page", complaints: list[str]
) -> None:
    logo = "data:image/svg+xml;base64," + base64.b64encode(LOGO.encode()).decode()
    await brand(shop, logo=logo)
    await page.goto(await shop.link())
    await take_pictures(page, "portal connect")
    await page.get_by_role("button", name="Continue to Acme").click()
    await approve(page)
    await page.wait_for_url("**/connect/portal**show=done**")
    assert "alice@acme.example" in await page.inner_text("main")
    await take_pictures(page, "portal done")
    await page.get_by_role("link", name="Manage this account").click()
    await take_pictures(page, "portal connected")
    await page.get_by_role("link", name="Disconnect").click()
    await take_pictures(page, "portal disconnect")
    await page.get_by_role("button", name="Disconnect").click()
    assert "Nothing is connected now" in await page.inner_text("main")
    await take_pictures(page, "portal removed")
    assert await shop.connections() == []
    assert [each for each in complaints if each.startswith(shop.served.url)] == []


async def test_a_wrong_key_is_told_beside_its_field_and_the_right_one_connects(shop: Shop, page: "Page") -> None:
    await page.goto(await shop.link())
    await page.get_by_role("link", name="An API key").click()
    await page.get_by_role("button", name="Connect").click()
    assert await page.locator(":focus").get_attribute("name") == "api_key.secretText"
    await take_pictures(page, "key missing")
    await page.get_by_label("API key").fill("acme-key-nobody")
    await page.get_by_role("button", name="Connect").click()
    await page.get_by_role("alert").wait_for()
    assert await page.get_by_label("API key").input_value() == ""
    await take_pictures(page, "key refused")
    await page.get_by_label("API key").fill("acme-key-alice")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**show=done**")
    assert "alice@acme.example" in await page.inner_text("main")


async def test_all_accounts_are_listed_with_how_they_stand(shop: Shop, page: "Page") -> None:
    await brand(shop)
    await shop.product.add("acme", alias="berlin", displayName="Acme Berlin")
    await shop.product.add("acme", "per_user_with_fallback", alias="team", displayName="Acme for the whole team in Rio")
    await page.goto(await shop.portal())
    await page.get_by_role("link", name="Connect Acme", exact=True).click()
    await page.get_by_role("button", name="Continue to Acme").click()
    await approve(page)
    await page.get_by_role("link", name="All accounts").click()
    await page.get_by_role("link", name="Connect Acme Berlin").click()
    await page.get_by_role("button", name="Continue to Acme").click()
    await approve(page, "Bob Brown")
    shop.served.acme.app.revoke_tokens("bob")
    await shop.rest.post(
        "/actions/execute",
        {
            "integrationName": "acme",
            "actionName": "whoami",
            "workspaceId": shop.product.workspace_id,
            "integrationAlias": "berlin",
            "endUserId": "alice",
        },
    )
    await page.get_by_role("link", name="All accounts").click()
    shown = await page.inner_text("main")
    for state in ("Connected as alice@acme.example", "has to be connected again", "Not connected"):
        assert state in shown
    await take_pictures(page, "portal list")
    await page.get_by_role("link", name="Reconnect").click()
    await take_pictures(page, "portal broken")


async def test_another_account_is_asked_about_before_it_replaces(shop: Shop, page: "Page") -> None:
    await page.goto(await shop.link())
    await page.get_by_role("button", name="Continue to Acme").click()
    await approve(page)
    await page.get_by_role("link", name="Manage this account").click()
    await page.get_by_role("button", name="Connect another account").click()
    await approve(page, "Bob Brown")
    await page.wait_for_url("**/connect/replace**")
    await take_pictures(page, "portal replace")
    await page.reload()
    await page.get_by_role("button", name="Keep alice@acme.example").click()
    assert "alice@acme.example" in await page.inner_text("main")


async def test_denying_and_every_way_to_come_too_late_is_a_page(shop: Shop, page: "Page", chromium: "Browser") -> None:
    await page.goto(await shop.link())
    await page.get_by_role("button", name="Continue to Acme").click()
    await page.get_by_role("button", name="allow").last.click()
    await page.get_by_role("alert").wait_for()
    await take_pictures(page, "denied")
    callback = page.url
    await page.reload()
    await take_pictures(page, "callback twice")
    other = await (await chromium.new_context()).new_page()
    await other.goto(callback)
    await take_pictures(other, "callback elsewhere")
    await other.goto(f"{shop.served.url}/connect/portal?token=eut_nothing")
    await take_pictures(other, "link over")


async def test_long_names_fit_the_narrowest_screen(shop: Shop, page: "Page") -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzen" * 3
    await brand(shop, name=long[:100])
    end_user = (await shop.end_user())["endUser"]
    await shop.rest.patch(f"/end-users/{end_user['id']}", {"displayName": f"{long}@{long}.example"})
    await shop.product.add("ledger", alias="long", displayName=long)
    await let_in(shop, name=long)
    addresses = [await shop.portal(), await shop.link(), await shop.link(integrationName="ledger")]
    await page.goto(addresses[0])
    programs = await page.get_by_role("link", name="Programs that act for you").get_attribute("href")
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 640})
        for address in (f"{shop.served.url}{programs}", *addresses):
            await page.goto(address)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, address
        await page.get_by_role("button", name="Connect").click()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_going_back_from_the_provider_shows_the_page_again_and_not_the_step_between(
    shop: Shop, page: "Page"
) -> None:
    await page.goto(await shop.link())
    await page.get_by_role("button", name="Continue to Acme").click()
    await page.wait_for_url("**/oauth/authorize**")
    await page.go_back()
    await page.get_by_role("button", name="Continue to Acme").click()
    await approve(page)
    await page.wait_for_url("**show=done**")


async def test_the_keyboard_alone_without_any_script_is_enough(shop: Shop, chromium: "Browser") -> None:
    page = await (await chromium.new_context(java_script_enabled=False)).new_page()
    await page.goto(f"{await shop.link()}&method=api_key")
    focused = page.locator(":focus")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await focused.get_attribute("name") == "api_key.secretText":
            break
    await page.keyboard.type("acme-key-alice")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**show=done**")
    assert "alice@acme.example" in await page.inner_text("main")


@pytest.mark.promise("000-7")
async def test_a_popup_tells_the_page_that_opened_it_as_the_docs_have_it(shop: Shop, chromium: "Browser") -> None:
    opener = await (await chromium.new_context()).new_page()
    [snippet] = re.findall(r"```js\n(.*?)```", DOCS.read_text(), re.DOTALL)
    given = [snippet, shop.served.url, (await shop.session())["connectUrl"]]
    async with product_page() as address, opener.expect_popup() as opening:
        await opener.goto(address)
        await opener.evaluate(
            "([snippet, gatewayOrigin, connectUrl]) => new Function('gatewayOrigin', 'connectUrl', 'showResult', snippet)"
            "(gatewayOrigin, connectUrl, (...heard) => { window.heard = heard })",
            given,
        )
        popup = await opening.value
        await popup.get_by_role("button", name="Continue to Acme").click()
        await approve(popup)
        await opener.wait_for_function("window.heard !== undefined")
        heard = await opener.evaluate("window.heard")
    [connection] = await shop.connections("carol")
    assert heard == ["success", connection["id"], None]


async def test_where_the_provider_cuts_the_windows_apart_polling_still_learns_of_it(
    shop: Shop, chromium: "Browser"
) -> None:
    session = await shop.session()
    context = await chromium.new_context()

    async def isolate(route: "Route") -> None:
        if route.request.method != "GET":
            return await route.fallback()
        page = await route.fetch()
        return await route.fulfill(response=page, headers={**page.headers, "Cross-Origin-Opener-Policy": "same-origin"})

    await context.route("**/oauth/authorize**", isolate)
    opener = await context.new_page()
    async with product_page() as address, opener.expect_popup() as opening:
        await opener.goto(address)
        await opener.evaluate("address => { open(address, 'connect', 'width=500,height=650') }", session["connectUrl"])
        popup = await opening.value
        await popup.get_by_role("button", name="Continue to Acme").click()
        await approve(popup)
        await popup.wait_for_url("**show=done**")
    assert (await shop.poll(session))["status"] == "COMPLETED"


@asynccontextmanager
async def product_page() -> AsyncGenerator[str]:
    """A page of a product, on an origin of its own."""
    async with answering(answer(b"<!doctype html><title>Product</title>", "content-type: text/html")) as served:
        yield f"http://127.0.0.1:{served.port}/"


async def test_the_rarer_states_are_drawn_too(shop: Shop, page: "Page") -> None:
    await brand(shop)
    await page.route("**/oauth/authorize**", lambda route: route.fulfill(status=204))
    await page.goto(await shop.link())
    await page.get_by_role("button", name="Continue to Acme").click()
    await page.get_by_role("heading", name="Going to Acme…").wait_for()
    await take_pictures(page, "leaving")
    await page.unroute("**/oauth/authorize**")
    await shop.product.add("slack")
    await page.goto(await shop.link(integrationName="slack"))
    await page.get_by_role("button", name="Continue to Slack").click()
    await take_pictures(page, "no app")
    await shop.product.add("ledger")
    await page.goto(await shop.link(integrationName="ledger"))
    await take_pictures(page, "form")
    await page.get_by_label("Company").fill("Harbor!")
    await page.get_by_role("button", name="Connect").click()
    await take_pictures(page, "form refused")
    await page.goto(f"{shop.served.url}/connect/start")
    await take_pictures(page, "nothing here")


async def test_new_permissions_are_drawn(shop: Shop, page: "Page") -> None:
    [only] = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    await shop.product.change(only, enabledActions=["whoami", "get_picture"])
    await page.goto(await shop.link())
    await page.get_by_role("button", name="Continue to Acme").click()
    await approve(page)
    await page.wait_for_url("**show=done**")
    await shop.product.change(only, enabledActions=None)
    await page.goto(await shop.link())
    assert "Write notes in your name" in await page.inner_text("main")
    await take_pictures(page, "wants more")
    await shop.product.remove(only)
    await page.goto(await shop.portal())
    await take_pictures(page, "nothing to connect")
