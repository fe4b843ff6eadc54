"""The pages that ask who opened a link, in a real Chromium, pictured in light and dark, wide and on a phone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.gateway.portal.identity_scene import Scene, identity_scene
from tests.gateway.portal.test_handoff import example_backend
from tests.parts.browser import take_pictures

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

ALICE = "Alice@corp.example"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with identity_scene(tmp_path) as opened:
        await opened.ask_for(branding={"name": "Harbor", "accentColor": "#0a7d33"})
        yield opened


@pytest.fixture
async def page(chromium: "Browser") -> "Page":
    """A page of a browser of its own, without scripts: none is needed."""
    return await (await chromium.new_context(java_script_enabled=False)).new_page()


async def press(page: "Page", name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_a_person_enters_the_code_from_the_mail_and_is_known_from_then_on(scene: Scene, page: "Page") -> None:
    await page.goto(await scene.setup_url())
    await press(page, "Send the code")
    code = await scene.code(ALICE)
    entry = page.get_by_label("Code", exact=True)
    await entry.fill(f"{(int(code) + 1) % 1_000_000:06}")
    await press(page, "Continue")
    assert await page.get_by_role("alert").inner_text() == "That is not the code. You have 4 tries left."
    assert await entry.get_attribute("aria-invalid") == "true"
    await entry.fill(code)
    await entry.press("Enter")
    await page.wait_for_url("**/connect/portal?token=eut_*")
    await page.goto(await scene.setup_url())
    await press(page, "Continue")
    await page.wait_for_url("**/connect/portal?token=eut_*")


async def test_a_person_comes_back_from_the_product_by_oneself(scene: Scene, page: "Page") -> None:
    key = scene.product.rest.headers["Authorization"].removeprefix("Bearer ")
    async with example_backend(TOOLGATE=scene.served.url, API_KEY=key) as address:
        await scene.ask_for("handoff", handoffUrl=address)
        await page.context.add_cookies([{"name": "session", "value": "session-of-alice", "url": address}])
        await page.goto(await scene.setup_url())
        await press(page, "Continue to Harbor")
        await page.wait_for_url("**/connect/s/*")
        await page.get_by_text("You are known here").wait_for()
        await press(page, "Continue")
        await page.wait_for_url("**/connect/portal?token=eut_*")


async def test_every_page_is_drawn(scene: Scene, chromium: "Browser") -> None:
    page = await (await chromium.new_context()).new_page()
    url = await scene.setup_url()
    await page.goto(url)
    await take_pictures(page, "setup, send a code")
    await press(page, "Send the code")
    await take_pictures(page, "setup, enter the code")
    await page.get_by_label("Code", exact=True).fill("000000")
    await press(page, "Continue")
    await take_pictures(page, "setup, a wrong code")
    key = scene.product.rest.headers["Authorization"].removeprefix("Bearer ")
    async with example_backend(TOOLGATE=scene.served.url, API_KEY=key) as address:
        await scene.ask_for("handoff", handoffUrl=address)
        await page.context.add_cookies([{"name": "session", "value": "session-of-bob", "url": address}])
        await page.goto(url)
        await take_pictures(page, "setup, hand-off")
        await press(page, "Continue to Harbor")
        await page.get_by_role("heading", name="You are signed in as somebody else").wait_for()
        await take_pictures(page, "setup, signed in as somebody else")
    await scene.ask_for("auto")
    await page.goto(await scene.setup_url("bob"))
    await take_pictures(page, "setup, known")
    await scene.ask_for("session")
    await page.goto(url)
    await take_pictures(page, "setup, nobody can pass")
    await page.goto(f"{scene.served.url}/connect/s/x")
    await take_pictures(page, "setup, no longer good")
    await scene.ask_for("link")
    await page.goto(await scene.setup_url())
    await take_pictures(page, "setup, by the link alone")
