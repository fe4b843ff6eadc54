"""A real client and a real browser: the person sees every page, and comes out at the program."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flows.product import Product, Server
from tests.flows.programs import INSPECTOR, started
from tests.flows.signing_in import code_for, python_auth, signed_in_python, signer
from tests.parts.browser import take_pictures
from tests.parts.loopback import Loopback, answer, answering
from tests.parts.mcp_wire import Wire
from tests.parts.node import Node
from tests.parts.ports import free_port
from tests.parts.served import Served

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Browser, Page

ALICE = "alice@corp.example"


@dataclass
class AtTheScreen:
    """Alice, who clicks; the program listens at `program`."""

    page: "Page"
    served: Served
    program: Loopback

    async def sign_in(self, authorize_url: str) -> str:
        await self.page.goto(authorize_url)
        await take_pictures(self.page, "program-1-sign-in")
        await self.page.get_by_label("Your e-mail address").fill(ALICE)
        await self.page.get_by_role("button", name="Send me a code").click()
        await self.page.get_by_label("Code").fill(code_for(self.served, ALICE))
        await take_pictures(self.page, "program-2-code")
        await self.page.get_by_role("button", name="Continue").click()
        await self.page.get_by_role("heading", name="Allow “Python agent” to act for you?").wait_for()
        await take_pictures(self.page, "program-3-consent")
        await self.page.get_by_role("button", name="Allow", exact=True).click()
        await self.page.get_by_text("You may close this page.").wait_for()
        return self.page.url


async def test_a_program_sends_its_person_s_browser_away_and_gets_it_back(
    alice_and_bob: Server, served: Served, chromium: "Browser"
) -> None:
    done = answer(b"<p>You may close this page.</p>", "content-type: text/html")
    async with answering(done) as program:
        alice = AtTheScreen(await chromium.new_page(), served, program)
        callback = f"http://127.0.0.1:{program.port}/callback"
        auth = python_auth(alice_and_bob.endpoint, alice, callback_url=callback)
        async with signed_in_python(alice_and_bob.endpoint, auth, mode="auto") as agent:
            assert (await agent.call("acme__whoami")).structured["id"] == "alice"
        assert program.requests[0].startswith(b"GET /callback?code=")
        assert b"referer" not in program.requests[0].lower()


async def test_the_person_sees_what_a_program_did_last_and_shuts_it_out(
    alice_and_bob: Server, served: Served, product: Product, chromium: "Browser"
) -> None:
    page = await chromium.new_page()
    async with signer(served, ALICE) as alice:
        auth = python_auth(alice_and_bob.endpoint, alice)
        async with signed_in_python(alice_and_bob.endpoint, auth, mode="auto") as agent:
            await agent.call("acme__create_note", {"title": "For Alice's eyes"})
            await served.gateway.authorizing.calls.write()
            await page.goto(await product.connect_link("alice"))
            await page.get_by_role("link", name="Programs that act for you").click()
            await page.get_by_text("Last did: Create a note (Acme), just now.").wait_for()
            assert "Alice's eyes" not in await page.content()
            assert auth.context.current_tokens is not None
            token = auth.context.current_tokens.access_token
            await page.get_by_role("button", name="Remove Python agent").click()
            await page.get_by_role("heading", name="No program acts for you").wait_for()
    wire = Wire(product.rest.client, alice_and_bob.endpoint, token)
    assert (await wire.modern("tools/list")).status_code == 401


async def test_the_page_of_mcp_inspector_signs_its_person_in_and_calls_a_tool(
    alice_and_bob: Server, served: Served, chromium: "Browser", node: Node, tmp_path: Path
) -> None:
    async with inspector(node, tmp_path, alice_and_bob.endpoint) as address:
        page = await chromium.new_page()
        # It asks for fonts that lie elsewhere.
        await page.route(re.compile(r"^https:"), lambda route: route.abort())
        await page.goto(address)
        await page.get_by_role("switch").check(force=True)
        await page.get_by_label("Your e-mail address").fill(ALICE)
        await page.get_by_role("button", name="Send me a code").click()
        await page.get_by_label("Code").fill(code_for(served, ALICE))
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Allow", exact=True).click()
        await page.get_by_text("Tools", exact=True).click()
        await page.get_by_text("Who am I").click()
        await page.get_by_role("button", name="Execute").click()
        await page.get_by_text("alice@acme.example").first.wait_for()


@asynccontextmanager
async def inspector(node: Node, home: Path, endpoint: str) -> AsyncGenerator[str]:
    """Serve the page of MCP Inspector for this endpoint; the block gets its address."""
    ports = {name: str(free_port()) for name in ("CLIENT_PORT", "MCP_SANDBOX_PORT", "MCP_APP_ORIGIN_PORT")}
    arguments = ("--web", "--server-url", endpoint, "--transport", "http")
    async with started(node, home, INSPECTOR, *arguments, **ports) as process:
        assert process.stdout is not None
        async for line in process.stdout:
            if found := re.search(rf"http://127\.0\.0\.1:{ports['CLIENT_PORT']}\S+", line.decode()):
                yield found[0]
                return
        raise AssertionError("MCP Inspector has ended without saying where it is")
