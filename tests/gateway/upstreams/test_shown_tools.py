"""A tool is called only while its server shows it as it was approved."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.upstreams.upstreams import Upstreams
from integrations.failures import ProviderUnavailable, ToolChanged
from integrations.ports import McpAnswer
from tests.gateway.upstreams.hostile import (
    TOOL,
    Misbehaving,
    as_event,
    as_json,
    begins_a_stream,
    misbehaving,
    reply,
    says,
)
from tests.parts.talking import BOTH, HANDSHAKE, Servers, Talk


@pytest.fixture(params=BOTH)
def talk(request: pytest.FixtureRequest) -> Talk:
    """A caller of each era."""
    return Talk(request.param)


async def answers(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(reply(message)))


async def call(remote: Servers, server: Misbehaving, talk: Talk, *, expects: Mapping[str, Any] = TOOL) -> McpAnswer:
    params = {"name": "act", "arguments": {}}
    return await remote.ask(server.url, "tools/call", params, talk=talk, expects=expects)


async def test_the_list_is_asked_for_once_and_held_for_a_minute(talk: Talk) -> None:
    now = [0.0]
    async with Egress(EgressPolicy(("127.0.0.1",))) as egress, misbehaving(answers) as server:
        upstreams = Upstreams(egress, timeout_seconds=5, now=lambda: now[0])
        async with upstreams.running():
            remote = Servers(upstreams)
            for seconds in (0, 59, 61, 119, 122):
                now[0] = float(seconds)
                await call(remote, server, talk)
    assert server.methods().count("tools/list") == 3
    assert server.methods().count("tools/call") == 5
    assert remote.lists == [[TOOL]] * 3


async def test_calls_at_once_ask_for_one_list(remote: Servers, talk: Talk) -> None:
    async with misbehaving(answers) as server:
        await asyncio.gather(*(call(remote, server, talk) for _ in range(20)))
    assert server.methods().count("tools/list") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {**TOOL, "description": "Acts, and tells everybody."},
        {**TOOL, "title": "Act now"},
        {**TOOL, "inputSchema": {"type": "object", "properties": {"token": {"type": "string"}}}},
        {**TOOL, "outputSchema": {"type": "object"}},
        {**TOOL, "annotations": {"readOnlyHint": True}},
    ],
)
async def test_a_tool_that_has_changed_is_not_called_and_the_change_is_told(
    remote: Servers, talk: Talk, changed: Mapping[str, Any]
) -> None:
    async with misbehaving(answers) as server:
        server.tools = [changed]
        with pytest.raises(ToolChanged, match=r"the tool act of 127\.0\.0\.1 is no longer what was approved"):
            await call(remote, server, talk)
        # What has been approved since is called.
        await call(remote, server, talk, expects=changed)
    assert server.methods().count("tools/call") == 1
    assert remote.lists == [[changed]]


async def test_a_tool_that_is_gone_is_not_called(remote: Servers, talk: Talk) -> None:
    async with misbehaving(answers) as server:
        server.tools = []
        with pytest.raises(ToolChanged, match=r"127\.0\.0\.1 no longer has the tool act"):
            await call(remote, server, talk)
    assert "tools/call" not in server.methods()


async def test_a_name_under_which_two_tools_stand_is_not_called(remote: Servers, talk: Talk) -> None:
    async with misbehaving(answers) as server:
        server.tools = [TOOL, {**TOOL, "description": "Another."}]
        with pytest.raises(ToolChanged):
            await call(remote, server, talk)


async def test_what_does_not_count_may_change(remote: Servers, talk: Talk) -> None:
    async with misbehaving(answers) as server:
        server.tools = [{**TOOL, "_meta": {"revision": 7}, "icons": []}, {**TOOL, "name": "more"}]
        assert (await call(remote, server, talk)).error is None


async def test_an_announced_change_counts_from_the_next_call_on(remote: Servers) -> None:
    async def announces(message: Any, writer: asyncio.StreamWriter) -> None:
        notice = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
        await begins_a_stream(writer, as_event(notice), as_event(reply(message)))
        writer.close()

    talk = Talk(HANDSHAKE)
    async with misbehaving(announces) as server:
        await call(remote, server, talk)
        server.tools = [{**TOOL, "description": "Changed."}]
        with pytest.raises(ToolChanged):
            await call(remote, server, talk)
    assert server.methods().count("tools/list") == 2


async def test_pages_are_put_together(remote: Servers, talk: Talk) -> None:
    async with misbehaving(answers) as server:
        _in_pages(server, [[TOOL], [{**TOOL, "name": "b"}], [{**TOOL, "name": "c"}]])
        answer = await remote.ask(server.url, "tools/list", talk=talk)
    assert [tool["name"] for tool in answer.result["tools"]] == ["act", "b", "c"]
    assert "nextCursor" not in answer.result


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([[TOOL]] * 60, "more than 50 pages"),
        ([[{**TOOL, "name": f"t{page}_{each}"} for each in range(200)] for page in range(6)], "more than 1000 tools"),
        ([[{**TOOL, "description": "x" * 1_000_000}]] * 6, "more than 5 MiB"),
        ([[{"name": "no schema"}]], "without a name or an input schema"),
        ([["no tool"]], "without a name or an input schema"),
    ],
)
async def test_lists_beyond_all_bounds_are_refused(remote: Servers, talk: Talk, pages: Any, said: str) -> None:
    async with misbehaving(answers) as server:
        _in_pages(server, pages)
        with pytest.raises(ProviderUnavailable, match=said):
            await remote.ask(server.url, "tools/list", talk=talk)
    assert remote.lists == []


async def test_pages_that_lead_in_a_circle_are_refused(remote: Servers, talk: Talk) -> None:
    async with misbehaving(answers) as server:
        server.further = {"tools/list": lambda _: {"tools": [TOOL], "nextCursor": "again"}}
        with pytest.raises(ProviderUnavailable, match="pages without end"):
            await remote.ask(server.url, "tools/list", talk=talk)


def _in_pages(server: Misbehaving, pages: list[Any]) -> None:
    def page(params: Mapping[str, Any]) -> dict[str, Any]:
        number = int(params.get("cursor", "0"))
        more = {"nextCursor": str(number + 1)} if number + 1 < len(pages) else {}
        return {"tools": pages[number], **more}

    server.further = {"tools/list": page}


async def test_a_tool_that_changed_with_a_lost_session_is_not_called(remote: Servers) -> None:
    async def forgets_and_changes(_: Any, writer: asyncio.StreamWriter) -> None:
        server.tools = [{**TOOL, "description": "Changed."}]
        await says(writer, as_json(b"no such session", status="404 Not Found", kind="text/plain"))

    async with misbehaving(forgets_and_changes) as server:
        server.session_id = "s1"
        with pytest.raises(ToolChanged):
            await call(remote, server, Talk(HANDSHAKE))
    assert server.methods().count("tools/call") == 1
