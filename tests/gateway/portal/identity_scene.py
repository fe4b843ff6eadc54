"""A product whose alice and bob are asked who they are before they connect anything; mail is real, time is moved."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.flows.product import Product, open_product
from tests.gateway.portal.visiting import Form, Page, Person
from tests.parts.clock import Time
from tests.parts.rest import Rest
from tests.parts.served import Served, serving
from tests.parts.smtp_sink import Received, SmtpSink, smtp_sink


@dataclass
class Scene:
    """A served gateway with Acme, people with browsers, and their mailboxes."""

    served: Served
    product: Product
    sink: SmtpSink
    time: Time
    stack: AsyncExitStack

    async def browser(self, **options: Any) -> Person:
        """A fresh browser."""
        client = await self.stack.enter_async_context(httpx2.AsyncClient(**options))
        return Person(client, self.served.url)

    async def setup_url(self, person: str = "alice") -> str:
        """Let an agent call a tool that lacks this person's account; returns the link that it is given."""
        answer = await self.product.execute("acme", "list_notes", person)
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == "CONNECTION_REQUIRED", answer.text
        return answer.json()["details"]["setupUrl"]

    async def ask_for(self, verification: str | None = None, **settings: Any) -> None:
        """Change how the workspace checks people."""
        changes = {**settings, **({} if verification is None else {"setupVerification": verification})}
        answer = await self.product.rest.patch(f"/workspaces/{self.product.workspace_id}", {"settings": changes})
        assert answer.status_code == 200, answer.text

    async def change(self, person: str, **fields: Any) -> dict[str, Any]:
        """Change an end user's record."""
        found = await self.end_user(person)
        answer = await self.product.rest.patch(f"/end-users/{found['id']}", fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["endUser"]

    async def end_user(self, person: str) -> dict[str, Any]:
        """Read an end user's record."""
        workspace = self.product.workspace_id
        found = await self.product.rest.get("/end-users", workspaceId=workspace, externalId=person)
        return found.json()["endUsers"][0]

    async def code(self, address: str = "alice@corp.example", *, count: int = 1) -> str:
        """The code in the `count`th mail to this address."""
        return code_in(await self.sink.mail_to(address, count=count))


@asynccontextmanager
async def identity_scene(folder: Path, *, sends_mail: bool = True, **values: Any) -> AsyncGenerator[Scene]:
    """Alice and bob have addresses; the workspace leaves the check at `auto`."""
    time = Time()
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(smtp_sink())
        if sends_mail:
            mail = {"smtp_host": sink.host, "smtp_port": sink.port, "mail_from": "gateway@example.com"}
            values = {**mail, "smtp_security": "none", **values}
        served = await stack.enter_async_context(serving(folder, clock=time, **values))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=served.url))
        product = await open_product(Rest(client))
        await product.add("acme")
        scene = Scene(served, product, sink, time, stack)
        await scene.change("alice", displayName="Alice", email="Alice@corp.example")
        await scene.change("bob", displayName="Bob", email="bob@corp.example")
        yield scene


def code_in(mail: Received) -> str:
    """The six digits of a mail."""
    [code] = re.findall(r"^ *(\d{6})$", mail.text, re.MULTILINE)
    return code


def step_form(page: Page, step: str) -> Form:
    """The form of this step on a setup page."""
    return next(form for form in page.forms if form.fields.get("step") == step)


def is_portal(page: Page) -> bool:
    """Whether this is where an account can be connected."""
    return page.status == 200 and "/connect/portal?token=eut_" in page.address
