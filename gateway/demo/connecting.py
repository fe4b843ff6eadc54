"""How the story's people connect: by the pages that everybody gets, from the link in a tool's answer to the last one."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gateway.acme import Person
from gateway.demo.narrator import Step
from gateway.demo.signing_in import REDIRECT_URI
from gateway.demo.stage import Stage
from gateway.demo.visitor import Page, Visitor
from gateway.web.mailbox import PATH as MAILBOX

_CODE = re.compile(r"\b\d{3} ?\d{3}\b")


class Connector:
    """One person with a browser of their own."""

    def __init__(self, stage: Stage, browser: Visitor, person: Person) -> None:
        self._url = stage.url
        self._browser = browser
        self._person = person

    async def prove(self, setup_url: str, told: Step) -> Page:
        """Open the link and show to be the person, by the code that comes by mail; returns the page behind that."""
        page = await self._browser.open(setup_url)
        told.expect(page.status == 200, f"the page answers {page.status}: {page.text}")
        told.expect("Acme" in page.heading, f"the page does not say what to connect: {page.heading!r}")
        asks = await self._browser.press(page, "Send the code")
        told.tell(page=page.heading, code=f"by mail to {self._person.email}, here kept at {self._url}{MAILBOX}")
        return await self._enter_code(asks, told)

    async def sign_in(self, address: str, told: Step) -> str:
        """Sign in for a program and allow it; returns where the browser goes then, back at the program."""
        page = await self._browser.open(address)
        told.expect(page.heading == "Sign in", f"the page says: {page.text}")
        asks = await self._browser.press(page, "Send me a code", email=self._person.email)
        consent = await self._enter_code(asks, told)
        told.expect(self._person.name in consent.text, f"the page does not say as whom: {consent.text}")
        left = await self._browser.press(consent, "Allow")
        told.expect(left.refresh is not None, f"the page does not lead back: {left.text}")
        told.tell(page=f'"{page.heading}", by a code', consent=f'"{consent.heading}" Allow')
        return left.refresh or ""

    async def _enter_code(self, asks: Page, told: Step) -> Page:
        """Read the code in the mail, and enter it."""
        mailbox = await self._browser.open(f"{self._url}{MAILBOX}")
        code = _CODE.search(mailbox.text)
        told.expect(self._person.email in mailbox.text, f"no mail went to {self._person.email}")
        told.expect(code is not None, "the mail holds no code")
        return await self._browser.press(asks, "Continue", code=code[0] if code is not None else "")

    async def approve(self, page: Page, told: Step) -> None:
        """Go on to Acme, allow it there, and come back."""
        consent = await self._browser.press(page, "Continue to Acme")
        told.expect(not consent.address.startswith(self._url), f"this is not Acme's page: {consent.text}")
        done = await self._browser.press(consent, "Allow", person=self._person.id)
        told.expect(done.heading == "Acme is connected", f"the page says: {done.text}")
        told.expect(self._person.email in done.text, f"the page does not say whose account it is: {done.text}")
        told.tell(at_Acme=f'"{consent.heading}": Allow', then=f"{done.heading}, as {self._person.email}")


@asynccontextmanager
async def connector(stage: Stage, person: Person) -> AsyncGenerator[Connector]:
    """Give a person a fresh browser until the block ends."""
    async with stage.http.httpx_client() as client:
        yield Connector(stage, Visitor(client, ends_at=REDIRECT_URI), person)
