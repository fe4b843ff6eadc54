"""A served gateway with one workspace, for everything that is said over MCP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.mcp_wire import Wire
from tests.parts.served import Served, serving


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The whole gateway on loopback, with Acme beside it."""
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def shop(served: Served) -> Shop:
    """A workspace with alice and bob, and an MCP server."""
    return await open_shop(served)


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client."""
    async with httpx2.AsyncClient(timeout=10, trust_env=False) as opened:
        yield opened


@pytest.fixture
async def wire(shop: Shop, client: httpx2.AsyncClient) -> Wire:
    """Alice's agent, byte by byte."""
    return Wire(client, shop.url, await shop.token(shop.alice))
