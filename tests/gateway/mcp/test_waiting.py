"""Claims about calls that wait for their person to connect an account."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.changes import ChangeFeed
from gateway.errors import ConnectionRequired, ToolgateError
from gateway.mcp.places import Places
from gateway.mcp.results import LINK_REQUEST
from gateway.mcp.waiting import (
    MAX_ATTEMPTS,
    MAX_WAITING_OF_ONE_END_USER,
    MAX_WAITING_OF_ONE_ORGANIZATION,
    Waiting,
)
from gateway.principals import McpPrincipal
from gateway.tools.execution import Outcome
from integrations.action import ActionResult
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.mcp_wire import MODERN, Wire
from tests.parts.served import Served, serving

PATIENCE_SECONDS = 10
URL_CAPABLE = {"elicitation": {"form": {}, "url": {}}}
WHOAMI = {"name": "acme__whoami", "arguments": {}}


@pytest.fixture
async def shop(served: Served) -> Shop:
    """A workspace whose MCP server waits for people."""
    shop = await open_shop(served, settings={"connectWaitSeconds": 60})
    await shop.add("acme")
    return shop


@asynccontextmanager
async def told(wire: Wire, **body: Any) -> AsyncGenerator[asyncio.Queue[dict[str, Any]]]:
    """The messages that come back for a call, as they come."""
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen() -> None:
        headers = {"Authorization": f"Bearer {wire.token}", "Accept": "application/json, text/event-stream", **era}
        async with wire.client.stream("POST", wire.url, json=body, headers=headers) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                if line.startswith(("{", "data: ")):
                    heard.put_nowait(json.loads(line.removeprefix("data: ")))

    meta = body["params"]["_meta"]
    is_modern = "io.modelcontextprotocol/protocolVersion" in meta
    era = {"MCP-Protocol-Version": MODERN if is_modern else "2025-11-25"}
    if is_modern:
        era |= {"Mcp-Method": "tools/call", "Mcp-Name": body["params"]["name"]}
    listening = asyncio.create_task(listen())
    try:
        yield heard
        await asyncio.wait_for(listening, PATIENCE_SECONDS)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


def a_call(*, modern: bool, request_id: int = 1) -> dict[str, Any]:
    meta: dict[str, Any] = {"progressToken": "p1"}
    if modern:
        meta |= {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": {**WHOAMI, "_meta": meta}}


async def next_of(heard: asyncio.Queue[dict[str, Any]]) -> dict[str, Any]:
    return await asyncio.wait_for(heard.get(), PATIENCE_SECONDS)


@pytest.mark.parametrize("modern", [True, False], ids=["2026-07-28", "2025-11-25"])
async def test_a_client_that_follows_progress_is_told_the_link_and_its_call_goes_on_once_the_account_is_there(
    shop: Shop, wire: Wire, modern: bool
) -> None:
    async with told(wire, **a_call(modern=modern)) as heard:
        progress = await next_of(heard)
        assert progress["method"] == "notifications/progress"
        assert progress["params"]["progressToken"] == "p1"
        assert progress["params"]["total"] == 60
        assert f"{shop.served.url}/connect/s/" in progress["params"]["message"]
        await shop.connect(shop.bob, "bob")
        await shop.connect(shop.alice, "alice")
        answer = await next_of(heard)
        assert answer["id"] == 1
        assert answer["result"]["structuredContent"]["id"] == "alice"


async def test_a_call_without_a_progress_token_waits_as_well(shop: Shop, wire: Wire) -> None:
    calling = asyncio.create_task(wire.call("acme__whoami"))
    await waiting_for(shop, wire, calling)
    await shop.connect(shop.alice, "alice")
    assert (await calling)["structuredContent"]["id"] == "alice"


async def cancel(wire: Wire, request_id: int) -> None:
    """Give a call up, as clients did before 2026-07-28."""
    await wire.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}})


async def waiting_for(shop: Shop, wire: Wire, calling: "asyncio.Task[Any]") -> None:
    """Wait until the call waits: until a second one, which was begun later, does."""
    async with told(wire, **a_call(modern=False, request_id=99)) as heard:
        await next_of(heard)
        assert not calling.done()
        await cancel(wire, 99)


async def test_when_nobody_comes_the_answer_is_the_link(served: Served, client: httpx2.AsyncClient) -> None:
    shop = await open_shop(served, settings={"connectWaitSeconds": 1})
    await shop.add("acme")
    wire = Wire(client, shop.url, await shop.token(shop.alice))
    result = await wire.call("acme__whoami")
    assert result["isError"]
    assert f"{served.url}/connect/s/" in result["content"][0]["text"]


async def test_a_client_that_opens_links_is_asked_to_at_once_and_its_retry_waits(shop: Shop, wire: Wire) -> None:
    first = (await wire.modern("tools/call", WHOAMI, capabilities=URL_CAPABLE)).json()["result"]
    assert first["resultType"] == "input_required"
    answered = {**WHOAMI, "inputResponses": {LINK_REQUEST: {"action": "accept"}}}
    retrying = asyncio.create_task(wire.modern("tools/call", answered, capabilities=URL_CAPABLE))
    await shop.connect(shop.alice, "alice")
    assert (await retrying).json()["result"]["structuredContent"]["id"] == "alice"


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_nobody_waits_for_a_person_who_has_declined(shop: Shop, wire: Wire, action: str) -> None:
    answered = {**WHOAMI, "inputResponses": {LINK_REQUEST: {"action": action}}}
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await wire.modern("tools/call", answered, capabilities=URL_CAPABLE)
    assert answer.json()["result"]["isError"]


async def test_nobody_waits_where_the_end_user_can_not_mend_it(shop: Shop, wire: Wire) -> None:
    await shop.add("acme", "fixed", alias="team")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await wire.call("team__whoami"))["isError"]


async def test_a_token_that_is_revoked_while_its_call_waits_does_nothing_any_more(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    token = await shop.token(shop.alice)
    wire = Wire(client, shop.url, token)
    async with told(wire, **a_call(modern=True)) as heard:
        await next_of(heard)
        async with shop.served.gateway.database.write() as tx:
            server = await tx.mcp_servers.find(shop.server.id)
            assert server is not None
            await tx.mcp_servers.update(server, auth_mode="oauth")
        answer = await next_of(heard)
        assert answer["result"]["isError"]
        assert answer["result"]["structuredContent"]["code"] == "UNAUTHORIZED"
    assert not shop.served.acme.app.counters.api_calls


async def test_a_tool_that_is_removed_while_its_call_waits_is_not_run(shop: Shop, wire: Wire) -> None:
    async with told(wire, **a_call(modern=True)) as heard:
        await next_of(heard)
        async with shop.served.gateway.database.write() as tx:
            for row in await tx.workspace_integrations.of_workspace(shop.scope, shop.workspace.id):
                await tx.workspace_integrations.update(row, enabled_actions=[])
        await shop.connect(shop.alice, "alice")
        assert "there is no tool" in (await next_of(heard))["error"]["message"]


async def test_a_call_that_its_client_cancels_is_not_run_when_the_account_comes(shop: Shop, wire: Wire) -> None:
    async with told(wire, **a_call(modern=False, request_id=7)) as heard:
        await next_of(heard)
        await cancel(wire, 7)
        assert (await next_of(heard))["result"]["isError"]


async def test_a_call_waits_for_a_permission_that_its_account_lacks(shop: Shop, wire: Wire) -> None:
    account = await shop.connect(shop.alice, "alice", scopes=["profile"])
    call = a_call(modern=True)
    call["params"] |= {"name": "acme__create_note", "arguments": {"title": "hello"}}
    async with told(wire, **call) as heard:
        assert "/connect/s/" in (await next_of(heard))["params"]["message"]
        asked = shop.served.acme.app.counters.api_calls["alice"]
        await shop.connect(shop.bob, "bob")
        whole = shop.served.acme.app.issue_token("alice")
        await shop.served.gateway.connections.replace_credentials(
            shop.scope, account, {"accessToken": whole["access_token"]}, granted_scopes=whole["scope"].split()
        )
        assert (await next_of(heard))["result"]["structuredContent"]["author"]["id"] == "alice"
    assert shop.served.acme.app.counters.api_calls["alice"] == asked + 1


async def test_a_gateway_that_stops_answers_the_calls_that_wait(tmp_path: Path, client: httpx2.AsyncClient) -> None:
    async with AsyncExitStack() as gateway:
        served = await gateway.enter_async_context(serving(tmp_path))
        shop = await open_shop(served, settings={"connectWaitSeconds": 60})
        await shop.add("acme")
        wire = Wire(client, shop.url, await shop.token(shop.alice))
        async with told(wire, **a_call(modern=True)) as heard:
            await next_of(heard)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await gateway.aclose()
            assert f"{served.url}/connect/s/" in (await next_of(heard))["result"]["content"][0]["text"]


async def test_calls_that_wait_leave_their_tokens_places_to_others(shop: Shop, wire: Wire) -> None:
    await shop.add("datetime")
    async with AsyncExitStack() as stack:
        calls = [a_call(modern=True) for _ in range(MAX_WAITING_OF_ONE_END_USER)]
        waiting = [await stack.enter_async_context(told(wire, **call)) for call in calls]
        for heard in waiting:
            assert "method" in await next_of(heard)
        dates = {"date": "2026-01-01T00:00:00Z", "operation": "add", "amount": 1, "unit": "days"}
        assert not (await wire.call("datetime__date_math", dates))["isError"]
        await shop.connect(shop.alice, "alice")
        results = [(await next_of(heard))["result"] for heard in waiting]
        assert {result["structuredContent"]["id"] for result in results} == {"alice"}


# Without a network: the room that waiting takes.


ALICE = McpPrincipal("token", "server", "organization", "workspace", "alice", frozenset())
REFUSAL = ConnectionRequired("connect first", setup_url="https://tools.example/connect/s/1")
DONE = Outcome(ActionResult(output="done"), None)


async def silent(_refusal: ConnectionRequired, _waited: float) -> None:
    return


class Account:
    """What an attempt comes to."""

    def __init__(self) -> None:
        self.is_there = False
        self.works = True
        self.attempts = 0

    async def lacks(self, _refusal: ConnectionRequired) -> bool:
        return not self.is_there

    async def attempt(self) -> Outcome | ToolgateError:
        self.attempts += 1
        return DONE if self.works else REFUSAL


def outlast(
    waiting: Waiting, account: Account, *, seconds: float = 60, principal: McpPrincipal = ALICE
) -> "asyncio.Task[Outcome | ToolgateError]":
    running = waiting.outlast(
        REFUSAL, account.attempt, lacks=account.lacks, principal=principal, request_id=1, seconds=seconds, tell=silent
    )
    return asyncio.ensure_future(running)


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_nobody_asks_again_until_something_has_changed_for_this_person() -> None:
    changes, account = ChangeFeed(), Account()
    call = outlast(Waiting(changes=changes, places=Places()), account)
    await turns()
    assert account.attempts == 0
    changes.publish([("end_user_connections", "bob"), ("connection", "1")])
    await turns()
    assert account.attempts == 0
    account.is_there = True
    changes.publish([("end_user_connections", "alice")])
    assert await asyncio.wait_for(call, PATIENCE_SECONDS) is DONE


async def test_nothing_is_tried_for_a_client_that_has_left() -> None:
    changes, account = ChangeFeed(), Account()
    call = outlast(Waiting(changes=changes, places=Places()), account)
    await turns()
    call.cancel()
    changes.publish([("end_user_connections", "alice")])
    await turns()
    assert (call.cancelled(), account.attempts) == (True, 0)


async def test_an_account_that_came_between_the_refusal_and_the_waiting_is_not_missed() -> None:
    account = Account()
    account.is_there = True
    call = outlast(Waiting(changes=ChangeFeed(), places=Places()), account)
    assert await asyncio.wait_for(call, PATIENCE_SECONDS) is DONE


async def test_an_account_that_is_refused_time_and_again_is_not_tried_for_ever() -> None:
    changes, account = ChangeFeed(), Account()
    account.is_there, account.works = True, False
    call = outlast(Waiting(changes=changes, places=Places()), account)
    while not call.done():
        await turns()
        changes.publish([("end_user_connections", "alice")])
    assert (await call, account.attempts) == (REFUSAL, MAX_ATTEMPTS)


async def test_calls_beyond_what_may_wait_are_refused_at_once_and_those_that_end_make_room() -> None:
    waiting, account = Waiting(changes=ChangeFeed(), places=Places()), Account()
    calls = [outlast(waiting, account) for _ in range(MAX_WAITING_OF_ONE_END_USER)]
    await turns()
    assert await asyncio.wait_for(outlast(waiting, account), PATIENCE_SECONDS) is REFUSAL
    calls.pop().cancel()
    await turns()
    calls.append(outlast(waiting, account))
    await turns()
    assert not calls[-1].done()
    waiting.close()
    assert set(await asyncio.gather(*calls)) == {REFUSAL}


async def test_one_organization_leaves_room_for_the_others() -> None:
    waiting, account = Waiting(changes=ChangeFeed(), places=Places()), Account()
    people = [replace(ALICE, end_user_id=f"person-{n}") for n in range(MAX_WAITING_OF_ONE_ORGANIZATION)]
    calls = [outlast(waiting, account, principal=each) for each in people]
    await turns()
    one_more = outlast(waiting, account, principal=replace(ALICE, end_user_id="one more"))
    assert await asyncio.wait_for(one_more, PATIENCE_SECONDS) is REFUSAL
    elsewhere = outlast(waiting, account, principal=replace(ALICE, organization_id="other", end_user_id="carol"))
    await turns()
    assert not elsewhere.done()
    waiting.close()
    assert set(await asyncio.gather(*calls, elsewhere)) == {REFUSAL}


async def test_nobody_waits_at_a_gateway_that_stops() -> None:
    waiting = Waiting(changes=ChangeFeed(), places=Places())
    call = outlast(waiting, Account())
    await turns()
    waiting.close()
    assert await asyncio.wait_for(call, PATIENCE_SECONDS) is REFUSAL
    assert await asyncio.wait_for(outlast(waiting, Account()), PATIENCE_SECONDS) is REFUSAL


async def test_a_client_is_told_time_and_again_with_rising_progress_and_in_the_end_refused() -> None:
    progress: list[float] = []

    async def tell(_refusal: ConnectionRequired, waited: float) -> None:
        progress.append(waited)

    waiting = Waiting(changes=ChangeFeed(), places=Places(), telling_seconds=0.01)
    account = Account()
    ended = await waiting.outlast(
        REFUSAL, account.attempt, lacks=account.lacks, principal=ALICE, request_id=1, seconds=0.1, tell=tell
    )
    assert ended is REFUSAL
    assert len(progress) > 2
    assert progress == sorted(set(progress))
