"""Real clients of one era, and remote servers that know the other one only."""

# What 2026-07-28 deprecates, clients of the handshake revisions still use.
# pyright: reportDeprecated=false

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from tests.gateway.mcp import shop as shops
from tests.gateway.mcp.shop import Shop
from tests.gateway.mcp.test_remote import TOOL, Person, at, words
from tests.parts import talking
from tests.parts.eras import HandshakeOnly, ModernOnly
from tests.parts.served import serving
from tests.support.everything.server import TOOLS, create_app
from tests.support.everything.through_toolgate import NAME

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated as of 2026-07-28")


@asynccontextmanager
async def behind(app: ASGIApp, folder: Path) -> AsyncGenerator[Shop]:
    """A workspace that uses the server, whose tools are approved as they are."""
    async with (
        talking.serving(app) as url,
        serving(folder, egress_allow=("127.0.0.1",)) as served,
        talking.servers() as way,
    ):
        shop = await shops.open_shop(served)
        tools = (await way.ask(url, "tools/list")).result["tools"]
        assert len(tools) == len(TOOLS)
        manifest = {
            "name": NAME,
            "title": "Everything",
            "categories": ["DEVELOPER_TOOLS"],
            "mcp": {"url": url, "tools": tools},
        }
        await served.gateway.own_integrations.create(shop.scope, manifest)
        await shop.add(NAME, alias="everything")
        yield shop


async def test_a_modern_client_is_asked_what_a_server_with_sessions_wants_to_know(tmp_path: Path) -> None:
    server, person = HandshakeOnly(create_app()), Person("Grace")
    async with behind(server, tmp_path) as shop, at(shop, "2026-07-28", person, log_level="info") as client:
        answered = await client.call_tool(TOOL("elicitation"), {"message": "Who are you?"})
        sampled = await client.call_tool(TOOL("sampling"), {"prompt": "Say something"})
        await client.call_tool(TOOL("tool_with_progress"), progress_callback=person.progressed)
        await client.call_tool(TOOL("tool_with_logging"))
    assert "Grace" in words(answered)
    assert "Grace's model" in words(sampled)
    assert person.asked == ["Everything asks: Who are you?"]
    assert person.progress == [0, 50, 100]
    assert person.heard == ["Tool execution started", "Tool processing data", "Tool execution completed"]
    assert server.methods().count("tools/call") == 4


async def test_a_client_with_sessions_is_asked_what_a_modern_server_wants_to_know(tmp_path: Path) -> None:
    person = Person("Grace")
    async with behind(ModernOnly(create_app()), tmp_path) as shop, at(shop, "legacy", person) as client:
        answered = await client.call_tool(TOOL("input_required_result_elicitation"))
        again = await client.call_tool(TOOL("input_required_result_multi_round"))
        await client.call_tool(TOOL("tool_with_progress"), progress_callback=person.progressed)
    assert words(answered) == "Hello, Grace!"
    assert "Favourite color" in words(again)
    assert len(person.asked) == 3
    assert person.progress == [0, 50, 100]
