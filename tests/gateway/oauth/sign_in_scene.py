"""A workspace with an MCP server that takes sign-ins, a program that asks for it, and people with browsers."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.kit.mail import Mailbox
from gateway.oauth.face import oauth_routes
from gateway.portal.face import portal_routes
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from tests.gateway.oauth.asking import Asking
from tests.gateway.portal.visiting import Form, Page, Person
from tests.parts.clock import Time
from tests.parts.rest import Rest, new_organization


@dataclass
class SignInScene:
    """The gateway, over REST and in browsers."""

    gateway: Gateway
    rest: Rest
    operator: Rest
    organization_id: str
    workspace_id: str
    app: Starlette
    time: Time
    stack: AsyncExitStack

    @property
    def url(self) -> str:
        return self.gateway.settings.public_url

    async def server(self, access: str = "restricted", **values: Any) -> str:
        """Make an MCP server; returns its id."""
        wanted = {"name": "Tools", "workspaceId": self.workspace_id, "authMode": "oauth", "endUserAccess": access}
        return (await self.rest.made("/mcp/servers", {**wanted, **values}))["id"]

    async def end_user(self, external_id: str, **values: Any) -> str:
        """Make an end user; returns our id."""
        wanted = {"workspaceId": self.workspace_id, "externalId": external_id, **values}
        return (await self.rest.made("/end-users", wanted))["id"]

    async def everybody(self) -> list[dict[str, Any]]:
        """All end users of the workspace."""
        return (await self.rest.get("/end-users", workspaceId=self.workspace_id)).json()["endUsers"]

    async def set_workspace(self, **settings: Any) -> None:
        """Change the workspace's settings."""
        answer = await self.rest.patch(f"/workspaces/{self.workspace_id}", {"settings": settings})
        assert answer.status_code == 200, answer.text

    async def allow(self, **sign_in: bool | None) -> None:
        """Change the organization's ways to sign in."""
        answer = await self.operator.patch(f"/orgs/{self.organization_id}", {"settings": {"signIn": sign_in}})
        assert answer.status_code == 200, answer.text

    async def browser(self, **options: Any) -> Person:
        """A fresh browser."""
        transport = httpx2.ASGITransport(app=self.app)
        client = httpx2.AsyncClient(transport=transport, base_url=self.url, **options)
        return Person(await self.stack.enter_async_context(client), self.url)

    async def begun(self, person: Person, server_id: str) -> Page:
        """Let a program ask for this server; returns the page that the person's browser comes to."""
        asking = Asking(person.http, self.gateway, server_id)
        client = await asking.registered()
        return await person.open(asking.address(client["client_id"]))

    def code(self, address: str) -> str:
        """The code in the last mail to this address."""
        return self.codes(address)[0]

    def codes(self, address: str) -> list[str]:
        """The codes that went to this address, newest first."""
        return [code for mail in self.mails(address) for code in re.findall(r"^ *(\d{6})$", mail, re.MULTILINE)]

    def mails(self, address: str) -> list[str]:
        """The mails to this address, newest first."""
        assert isinstance(self.gateway.mailer, Mailbox)
        return [kept.mail.text for kept in self.gateway.mailer.newest_first if kept.mail.to == address]

    async def by_code(self, person: Person, page: Page, address: str) -> Page:
        """Sign in by a code, from the first page on."""
        asked = await person.send(step(page, "send"), email=address)
        return await person.send(step(asked, "code"), code=self.code(address))

    async def acts_as(self, page: Page, person: Person) -> str | None:
        """Return the id of the end user whom this page's request acts as."""
        browser = next(iter(person.http.cookies.values()))
        pending = await self.gateway.authorizing.requests.open(key_of(page), browser=browser)
        assert pending is not None
        return None if pending.end_user is None else pending.end_user.id


@asynccontextmanager
async def sign_in_scene(settings: Settings) -> AsyncGenerator[SignInScene]:
    """Mail is kept in the development mailbox, time is moved."""
    time = Time()
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(open_gateway(settings, clock=time))
        transport = httpx2.ASGITransport(app=create_app(gateway))
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=settings.public_url))
        anonymous = Rest(client)
        organization, rest = await new_organization(anonymous, "acme")
        workspace = await rest.made("/workspaces", {"name": "Shop", "slug": "shop"})
        yield SignInScene(
            gateway=gateway,
            rest=rest,
            operator=anonymous.as_operator(),
            organization_id=organization["id"],
            workspace_id=workspace["id"],
            app=Starlette(routes=[*oauth_routes(gateway), *portal_routes(gateway)]),
            time=time,
            stack=stack,
        )


def step(page: Page, name: str) -> Form:
    """The form of this step."""
    return next(form for form in page.forms if form.fields.get("step") == name)


def steps(page: Page) -> list[str]:
    """The steps that a page offers."""
    return [form.fields["step"] for form in page.forms if "step" in form.fields]


def key_of(page: Page) -> str:
    """The key of the request that a page is about."""
    return parse_qs(urlsplit(page.address).query)["request"][0]


def is_consent(page: Page) -> bool:
    """Whether the person is asked to allow the program."""
    return page.status == 200 and urlsplit(page.address).path == "/oauth/consent"
