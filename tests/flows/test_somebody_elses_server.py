"""A workspace with an MCP server made with the TypeScript SDK: a key per person, and each client's own way of being asked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import mcp
import mcp_types as types
import pytest
from mcp.client.streamable_http import streamable_http_client

from tests.flows.product import Product, Server, open_product
from tests.parts.node import Node
from tests.parts.rest import Rest
from tests.parts.served import serving

NAME = "custom-notes"
ERAS = ["legacy", "2026-07-28"]


@pytest.fixture
async def notes(node: Node) -> AsyncIterator[str]:
    """The address of the server, which knows revisions with a handshake only."""
    program = Path(__file__).parents[1] / "node" / "notes_server.mjs"
    process = await asyncio.create_subprocess_exec(
        str(node.binary), str(program), env=node.environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), 30))
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    await process.wait()


@pytest.fixture
async def product(tmp_path: Path, notes: str) -> AsyncIterator[Product]:
    """A workspace that uses it."""
    async with (
        serving(tmp_path, egress_allow=("127.0.0.1",)) as served,
        httpx2.AsyncClient(base_url=served.url, timeout=30, trust_env=False) as client,
    ):
        product = await open_product(Rest(client))
        wanted = {"name": NAME, "title": "Notes", "url": notes, "auth": {"apiKey": {"header": "X-Api-Key"}}}
        answer = await product.rest.post("/integrations/mcp", wanted)
        assert answer.status_code == 200, answer.text
        await product.add(NAME, alias="notes")
        yield product


async def connected(product: Product, person: str) -> dict[str, Any]:
    """Give a person's key of the server; returns the connection."""
    body = {
        "type": "SECRET_TEXT",
        "integrationName": NAME,
        "externalId": f"{person}-at-notes",
        "displayName": person,
        "workspaceId": product.workspace_id,
        "endUserId": person,
        "secretText": f"{person}-key",
    }
    return await product.rest.made("/connections", body)


@asynccontextmanager
async def agent(
    product: Product, server: Server, person: str, era: str, asked: list[str] | None = None
) -> AsyncGenerator[mcp.Client]:
    """A person's client; what they were asked is in `asked`, and they answer with their name."""

    async def elicited(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        del context
        if asked is not None:
            asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": person})

    headers = {"Authorization": f"Bearer {await product.token(server, person)}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
        transport = streamable_http_client(server.endpoint, http_client=http)
        async with mcp.Client(transport, mode=era, elicitation_callback=elicited) as client:
            yield client


def words(result: types.CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, types.TextContent))


async def refused(client: mcp.Client, name: str) -> str:
    """What a client is told that has to open a link first: in a result, or in the error of its revision."""
    try:
        result = await client.call_tool(name)
    except mcp.MCPError as error:
        return str(error)
    assert result.is_error
    return words(result)


@pytest.mark.parametrize("era", ERAS)
async def test_two_people_each_use_their_own_account_at_somebody_elses_server(product: Product, era: str) -> None:
    server = await product.server()

    async with agent(product, server, "alice", era) as client:
        before = [tool.name for tool in (await client.list_tools()).tools]
        assert before == ["notes__connect"]
        assert "/connect/" in await refused(client, before[0])

        await connected(product, "alice")
        await client.call_tool("notes__connect")
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"notes__whoami", "notes__add", "notes__sign", "notes__sort"}
        assert tools["notes__whoami"].output_schema is not None
        await client.call_tool("notes__add", {"text": "mine"})

    await connected(product, "bob")
    async with agent(product, server, "bob", era) as client:
        whoami = await client.call_tool("notes__whoami")
        read = await client.read_resource("notes+notes://all")
        prompt = await client.get_prompt("notes__sum-up")

    assert whoami.structured_content == {"person": "bob"}
    assert isinstance(read.contents[0], types.TextResourceContents)
    assert read.contents[0].text == ""
    assert isinstance(prompt.messages[0].content, types.TextContent)
    assert prompt.messages[0].content.text == "Sum up what bob wrote."


@pytest.mark.parametrize("era", ERAS)
async def test_a_server_that_asks_in_the_middle_of_a_call_reaches_clients_of_every_era(
    product: Product, era: str
) -> None:
    server = await product.server()
    people = ("alice", "bob")
    for person in people:
        await connected(product, person)
    async with agent(product, server, "alice", era) as client:
        await client.call_tool("notes__connect")

    async def signed(person: str) -> tuple[str, list[str]]:
        asked: list[str] = []
        async with agent(product, server, person, era, asked) as client:
            return words(await client.call_tool("notes__sign")), asked

    answers = await asyncio.gather(*map(signed, people))

    assert answers == [(f"signed: {person}", ["Notes asks: Sign as whom?"]) for person in people]


@pytest.mark.parametrize("era", ERAS)
async def test_two_programs_of_one_person_are_each_asked_about_their_own_call(product: Product, era: str) -> None:
    server = await product.server()
    await connected(product, "alice")

    async with agent(product, server, "alice", era) as client:
        await client.call_tool("notes__connect")

    async def signed(_: int) -> tuple[str, int]:
        asked: list[str] = []
        async with agent(product, server, "alice", era, asked) as client:
            return words(await client.call_tool("notes__sign")), len(asked)

    assert await asyncio.gather(*map(signed, range(4))) == [("signed: alice", 1)] * 4


@pytest.mark.parametrize("era", ERAS)
async def test_passed_through_it_looks_as_it_does_by_itself(product: Product, era: str) -> None:
    server = await product.server(passThrough=True)
    await connected(product, "alice")
    heard: list[float] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        del total, message
        heard.append(progress)

    async with agent(product, server, "alice", era) as client:
        await client.call_tool("connect")
        tools = {tool.name for tool in (await client.list_tools()).tools}
        await client.call_tool("sort", progress_callback=progressed)
        read = await client.read_resource("notes://all")
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]

    assert tools == {"whoami", "add", "sign", "sort"}
    assert heard == [1, 2, 3]
    assert str(read.contents[0].uri) == "notes://all"
    assert prompts == ["sum-up"]
