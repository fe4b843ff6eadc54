"""Claims about clients that leave in the middle: nothing goes on for nobody."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from tests.flows.agents import KINDS, Connect, Kind
from tests.flows.product import open_product
from tests.flows.slow_api import slow_api
from tests.parts.rest import Rest
from tests.parts.served import serving


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.opens_urls], ids=str)
async def test_a_call_is_given_up_at_the_provider_when_its_client_leaves(
    kind: Kind, connect: Connect, tmp_path: Path
) -> None:
    async with (
        slow_api() as api,
        serving(tmp_path, egress_allow="127.0.0.1") as served,
        httpx2.AsyncClient(base_url=served.url, trust_env=False) as client,
    ):
        product = await open_product(Rest(client))
        await product.add("http", "fixed")
        server = await product.server()
        token = await product.token(server, "alice")

        async def call() -> None:
            async with connect(kind, server.endpoint, token) as agent:
                await agent.call("http__send_request", {"method": "GET", "url": api.url})

        calling = asyncio.create_task(call())
        await api.has_received(1)
        calling.cancel()
        await api.is_left()
        await asyncio.wait((calling,))
