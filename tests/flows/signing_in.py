"""A person whom a program sends to sign in, and programs that do so by themselves, given nothing but an endpoint."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import httpx2
import mcp
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from gateway.kit.mail import Mailbox
from tests.flows.agents import Agent, FastMcpAgent, NodeAgent, PythonAgent, in_node
from tests.flows.product import Product, Server, open_product
from tests.gateway.portal.visiting import Page, Person
from tests.parts.loopback import Loopback, answer, answering
from tests.parts.node import Node
from tests.parts.presence import missing
from tests.parts.rest import Rest
from tests.parts.served import Served, serving

DOCUMENT_HOST = "agent.example"
DOCUMENT = f"https://{DOCUMENT_HOST}/client.json"
"""Where a client's metadata document stands, if it has one."""
CALLBACK = "http://127.0.0.1:3999/callback"
"""Where programs of this file would listen; the person hands them the address instead of going there."""


@dataclass
class Signer:
    """Somebody with a mailbox and a browser, who says yes."""

    served: Served
    address: str
    person: Person
    read: list[str] = field(default_factory=list[str])
    """What stood on the consent pages."""

    async def sign_in(self, authorize_url: str) -> str:
        """Sign in and allow what is asked; returns the address that the browser is sent to in the end."""
        page = await self.person.open(authorize_url)
        if page.forms[0].fields.get("step") == "send":
            asked = await self.person.send(page.forms[0], email=self.address)
            code = next(form for form in asked.forms if form.fields.get("step") == "code")
            page = await self.person.send(code, code=self._code())
        elif page.forms[0].fields.get("step") == "continue":
            page = await self.person.send(page.forms[0])
        self.read.append(page.text)
        left: Page = await self.person.send(page.form(f"{self.served.url}/oauth/consent"), decision="allow")
        assert left.onward is not None, left.text
        return left.onward

    def _code(self) -> str:
        return code_for(self.served, self.address)


def code_for(served: Served, address: str) -> str:
    """The code in the last mail to this address."""
    mailer = served.gateway.mailer
    assert isinstance(mailer, Mailbox)
    text = next(kept.mail.text for kept in mailer.newest_first if kept.mail.to == address)
    return re.findall(r"^ *(\d{6})$", text, re.MULTILINE)[0]


@asynccontextmanager
async def signer(served: Served, address: str) -> AsyncGenerator[Signer]:
    """Somebody with a fresh browser."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        yield Signer(served, address, Person(http, served.url))


class Kept(TokenStorage):
    """Keeps a program's registration and tokens in memory."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class SignsIn(Protocol):
    """Whoever is taken to an address, signs in and comes out at another."""

    async def sign_in(self, authorize_url: str) -> str: ...


def python_auth(
    endpoint: str,
    somebody: SignsIn,
    *,
    kept: Kept | None = None,
    document: str | None = None,
    callback_url: str = CALLBACK,
) -> OAuthClientProvider:
    """How the official Python client signs somebody in; `document` is the address of its metadata document."""
    answers: asyncio.Queue[str] = asyncio.Queue()

    async def redirect(url: str) -> None:
        answers.put_nowait(await somebody.sign_in(url))

    async def callback() -> AuthorizationCodeResult:
        told = parse_qs(urlsplit(await answers.get()).query)
        return AuthorizationCodeResult(code=told["code"][0], state=told["state"][0], iss=told["iss"][0])

    metadata = OAuthClientMetadata.model_validate({"client_name": "Python agent", "redirect_uris": [callback_url]})
    return OAuthClientProvider(
        endpoint,
        metadata,
        kept or Kept(),
        redirect_handler=redirect,
        callback_handler=callback,
        client_metadata_url=document,
    )


@asynccontextmanager
async def signed_in_python(endpoint: str, auth: OAuthClientProvider, *, mode: str) -> AsyncGenerator[Agent]:
    """Connect the official Python client."""
    async with (
        httpx2.AsyncClient(auth=auth, trust_env=False, timeout=30) as http,
        mcp.Client(streamable_http_client(endpoint, http_client=http), mode=mode) as client,
    ):
        yield PythonAgent(client, client.protocol_version)


@asynccontextmanager
async def signed_in_fastmcp(endpoint: str, somebody: Signer, *, document: str | None = None) -> AsyncGenerator[Agent]:
    """Connect fastmcp's client."""
    try:
        import fastmcp  # a part that not every platform has
        from fastmcp.client.auth import OAuth
    except ImportError:
        missing("fastmcp (`./run setup` installs it)")

    class Headless(OAuth):
        """Asks `somebody` where it would open a browser."""

        def __init__(self) -> None:
            super().__init__(endpoint, client_metadata_url=document)
            self.answers: asyncio.Queue[str] = asyncio.Queue()

        async def redirect_handler(self, authorization_url: str) -> None:
            self.answers.put_nowait(await somebody.sign_in(authorization_url))

        async def callback_handler(self) -> AuthorizationCodeResult:
            told = parse_qs(urlsplit(await self.answers.get()).query)
            return AuthorizationCodeResult(code=told["code"][0], state=told["state"][0], iss=told["iss"][0])

    async with fastmcp.Client(endpoint, auth=Headless()) as client:
        yield FastMcpAgent(client, client.session.protocol_version or "")


@asynccontextmanager
async def signed_in_node(
    endpoint: str, somebody: Signer, *, node: Node, package: str, era: str, document: str | None = None
) -> AsyncGenerator[NodeAgent]:
    """Connect a TypeScript client."""
    wanted = {"package": package, "era": era, "url": endpoint, "callback": CALLBACK, "document": document}
    async with in_node(node, wanted, on_authorize=somebody.sign_in) as agent:
        yield agent


async def for_alice_and_bob(product: Product, served: Served) -> Server:
    """Make a server for alice and bob, who are known by their addresses and have their own accounts at Acme."""
    await product.add("acme")
    for person in ("alice", "bob"):
        end_user = await product.end_user(person)
        given = await product.rest.patch(f"/end-users/{end_user['id']}", {"email": f"{person}@corp.example"})
        assert given.status_code == 200, given.text
        await product.connect_acme(served.acme, person)
    return await product.server(authMode="oauth")


@dataclass(frozen=True, slots=True)
class Documented:
    """A gateway that reaches the web site where a client's metadata document lies."""

    served: Served
    server: Server
    site: Loopback


@asynccontextmanager
async def documented(folder: Path) -> AsyncGenerator[Documented]:
    """Serve a gateway for alice and bob, and the document of `DOCUMENT`."""
    said = {
        "client_id": DOCUMENT,
        "client_name": "Documented agent",
        # On loopback any port will do.
        "redirect_uris": [
            f"http://{host}{path}" for host in ("127.0.0.1", "localhost") for path in ("/callback", "/oauth/callback")
        ],
        "token_endpoint_auth_method": "none",
    }
    told = answer(json.dumps(said).encode(), "content-type: application/json", "cache-control: max-age=300")
    async with answering(told) as site:
        mapped = {"slack": {f"https://{DOCUMENT_HOST}/": f"http://127.0.0.1:{site.port}/"}}
        async with (
            serving(folder, urls=mapped) as served,
            httpx2.AsyncClient(base_url=served.url, trust_env=False, timeout=30) as http,
        ):
            server = await for_alice_and_bob(await open_product(Rest(http)), served)
            yield Documented(served, server, site)
