"""Claims about links that a client was asked to open: it is told once the account behind one is there."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.gateway.mcp.shop import Shop
from tests.parts.mcp_wire import Wire

PATIENCE_SECONDS = 10
OPENS_LINKS = {"elicitation": {"form": {}, "url": {}}}


async def session_of(wire: Wire, capabilities: dict[str, Any] | None = None) -> dict[str, str]:
    """Shake hands; returns the headers of what follows."""
    about = {"name": "test", "version": "1"}
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": OPENS_LINKS if capabilities is None else capabilities,
        "clientInfo": about,
    }
    answer = await wire.bare("initialize", params)
    return {"Mcp-Session-Id": answer.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}


async def asked(wire: Wire, session: dict[str, str], tool: str = "acme__whoami") -> str:
    """Call without an account; returns the id of the link that was given."""
    answer = (await wire.bare("tools/call", {"name": tool, "arguments": {}}, **session)).json()
    return answer["error"]["data"]["elicitations"][0]["elicitationId"]


class Heard:
    """What came on a stream."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines

    async def completion(self) -> str:
        """Wait for the next completion; returns its id."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self._lines:
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
                if message.get("method") == "notifications/elicitation/complete":
                    return message["params"]["elicitationId"]
        raise AssertionError("the stream has ended")


@asynccontextmanager
async def listening(wire: Wire, session: dict[str, str]) -> AsyncGenerator[Heard]:
    headers = {"Authorization": f"Bearer {wire.token}", "Accept": "text/event-stream", **session}
    async with wire.client.stream("GET", wire.url, headers=headers) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        yield Heard(lines)


async def test_a_client_that_was_asked_to_open_a_link_hears_when_its_account_is_there(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    session = await session_of(wire)
    async with listening(wire, session) as heard:
        link = await asked(wire, session)
        await shop.connect(shop.bob, "bob")
        await shop.connect(shop.alice, "alice")
        assert await heard.completion() == link
        result = (await wire.bare("tools/call", {"name": "acme__whoami", "arguments": {}}, **session)).json()["result"]
        assert result["structuredContent"]["id"] == "alice"


async def test_a_stream_that_is_opened_too_late_is_told_at_once(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    session = await session_of(wire)
    link = await asked(wire, session)
    await shop.connect(shop.alice, "alice")
    async with listening(wire, session) as heard:
        assert await heard.completion() == link


async def test_only_the_account_that_the_link_was_for_completes_it(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    other = await shop.add("acme", alias="other")
    session = await session_of(wire)
    async with listening(wire, session) as heard:
        await asked(wire, session)
        link = await asked(wire, session, "other__whoami")
        await shop.connect(shop.alice, "alice", workspace_integration_id=other.id)
        assert await heard.completion() == link
        await shop.connect(shop.alice, "alice", external_id="second")
        assert await heard.completion() != link


async def test_a_link_for_a_permission_is_complete_when_that_is_given(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    account = await shop.connect(shop.alice, "alice", scopes=["profile"])
    session = await session_of(wire)
    async with listening(wire, session) as heard:
        link = await asked(wire, session, "acme__list_notes")
        hearing = asyncio.create_task(heard.completion())
        for scopes in (["profile", "files.read"], ["profile", "notes.read"]):
            assert not hearing.done()
            token = shop.served.acme.app.issue_token("alice", scope=scopes)["access_token"]
            await shop.served.gateway.connections.replace_credentials(
                shop.scope, account, {"accessToken": token}, granted_scopes=scopes
            )
        assert await hearing == link


async def test_nobody_elses_client_hears_of_it(shop: Shop, wire: Wire, client: httpx2.AsyncClient) -> None:
    await shop.add("acme")
    bobs = Wire(client, shop.url, await shop.token(shop.bob))
    session, bobs_session = await session_of(wire), await session_of(bobs)
    async with listening(wire, session) as heard, listening(bobs, bobs_session) as bob_heard:
        link, bobs_link = await asked(wire, session), await asked(bobs, bobs_session)
        assert link != bobs_link
        await shop.connect(shop.alice, "alice")
        assert await heard.completion() == link
        await shop.connect(shop.bob, "bob")
        assert await bob_heard.completion() == bobs_link


async def test_a_client_that_opens_no_links_hears_nothing_of_them(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    opens, opens_none = await session_of(wire), await session_of(wire, {})
    async with listening(wire, opens) as heard, listening(wire, opens_none) as other:
        link = await asked(wire, opens)
        await shop.connect(shop.alice, "alice")
        assert await heard.completion() == link
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await other.completion()
