"""A real client and a real browser: the person sees every page, and comes out at the program."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.flows.product import Server
from tests.flows.signing_in import code_for, python_auth, signed_in_python
from tests.parts.browser import take_pictures
from tests.parts.loopback import Loopback, answer, answering
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
