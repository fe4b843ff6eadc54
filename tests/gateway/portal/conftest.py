"""A served gateway with Acme, a product on it, and people with browsers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from tests.flows.product import open_product
from tests.gateway.portal.shop import Shop
from tests.parts.rest import Rest
from tests.parts.served import serving


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose people connect accounts of their own at Acme."""
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(tmp_path))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=served.url))
        product = await open_product(Rest(client))
        await product.add("acme")
        yield Shop(served, product, stack)
