"""Claims about remote MCP servers behind ours, as real clients of both eras find them."""

# What 2026-07-28 deprecates, clients of the handshake revisions still use.
# pyright: reportDeprecated=false

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import mcp
import mcp_types as types
import pytest
from mcp.client.streamable_http import streamable_http_client

from tests.gateway.mcp.shop import Shop, open_shop
from tests.gateway.upstreams.hostile import misbehaving
from tests.parts.mcp_wire import Wire
from tests.parts.served import serving
from tests.support.everything.running import everything
from tests.support.everything.through_toolgate import bring

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated as of 2026-07-28")
ERAS = ["legacy", "2026-07-28"]
TOOL = "everything__test_{}".format


@pytest.fixture
async def remote_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A workspace that uses the server of everything, under its alias."""
    async with everything() as upstream, serving(tmp_path, egress_allow=("127.0.0.1",)) as served:
        shop = await open_shop(served)
        await bring(shop, upstream, passed_through=False)
        yield shop


class Person:
    """Who sits at a client: answers what is asked, and remembers what was heard."""

    def __init__(self, name: str = "Ada") -> None:
        self.name = name
        self.asked: list[str] = []
        self.heard: list[str] = []
        self.progress: list[float] = []

    async def elicited(self, _: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": self.name, "username": self.name, "email": "a@b.c"})

    async def sampled(self, _: Any, __: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        content = types.TextContent(text=f"{self.name}'s model")
        return types.CreateMessageResult(role="assistant", content=content, model="m")

    async def logged(self, params: types.LoggingMessageNotificationParams) -> None:
        self.heard.append(str(params.data))

    async def progressed(self, progress: float, total: float | None, message: str | None) -> None:
        del total, message
        self.progress.append(progress)


@asynccontextmanager
async def at(shop: Shop, era: str, person: Person | None = None, **options: Any) -> AsyncGenerator[mcp.Client]:
    """A client of Alice's; with a person at it, one that asks."""
    token = await shop.token(shop.alice)
    asking = (
        {}
        if person is None
        else {
            "elicitation_callback": person.elicited,
            "sampling_callback": person.sampled,
            "logging_callback": person.logged,
        }
    )
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30) as http:
        transport = streamable_http_client(shop.url, http_client=http)
        async with mcp.Client(transport, mode=era, **asking, **options) as client:
            yield client


def words(result: types.CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, types.TextContent))


@pytest.mark.parametrize("era", ERAS)
async def test_what_a_remote_server_has_is_there_under_its_alias(remote_shop: Shop, era: str) -> None:
    async with at(remote_shop, era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
        resources = [resource.uri for resource in (await client.list_resources()).resources]
        templates = [each.uri_template for each in (await client.list_resource_templates()).resource_templates]
        prompt = await client.get_prompt("everything__test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
        read = await client.read_resource("everything+test://template/7/data")
        ref = types.PromptReference(name="everything__test_prompt_with_arguments")
        completed = await client.complete(ref, {"name": "arg1", "value": "par"})

    assert tools[TOOL("simple_text")].description == "Fixture test_simple_text."
    assert "everything__test_simple_prompt" in prompts
    assert "everything+test://static-text" in resources
    assert templates == ["everything+test://template/{id}/data"]
    assert isinstance(prompt.messages[0].content, types.TextContent)
    assert "arg1='a'" in prompt.messages[0].content.text
    assert str(read.contents[0].uri) == "everything+test://template/7/data"
    assert completed.completion.values == ["paris", "park", "party"]


@pytest.mark.parametrize("era", ERAS)
async def test_results_come_as_they_are_and_addresses_in_them_can_be_read(remote_shop: Shop, era: str) -> None:
    async with at(remote_shop, era) as client:
        mixed = await client.call_tool(TOOL("multiple_content_types"))
        failed = await client.call_tool(TOOL("error_handling"))

    assert [block.type for block in mixed.content] == ["text", "image", "resource"]
    assert isinstance(mixed.content[2], types.EmbeddedResource)
    assert str(mixed.content[2].resource.uri) == "everything+test://mixed-content-resource"
    assert failed.is_error
    assert words(failed) == "This tool intentionally returns an error for testing"


@pytest.mark.parametrize("era", ERAS)
async def test_progress_and_logs_arrive_before_the_result(remote_shop: Shop, era: str) -> None:
    person = Person()
    async with at(remote_shop, era, person, log_level="info") as client:
        await client.call_tool(TOOL("tool_with_progress"), progress_callback=person.progressed)
        await client.call_tool(TOOL("tool_with_logging"))

    assert person.progress == [0, 50, 100]
    assert person.heard == ["Tool execution started", "Tool processing data", "Tool execution completed"]


async def test_a_handshake_client_hears_as_much_as_it_wants(remote_shop: Shop) -> None:
    person = Person()
    async with at(remote_shop, "legacy", person) as client:
        await client.set_logging_level("error")
        await client.call_tool(TOOL("tool_with_logging"))

    assert person.heard == []


async def test_a_person_is_asked_in_the_middle_of_a_call_and_told_by_whom(remote_shop: Shop) -> None:
    person = Person("Grace")
    async with at(remote_shop, "legacy", person) as client:
        answered = await client.call_tool(TOOL("elicitation"), {"message": "Who are you?"})
        sampled = await client.call_tool(TOOL("sampling"), {"prompt": "Say something"})

    assert "Grace" in words(answered)
    assert "Grace's model" in words(sampled)
    assert person.asked == ["Everything asks: Who are you?"]


async def test_a_modern_client_is_asked_between_two_requests(remote_shop: Shop) -> None:
    person = Person("Grace")
    async with at(remote_shop, "2026-07-28", person) as client:
        answered = await client.call_tool(TOOL("input_required_result_elicitation"))

    assert words(answered) == "Hello, Grace!"
    assert person.asked == ["Everything asks: What is your name?"]


async def test_two_people_at_once_are_each_asked_their_own(remote_shop: Shop) -> None:
    people = [Person(f"P{number}") for number in range(8)]

    async def one(person: Person) -> str:
        async with at(remote_shop, "legacy", person) as client:
            return words(await client.call_tool(TOOL("elicitation"), {"message": f"You, {person.name}?"}))

    answers = await asyncio.gather(*map(one, people))

    for person, answer in zip(people, answers, strict=True):
        assert person.asked == [f"Everything asks: You, {person.name}?"]
        assert person.name in answer


@pytest.mark.parametrize("tool", ["elicitation", "sampling"])
async def test_who_can_not_be_asked_is_not_and_the_tool_says_so(remote_shop: Shop, tool: str) -> None:
    async with at(remote_shop, "legacy") as client:
        arguments = {"message": "?"} if tool == "elicitation" else {"prompt": "?"}
        outcome = await asyncio.wait_for(_outcome(client, TOOL(tool), arguments), 10)

    assert outcome


async def _outcome(client: mcp.Client, name: str, arguments: dict[str, Any]) -> str:
    """What a client is told of a call that can't succeed."""
    try:
        result = await client.call_tool(name, arguments)
    except mcp.MCPError as error:
        return str(error)
    assert result.is_error
    return words(result)


async def test_what_is_not_there_is_said_to_be_missing(remote_shop: Shop, client: httpx2.AsyncClient) -> None:
    wire = Wire(client, remote_shop.url, await remote_shop.token(remote_shop.alice))

    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("prompts/get", {"name": "test_simple_prompt"}),
        ("prompts/get", {"name": "everything__nothing"}),
        ("resources/read", {"uri": "test://static-text"}),
        ("resources/read", {"uri": "everything+test://nothing"}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}}),
    )
    for method, params in asked:
        answer = await wire.modern(method, params, **{"Mcp-Name": params.get("name") or params.get("uri") or "x"})
        assert answer.json()["error"]["code"] == -32602, (method, params, answer.text)


async def test_where_actions_are_limited_nothing_else_of_the_server_is_open(
    remote_shop: Shop, client: httpx2.AsyncClient
) -> None:
    async with remote_shop.served.gateway.database.write() as tx:
        rows = await tx.workspace_integrations.of_workspace(remote_shop.scope, remote_shop.workspace.id)
        await tx.workspace_integrations.update(rows[0], enabled_actions=["test_simple_text"])
    wire = Wire(client, remote_shop.url, await remote_shop.token(remote_shop.alice))

    assert await wire.tool_names() == [TOOL("simple_text")]
    read = await wire.modern(
        "resources/read",
        {"uri": "everything+test://static-text"},
        **{"Mcp-Name": "everything+test://static-text"},
    )
    discovered = (await wire.modern("server/discover")).json()["result"]["capabilities"]
    assert "error" in read.json()
    assert set(discovered) == {"tools"}


async def test_a_cancelled_call_ends_and_leaves_the_session_whole(remote_shop: Shop) -> None:
    asked = asyncio.Event()

    class Slow(Person):
        async def elicited(self, _: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
            del params
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

    async with at(remote_shop, "legacy", Slow()) as client:
        call = asyncio.create_task(client.call_tool(TOOL("elicitation"), {"message": "?"}))
        await asyncio.wait_for(asked.wait(), 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        after = await asyncio.wait_for(client.call_tool(TOOL("simple_text")), 10)

    assert words(after) == "This is a simple text response for testing."


async def test_of_a_list_without_end_no_more_is_read_than_a_client_takes(
    tmp_path: Path, client: httpx2.AsyncClient
) -> None:
    def page(params: Mapping[str, Any]) -> dict[str, Any]:
        number = int(params.get("cursor", 0))
        prompt = {"name": f"p{number}", "description": "x" * 4_000_000}
        return {"prompts": [prompt], "nextCursor": str(number + 1)}

    async with misbehaving(says_nothing) as upstream, serving(tmp_path, egress_allow=("127.0.0.1",)) as served:
        upstream.further = {"prompts/list": page}
        shop = await open_shop(served)
        server = {"url": upstream.url, "tools": [], "capabilities": {"prompts": {}}}
        manifest = {"name": "custom-endless", "title": "Endless", "categories": ["DEVELOPER_TOOLS"], "mcp": server}
        await served.gateway.own_integrations.create(shop.scope, manifest)
        await shop.add("custom-endless", alias="endless")
        wire = Wire(client, shop.url, await shop.token(shop.alice))
        listed = (await wire.modern("prompts/list")).json()["result"]["prompts"]

    assert [each["name"] for each in listed] == ["endless__p0"]
    assert upstream.methods().count("prompts/list") == 2


async def says_nothing(_: Any, __: asyncio.StreamWriter) -> None:
    """No tool of it is called."""
