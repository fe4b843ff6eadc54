"""The sign-in pages in a real Chromium, with a real mail server and a real OpenID provider; pictured."""

from typing import TYPE_CHECKING, Any

from tests.gateway.oauth.browsing import ALICE, Program, opened_page, opened_program, opened_scene, press
from tests.gateway.portal.identity_scene import Scene
from tests.parts.browser import take_pictures
from tests.parts.strict_provider import CLIENT_ID, CLIENT_SECRET, StrictProvider

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

scene, program, page = opened_scene, opened_program, opened_page


async def add_provider(scene: Scene, strict: StrictProvider) -> dict[str, Any]:
    wanted = {"name": "Okta", "issuer": strict.url, "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
    made = await scene.product.rest.made("/identity-providers", wanted)
    strict.register_redirect_uri(made["callbackUrl"])
    return made


async def test_a_person_signs_in_by_a_code_from_a_real_mail(scene: Scene, program: Program, page: "Page") -> None:
    await page.goto(program.address())
    await page.get_by_label("Your e-mail address").fill("alice@corp.example")
    await press(page, "Send me a code")
    code = await scene.code("alice@corp.example")
    entry = page.get_by_label("Code", exact=True)
    await entry.fill(f"{(int(code) + 1) % 1_000_000:06}")
    await press(page, "Continue")
    assert await page.get_by_role("alert").inner_text() == "That is not the code. You have 4 tries left."
    assert await entry.get_attribute("aria-invalid") == "true"
    await entry.fill(code)
    await entry.press("Enter")
    await page.wait_for_url("**/oauth/consent?*")
    await page.goto(program.address())
    await press(page, "Continue as alice@corp.example")
    await page.wait_for_url("**/oauth/consent?*")


async def test_a_person_signs_in_at_a_real_provider(
    scene: Scene, program: Program, page: "Page", strict_provider: StrictProvider
) -> None:
    await add_provider(scene, strict_provider)
    await scene.change("bob", email="bob@example.com")
    await page.goto(program.address())
    await press(page, "Sign in with Okta")
    await page.locator("[name=login]").fill("bob")
    await page.locator("[name=password]").fill("any")
    await page.locator("[type=submit]").click()
    await page.locator("[type=submit]").click()
    await page.wait_for_url("**/oauth/consent?*")


async def test_every_page_is_drawn(
    scene: Scene, program: Program, chromium: "Browser", strict_provider: StrictProvider
) -> None:
    page = await (await chromium.new_context()).new_page()
    await page.goto(program.address())
    await take_pictures(page, "sign in, by mail alone")
    await add_provider(scene, strict_provider)
    await scene.ask_for(handoffUrl="https://harbor.example/toolgate")
    await page.reload()
    await take_pictures(page, "sign in, every way")
    await page.get_by_label("Your e-mail address").fill("nobody at home")
    await press(page, "Send me a code")
    await take_pictures(page, "sign in, no address")
    await page.get_by_label("Your e-mail address").fill("stranger@corp.example")
    await press(page, "Send me a code")
    await take_pictures(page, "sign in, enter the code")
    await page.get_by_label("Code", exact=True).fill(await scene.code("stranger@corp.example"))
    await press(page, "Continue")
    await take_pictures(page, "sign in, not admitted")
    await page.goto(program.address())
    await take_pictures(page, "sign in, remembered")
    await scene.change("bob", email=ALICE)
    await page.get_by_role("link", name="I am somebody else").click()
    await page.get_by_label("Your e-mail address").fill(ALICE)
    await press(page, "Send me a code")
    await page.get_by_label("Code", exact=True).fill(await scene.code(ALICE))
    await press(page, "Continue")
    await take_pictures(page, "sign in, choose")
    await page.get_by_role("button", name="Bob").click()
    await page.wait_for_url("**/oauth/consent?*")
