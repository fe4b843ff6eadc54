"""Claims about agents whose person's access expires in the middle of their work."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.acme import Acme
from tests.flows.product import Product, open_product
from tests.gateway.connections.renewing import LIFETIME, HandClock
from tests.parts.mcp_wire import Wire
from tests.parts.rest import Rest
from tests.parts.served import Served, serving


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def served(tmp_path: Path, clock: HandClock) -> AsyncIterator[Served]:
    acme = Acme(clock=clock)
    acme.chaos.access_token_seconds = LIFETIME
    async with serving(tmp_path, clock=clock, provider=acme) as running:
        yield running


@pytest.fixture
async def wires(served: Served) -> AsyncIterator[list[Wire]]:
    """Ten agents of alice; her account and the shared one expire together."""
    limits = httpx2.Limits(max_connections=200)
    async with httpx2.AsyncClient(base_url=served.url, trust_env=False, timeout=60, limits=limits) as client:
        product = await open_product(Rest(client))
        await product.add("acme")
        await product.add("acme", "fixed", alias="shared", connectionId=(await connect(product, served, None))["id"])
        await connect(product, served, "alice")
        server = await product.server()
        yield [Wire(client, server.endpoint, await product.token(server, "alice")) for _ in range(10)]


@pytest.fixture
def wire(wires: list[Wire]) -> Wire:
    return wires[0]


async def connect(product: Product, served: Served, person: str | None) -> dict[str, Any]:
    """Connect an account with tokens that came of an approval."""
    tokens = served.acme.app.issue_token(person or "bob")
    given: dict[str, Any] = {"refreshToken": tokens.get("refresh_token"), "expiresIn": tokens["expires_in"]}
    return await product.connect(person, tokens["access_token"], **given)


async def test_200_parallel_tool_calls_across_an_expiry_renew_each_account_once_and_none_fails(
    served: Served, wires: list[Wire], clock: HandClock
) -> None:
    for expiry in range(1, 3):
        clock.advance(LIFETIME)
        tools = ("acme__whoami", "shared__whoami") * 10
        results = await asyncio.gather(*(wire.call(tool) for wire in wires for tool in tools))
        assert [result["isError"] for result in results] == [False] * 200
        people = [result["structuredContent"]["id"] for result in results]
        assert people == ["alice", "bob"] * 100
        assert served.acme.app.counters.refreshes == 2 * expiry
    assert served.acme.app.counters.refreshes_refused == 0


async def test_after_the_provider_revokes_the_agent_is_told_where_to_reconnect(
    served: Served, wire: Wire, clock: HandClock
) -> None:
    served.acme.app.revoke_tokens("alice")
    clock.advance(LIFETIME)
    for _ in range(2):
        result = await wire.call("acme__whoami")
        assert result["isError"]
        assert f"{served.url}/connect/s/" in result["content"][0]["text"]
    assert served.acme.app.counters.refreshes_refused == 1
    assert not (await wire.call("shared__whoami"))["isError"]


async def test_an_agent_is_told_how_long_to_wait_while_the_provider_can_not_renew(
    served: Served, wire: Wire, clock: HandClock
) -> None:
    served.acme.app.chaos.token.rate_limited = 1
    served.acme.app.chaos.token.retry_after_seconds = 30
    clock.advance(LIFETIME)
    result = await wire.call("acme__whoami")
    assert result["isError"]
    assert "wait 30 seconds before calling again" in result["content"][0]["text"]
    clock.advance(30)
    assert not (await wire.call("acme__whoami"))["isError"]
