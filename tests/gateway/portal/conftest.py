"""A served gateway with Acme, a product on it, and people with browsers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.portal.shop import Shop, open_shop


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop with the usual settings."""
    async with open_shop(tmp_path) as opened:
        yield opened
