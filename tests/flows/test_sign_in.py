"""Claims about real MCP clients: each signs its person in by itself, and acts as exactly that person."""

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from tests.flows.agents import HANDSHAKE, MODERN, Agent
from tests.flows.frameworks import signed_in_openai_agents, signed_in_pydantic_ai
from tests.flows.product import Product, Server
from tests.flows.signing_in import (
    DOCUMENT,
    DOCUMENT_HOST,
    Kept,
    Signer,
    documented,
    python_auth,
    signed_in_fastmcp,
    signed_in_node,
    signed_in_python,
    signer,
)
from tests.parts.mcp_wire import Wire
from tests.parts.served import Served

CLIENTS = {
    "mcp auto": MODERN,
    "mcp legacy": HANDSHAKE,
    "fastmcp": MODERN,
    "openai-agents": MODERN,
    "pydantic-ai": MODERN,
    "client auto": MODERN,
    "client default": HANDSHAKE,
    "sdk default": HANDSHAKE,
}


@pytest.fixture
def server(alice_and_bob: Server) -> Server:
    """A server that takes sign-ins only."""
    return alice_and_bob


def connected(
    name: str, endpoint: str, somebody: Signer, request: pytest.FixtureRequest, *, document: str | None = None
) -> AbstractAsyncContextManager[Agent]:
    """Connect a client of this name; Node is asked for only where it is needed."""
    match name.split():
        case ["mcp", mode]:
            return signed_in_python(endpoint, python_auth(endpoint, somebody, document=document), mode=mode)
        case ["fastmcp"]:
            return signed_in_fastmcp(endpoint, somebody, document=document)
        case ["openai-agents"]:
            return signed_in_openai_agents(endpoint, python_auth(endpoint, somebody, document=document))
        case ["pydantic-ai"]:
            return signed_in_pydantic_ai(endpoint, python_auth(endpoint, somebody, document=document))
        case [package, era]:
            node = request.getfixturevalue("node")
            return signed_in_node(endpoint, somebody, node=node, package=package, era=era, document=document)
        case _:
            raise AssertionError(name)


@pytest.mark.filterwarnings("ignore:Using in-memory token storage")
@pytest.mark.promise("000-12", "000-14", "000-15")
@pytest.mark.parametrize("name", CLIENTS)
async def test_two_people_sign_in_at_the_same_time_and_each_agent_gets_its_own_person_s_account(
    name: str, server: Server, served: Served, request: pytest.FixtureRequest
) -> None:
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(signer(served, f"{who}@corp.example")) for who in ("alice", "bob")]

        async def whoami(somebody: Signer) -> tuple[str, str]:
            async with connected(name, server.endpoint, somebody, request) as agent:
                assert "acme__whoami" in await agent.tool_names()
                return agent.version, str((await agent.call("acme__whoami")).structured["id"])

        found = await asyncio.gather(*map(whoami, people))
    assert found == [(CLIENTS[name], "alice"), (CLIENTS[name], "bob")]
    for somebody in people:
        assert len(somebody.read) == 1
        assert "unverified" in somebody.read[0]


@pytest.mark.filterwarnings("ignore:Using in-memory token storage")
@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_with_a_metadata_document_signs_in_without_registering(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(documented(tmp_path))
        alice = await stack.enter_async_context(signer(found.served, "alice@corp.example"))
        endpoint = found.server.endpoint
        agent = await stack.enter_async_context(connected(name, endpoint, alice, request, document=DOCUMENT))
        assert (await agent.call("acme__whoami")).structured["id"] == "alice"
        assert f"known by {DOCUMENT_HOST}" in alice.read[0]
        assert len(found.site.requests) == 1
        async with found.served.gateway.database.read() as tx:
            assert await tx.oauth_clients.by_client_id(DOCUMENT) is None


async def test_an_agent_goes_on_when_its_token_ends_and_stops_with_its_person(
    server: Server, served: Served, product: Product
) -> None:
    kept = Kept()
    async with signer(served, "alice@corp.example") as alice:
        auth = python_auth(server.endpoint, alice, kept=kept)
        async with signed_in_python(server.endpoint, auth, mode="auto") as agent:
            await agent.tool_names()
            assert kept.tokens is not None
            first = kept.tokens
            # As it looks to a program an hour later.
            auth.context.token_expiry_time = 1
            assert (await agent.call("acme__whoami")).structured["id"] == "alice"
        second = kept.tokens
        assert {first.access_token, first.refresh_token}.isdisjoint({second.access_token, second.refresh_token})
        assert len(alice.read) == 1

    end_user = await product.end_user("alice")
    assert (await opens(product, server, second.access_token)) is True
    suspended = await product.rest.post(f"/end-users/{end_user['id']}/suspend")
    assert suspended.status_code == 200, suspended.text
    assert (await opens(product, server, second.access_token)) is False


@pytest.mark.promise("004-2")
async def test_whoever_signs_in_has_a_record_and_acts_as_long_as_it_is_there(served: Served, product: Product) -> None:
    server, kept = await product.server(authMode="oauth", endUserAccess="open"), Kept()
    async with signer(served, "carol@corp.example") as carol:
        auth = python_auth(server.endpoint, carol, kept=kept)
        async with signed_in_python(server.endpoint, auth, mode="auto") as agent:
            await agent.tool_names()
    found = await product.rest.get("/end-users", workspaceId=product.workspace_id, email="carol@corp.example")
    [record] = found.json()["endUsers"]
    assert kept.tokens is not None
    assert await opens(product, server, kept.tokens.access_token) is True
    deleted = await product.rest.delete(f"/end-users/{record['id']}")
    assert deleted.status_code == 200, deleted.text
    assert await opens(product, server, kept.tokens.access_token) is False


async def test_a_token_opens_the_one_server_that_it_is_for(server: Server, served: Served, product: Product) -> None:
    other, kept = await product.server(authMode="oauth", name="Other"), Kept()
    async with signer(served, "alice@corp.example") as alice:
        auth = python_auth(server.endpoint, alice, kept=kept)
        async with signed_in_python(server.endpoint, auth, mode="auto") as agent:
            await agent.tool_names()
    assert kept.tokens is not None
    assert await opens(product, server, kept.tokens.access_token) is True
    assert await opens(product, other, kept.tokens.access_token) is False


async def opens(product: Product, server: Server, token: str) -> bool:
    """Whether the server lets this token in."""
    answer = await Wire(product.rest.client, server.endpoint, token).modern("tools/list")
    assert (answer.status_code == 401) is ('error="invalid_token"' in answer.headers.get("www-authenticate", ""))
    return answer.status_code == 200
