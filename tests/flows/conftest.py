"""The whole gateway over loopback, set up over REST."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx2
import pytest

from tests.flows.agents import Agent, Connect, Kind, OnUrl, fastmcp_agent, node_agent, python_agent
from tests.flows.product import Product, Server, open_product
from tests.flows.signing_in import for_alice_and_bob
from tests.parts.rest import Rest
from tests.parts.served import Served, serving


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The gateway, with Acme beside it."""
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def anonymous(served: Served) -> AsyncIterator[Rest]:
    """A REST client without a key."""
    async with httpx2.AsyncClient(base_url=served.url, timeout=30, trust_env=False) as client:
        yield Rest(client)


@pytest.fixture
async def product(anonymous: Rest) -> Product:
    """A workspace in which alice and bob are known."""
    return await open_product(anonymous)


@pytest.fixture
async def alice_and_bob(product: Product, served: Served) -> Server:
    """A server that takes sign-ins only, for alice and bob."""
    return await for_alice_and_bob(product, served)


@pytest.fixture
def connect(request: pytest.FixtureRequest) -> Connect:
    """Connect a client of any kind; Node is asked for only where it is needed."""

    def of_kind(
        kind: Kind, endpoint: str, token: str, *, on_url: OnUrl | None = None
    ) -> AbstractAsyncContextManager[Agent]:
        match kind.name.split():
            case ["mcp", mode]:
                return python_agent(endpoint, token, mode=mode, on_url=on_url)
            case ["fastmcp"]:
                return fastmcp_agent(endpoint, token, on_url=on_url)
            case [package, era]:
                node = request.getfixturevalue("node")
                return node_agent(endpoint, token, node=node, package=package, era=era, on_url=on_url)
            case _:
                raise AssertionError(kind)

    return of_kind
