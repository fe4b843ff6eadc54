"""Remote MCP servers on loopback, and the way to them."""

from collections.abc import AsyncIterator

import pytest

from tests.parts.talking import Servers, servers, serving
from tests.support.everything.server import create_app


@pytest.fixture
async def remote() -> AsyncIterator[Servers]:
    """The way to remote servers."""
    async with servers() as reaching:
        yield reaching


@pytest.fixture
async def everything() -> AsyncIterator[str]:
    """The address of a server that has everything, for callers of every revision."""
    async with serving(create_app()) as url:
        yield url
