"""People in a real Chromium whom a program asks to sign in, at a gateway with a real mail server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.gateway.oauth.asking import Asking
from tests.gateway.portal.identity_scene import Scene, identity_scene

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Browser, Page

ALICE = "Alice@corp.example"


@dataclass
class Program:
    """A program that asks for a server of the scene."""

    scene: Scene
    asking: Asking
    client_id: str

    def address(self, **changed: str) -> str:
        """Where it sends a browser."""
        return f"{self.scene.served.url}{self.asking.address(self.client_id, **changed)}"

    async def sign_in(self, page: "Page", address: str = ALICE) -> None:
        """Sign in by a code on the page that the browser shows, up to the question."""
        count = sum(address in mail.recipients for mail in self.scene.sink.received) + 1
        await page.get_by_label("Your e-mail address").fill(address)
        await press(page, "Send me a code")
        await page.get_by_label("Code", exact=True).fill(await self.scene.code(address, count=count))
        await press(page, "Continue")
        await page.wait_for_url("**/oauth/consent?*")


@pytest.fixture(name="scene")
async def opened_scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A gateway whose product goes by the name of Harbor."""
    async with identity_scene(tmp_path, egress_allow=("127.0.0.1",)) as opened:
        await opened.ask_for(branding={"name": "Harbor", "accentColor": "#0a7d33"})
        yield opened


@pytest.fixture(name="program")
async def opened_program(scene: Scene) -> AsyncIterator[Program]:
    """A program that has registered itself, for a server that knows its people."""
    server = await scene.product.server(endUserAccess="restricted")
    async with httpx2.AsyncClient(base_url=scene.served.url) as client:
        asking = Asking(client, scene.served.gateway, server.id)
        yield Program(scene, asking, (await asking.registered(client_name="Desk Agent"))["client_id"])


@pytest.fixture(name="page")
async def opened_page(chromium: "Browser") -> "Page":
    """A page of a browser of its own, without scripts: none is needed."""
    return await (await chromium.new_context(java_script_enabled=False)).new_page()


async def press(page: "Page", name: str) -> None:
    """Press the button of this name."""
    await page.get_by_role("button", name=name, exact=True).click()
