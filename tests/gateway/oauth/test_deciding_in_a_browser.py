"""The pages on which people decide about a program or a device, in a real Chromium; pictured, and by keyboard alone."""

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from gateway.access.client_metadata import DEVICE_GRANT
from tests.gateway.oauth.asking import HOSTED, REDIRECT, Asking
from tests.gateway.oauth.browsing import ALICE, Program, opened_page, opened_program, opened_scene, press
from tests.gateway.portal.identity_scene import Scene, identity_scene
from tests.parts.browser import take_pictures
from tests.parts.loopback import answer, answering

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

scene, program, page = opened_scene, opened_program, opened_page

DOCUMENT = "https://agent.example/client.json"


@pytest.fixture
async def screen(chromium: "Browser") -> "Page":
    """A page of a browser of its own that runs scripts, as pictures need."""
    return await (await chromium.new_context()).new_page()


async def test_every_kind_of_question_is_drawn(scene: Scene, program: Program, screen: "Page") -> None:
    await screen.goto(program.address())
    await program.sign_in(screen)
    await take_pictures(screen, "consent, on this machine")
    await screen.get_by_text("Acme", exact=False).first.click()
    await take_pictures(screen, "consent, all tools")
    await screen.goto(program.address(redirect_uri=HOSTED))
    await press(screen, f"Continue as {ALICE}")
    await take_pictures(screen, "consent, unverified")
    known = await scene.product.rest.made("/oauth-clients", {"name": "Harbor Desk", "redirectUris": [HOSTED]})
    ours = replace(program, client_id=known["clientId"])
    await screen.goto(ours.address(redirect_uri=HOSTED))
    await press(screen, f"Continue as {ALICE}")
    await take_pictures(screen, "consent, registered here")
    await screen.route("https://agent.example/**", lambda route: route.fulfill(status=204))
    await press(screen, "Do not allow")
    await take_pictures(screen, "leaving for the program")


async def test_between_consent_and_the_program_accounts_are_offered(program: Program, screen: "Page") -> None:
    await screen.goto(program.address())
    await program.sign_in(screen)
    await press(screen, "Allow")
    await screen.wait_for_url("**/oauth/connect?*")
    await take_pictures(screen, "connect step")
    await press(screen, "Connect accounts")
    await take_pictures(screen, "connect step, portal")
    await screen.get_by_role("link", name="Connect Acme").click()
    await press(screen, "Continue to Acme")
    await screen.get_by_text("Alice Adams").click()
    await press(screen, "Allow")
    await screen.wait_for_url("**show=done**")
    await take_pictures(screen, "connect step, connected")
    await screen.get_by_role("link", name="Continue").click()
    await screen.wait_for_url("**/oauth/connect?*")
    await take_pictures(screen, "connect step, all there")


async def test_a_documented_program_is_drawn(tmp_path: Path, screen: "Page") -> None:
    said = {"client_id": DOCUMENT, "client_name": "Documented agent", "redirect_uris": [REDIRECT]}
    document = json.dumps({**said, "token_endpoint_auth_method": "none"}).encode()
    told = answer(document, "content-type: application/json", "cache-control: max-age=300")
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(answering(told))
        mapped = {"slack": {"https://agent.example/": f"http://127.0.0.1:{web.port}/"}}
        scene = await stack.enter_async_context(identity_scene(tmp_path, urls=mapped))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=scene.served.url))
        server = await scene.product.server(endUserAccess="restricted")
        program = Program(scene, Asking(client, scene.served.gateway, server.id), DOCUMENT)
        await screen.goto(program.address())
        await program.sign_in(screen)
        await take_pictures(screen, "consent, known by its document")


async def test_a_device_s_pages_are_drawn(scene: Scene, program: Program, screen: "Page") -> None:
    device = await device_of(program)
    await screen.goto(f"{scene.served.url}/oauth/device")
    await take_pictures(screen, "device, enter the code")
    await screen.get_by_label("Code").fill("WVZ-BBBB-BBBB")
    await press(screen, "Continue")
    await take_pictures(screen, "device, wrong code")
    await screen.goto(device["verification_uri_complete"])
    await take_pictures(screen, "device, code filled in")
    await press(screen, "Continue")
    await program.sign_in(screen)
    await take_pictures(screen, "device, confirm")
    await press(screen, "Allow")
    await screen.get_by_role("heading", name="Go back to your device").wait_for()
    await take_pictures(screen, "device, done")


async def device_of(program: Program) -> dict[str, Any]:
    """What a device is told that waits for its person."""
    client = await program.asking.registered(client_name="Robot", grant_types=[DEVICE_GRANT], redirect_uris=[])
    body = {"client_id": client["client_id"], "resource": program.asking.resource}
    answer = await program.asking.client.post("/oauth/device/code", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_long_names_fit_an_enlarged_phone(scene: Scene, program: Program, screen: "Page") -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzen" * 2
    await scene.ask_for(branding={"name": long[:100], "logo": None})
    await scene.change("alice", displayName=long)
    client = await program.asking.registered(client_name=long[:100])
    theirs = replace(program, client_id=client["client_id"])
    await screen.set_viewport_size({"width": 160, "height": 320})

    async def fits() -> bool:
        return await screen.evaluate("document.documentElement.scrollWidth") <= 160

    await screen.goto(theirs.address())
    assert await fits()
    await theirs.sign_in(screen)
    assert await fits()
    await press(screen, "Allow")
    await screen.wait_for_url("**/oauth/connect?*")
    assert await fits()
    await screen.route("http://127.0.0.1:3334/**", lambda route: route.fulfill(status=204))
    await press(screen, "Not now")
    await screen.get_by_role("heading", name="Back to").wait_for()
    assert await fits()


async def test_the_ends_of_a_sign_in_are_drawn(scene: Scene, program: Program, screen: "Page") -> None:
    await screen.goto(program.address())
    await screen.get_by_label("Your e-mail address").fill(ALICE)
    await press(screen, "Send me a code")
    await screen.get_by_label("Code").fill("000000")
    await press(screen, "Continue")
    await take_pictures(screen, "sign in, wrong code")
    for _ in range(5):
        await press(screen, "send a new code")
    await screen.get_by_role("heading", name="Too many").wait_for()
    await take_pictures(screen, "sign in, too many codes")
    await screen.get_by_role("link", name="Back").click()
    await screen.get_by_role("heading", name="Enter the code").wait_for()
    await screen.goto(f"{scene.served.url}/oauth/sign-in?request=gone")
    await take_pictures(screen, "sign in, over")
    await screen.goto(f"{scene.served.url}/oauth/device")
    while (await program.asking.client.get("/oauth/consent?request=none")).status_code != 429:
        pass
    await screen.get_by_label("Code").fill("WVZ-BBBB-BBBB")
    await press(screen, "Continue")
    await take_pictures(screen, "device, too many tries")
    await screen.get_by_role("link", name="Back").click()
    await screen.get_by_role("heading", name="Connect a device").wait_for()
    await screen.goto(f"{scene.served.url}{program.asking.address('nobody')}")
    await take_pictures(screen, "sign in, unknown program")


async def test_where_nobody_can_sign_in_the_page_says_so(scene: Scene, program: Program, screen: "Page") -> None:
    rest, workspace_id = scene.product.rest, scene.product.workspace_id
    workspace = (await rest.get(f"/workspaces/{workspace_id}")).json()["workspace"]
    off = {"settings": {"signIn": {"email": False}}}
    answer = await rest.as_operator().patch(f"/orgs/{workspace['orgId']}", off)
    assert answer.status_code == 200, answer.text
    await screen.goto(program.address())
    await screen.get_by_text("There is no way to sign in here yet").wait_for()
    await take_pictures(screen, "sign in, no way")


async def test_the_keyboard_alone_leads_from_signing_in_to_a_decision(
    scene: Scene, program: Program, page: "Page"
) -> None:
    """Without any script, and by what has the focus: a person without a mouse, or with a screen reader."""
    await page.goto(program.address())
    await tab_to(page, "input", "email")
    await page.keyboard.type(ALICE)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Enter the code").wait_for()
    assert await page.locator(":focus").get_attribute("name") == "code"
    await page.keyboard.type(await scene.code(ALICE))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/oauth/consent?*")
    await tab_to(page, "summary")
    await page.keyboard.press("Enter")
    assert await page.get_by_text("Create a note").is_visible()
    await tab_to(page, "button", "decision")
    assert await page.locator(":focus").inner_text() == "Allow"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/oauth/connect?*")
    await tab_to(page, "button", "step")
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Not now"
    await page.route("http://127.0.0.1:3334/**", lambda route: route.fulfill(body="here"))
    await page.keyboard.press("Space")
    await page.wait_for_url("http://127.0.0.1:3334/callback?code=*")


async def tab_to(page: "Page", kind: str, name: str | None = None) -> None:
    """Press Tab until an element of this kind, and of this name, has the focus; every stop is to be seen."""
    for _ in range(20):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        outline = await focused.evaluate("each => getComputedStyle(each).outlineStyle")
        assert outline != "none", await focused.evaluate("each => each.outerHTML")
        tag = await focused.evaluate("each => each.localName")
        if tag == kind and name in (None, await focused.get_attribute("name")):
            return
    raise AssertionError(f"no {kind} {name or ''} is reached by Tab")
