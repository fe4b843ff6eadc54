"""Claims about one Toolgate as the remote MCP server of another: a real authorization server on the other side."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.flows.product import Product, Server, open_product
from tests.flows.signing_in import Signer, for_alice_and_bob
from tests.gateway.portal.visiting import Person
from tests.parts.rest import Rest
from tests.parts.served import Served, serving

NAME = "custom-theirs"
PUBLIC = "https://tools.example.com"


class Hosted(httpx2.AsyncBaseTransport):
    """What carries requests for public names to where they are served on this machine."""

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = str(request.url)
        for name, place in self._places.items():
            if url.startswith(name):
                url = place + url.removeprefix(name)
        inner = httpx2.Request(request.method, url, headers=request.headers, stream=request.stream)
        return await self._inner.handle_async_request(inner)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass
class Pair:
    """Our gateway and theirs, and people who use both with one browser."""

    ours: Served
    theirs: Served
    server: Server
    places: dict[str, str]
    stack: AsyncExitStack

    async def browser(self) -> httpx2.AsyncClient:
        return await self.stack.enter_async_context(
            httpx2.AsyncClient(transport=Hosted(self.places), trust_env=False, timeout=30)
        )

    async def product(self) -> Product:
        """A workspace of ours."""
        client = await self.stack.enter_async_context(
            httpx2.AsyncClient(base_url=self.ours.url, transport=Hosted(self.places), trust_env=False, timeout=30)
        )
        return await open_product(Rest(client))


async def pair_of(folder: Path, stack: AsyncExitStack, *, is_public: bool) -> Pair:
    named: dict[str, Any] = {"public_url": PUBLIC} if is_public else {}
    ours = await stack.enter_async_context(serving(folder / "ours", egress_allow=("127.0.0.1",), **named))
    places = {f"{PUBLIC}/": f"http://127.0.0.1:{ours.gateway.settings.port}/"}
    theirs = await stack.enter_async_context(serving(folder / "theirs", urls={"slack": places}))
    client = await stack.enter_async_context(httpx2.AsyncClient(base_url=theirs.url, trust_env=False, timeout=30))
    server = await for_alice_and_bob(await open_product(Rest(client)), theirs)
    return Pair(ours, theirs, server, places, stack)


@pytest.fixture(params=["dynamic", "document"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Pair, str]]:
    """Two gateways; ours is public where it is to be known by its document."""
    async with AsyncExitStack() as stack:
        yield await pair_of(tmp_path, stack, is_public=request.param == "document"), request.param


async def test_people_of_ours_use_their_own_accounts_at_theirs(pair: tuple[Pair, str]) -> None:
    both, registered = pair
    product = await both.product()
    answer = await product.rest.post(
        "/integrations/mcp", {"name": NAME, "title": "Theirs", "url": both.server.endpoint}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["registered"] == registered
    assert answer.json()["authorizationServer"] == both.theirs.url
    await product.add(NAME)

    for who in ("alice", "bob"):
        browser = Person(await both.browser(), both.ours.url)
        link = await product.connect_link(who, NAME)
        start = (await browser.open(link)).form(f"{both.ours.url}/connect/start")
        hop = await browser.send(start)
        assert hop.onward is not None
        back = await Signer(both.theirs, f"{who}@corp.example", browser).sign_in(hop.onward)
        assert "is connected" in (await browser.open(back)).text
        await product.execute(NAME, "connect", who)

    for who in ("alice", "bob"):
        said = (await product.execute(NAME, "acme__whoami", who)).json()
        assert said["output"]["id"] == who, said
