"""Claims about what clients of both eras hear of changes at remote servers of both eras."""

# What 2026-07-28 deprecates, clients of the handshake revisions still use.
# pyright: reportDeprecated=false

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp
import mcp_types as types
import pytest
from mcp.client.streamable_http import streamable_http_client
from sqlmodel import select

from gateway.connections.connections import NewConnection
from gateway.mcp.followed import Pauses
from gateway.mcp.following import MAX_OF_ONE_PERSON, Following
from gateway.mcp.remote_watch import LISTS
from gateway.principals import McpPrincipal
from storage.records import ConnectSession, EndUser
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.eras import HandshakeOnly, ModernOnly
from tests.parts.gated import Flooding, Gated
from tests.parts.ports import free_port
from tests.parts.served import serving
from tests.parts.talking import serving as serving_remote
from tests.storage import tenant
from tests.support.everything.changes import WATCHED
from tests.support.everything.server import create_app

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*deprecated as of 2026-07-28"),
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]
ERAS = ["legacy", "2026-07-28"]
HERE = f"everything+{WATCHED}"
UPDATE = "everything__test_update_watched_resource"
QUICK = Pauses(between_notifications=0.05, first=0.05, longest=0.2, lingering=0.1)
TOLD = {"listChanged": True}
CAPABILITIES = {"tools": TOLD, "prompts": TOLD, "resources": {**TOLD, "subscribe": True}}


@dataclass
class Remote:
    """A shop whose workspace uses a remote server, and that server."""

    shop: Shop
    gate: Gated
    url: str


@asynccontextmanager
async def using(folder: Path, app: Any, *outdated: str) -> AsyncGenerator[Remote]:
    """A workspace that uses this server, each person with a key of their own; some tools are known otherwise."""
    gate = Gated(app, "alice", "bob")
    async with serving_remote(gate) as url, serving(folder, egress_allow=("127.0.0.1",)) as served:
        shop = await open_shop(served)
        remote = Remote(shop, gate, url)
        await bring(remote, *outdated)
        yield remote


async def bring(remote: Remote, *outdated: str) -> None:
    arguments: dict[str, Any] = {
        "test_update_watched_resource": {"uri": {"type": "string"}, "times": {"type": "integer"}},
        "test_trigger_prompt_change": {},
        "test_trigger_tool_change": {},
    }
    tools = [
        {"name": name, "description": f"Fixture {name}.", "inputSchema": {"type": "object", "properties": properties}}
        for name, properties in arguments.items()
    ]
    tools += [{"name": name, "description": "As it was once.", "inputSchema": {"type": "object"}} for name in outdated]
    method = {"key": "key", "type": "secret_text", "send": {"headers": {"Authorization": "Bearer {secret_text}"}}}
    manifest = {
        "name": "custom-everything",
        "title": "Everything",
        "categories": ["DEVELOPER_TOOLS"],
        "auth": [method],
        "mcp": {"url": remote.url, "tools": tools, "capabilities": CAPABILITIES},
    }
    await remote.shop.served.gateway.own_integrations.create(remote.shop.scope, manifest)
    await remote.shop.add("custom-everything", alias="everything")


async def connect(shop: Shop, person: EndUser, key: str) -> str:
    new = NewConnection(
        type="SECRET_TEXT",
        integration_name="custom-everything",
        external_id=f"{key}-account",
        display_name=key,
        workspace_id=shop.workspace.id,
        end_user_external_id=person.external_id,
        values={"secretText": key},
    )
    row, _ = await shop.served.gateway.connections.create(shop.scope, new)
    return row.id


@pytest.fixture(params=["both", "handshake", "modern"])
async def remote(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Remote]:
    """A remote server of each era, and Alice's and Bob's accounts there."""
    wrap: dict[str, Callable[[Any], Any]] = {"both": lambda app: app, "handshake": HandshakeOnly, "modern": ModernOnly}
    async with using(tmp_path, wrap[request.param](create_app())) as remote:
        await connect(remote.shop, remote.shop.alice, "alice")
        await connect(remote.shop, remote.shop.bob, "bob")
        yield remote


@pytest.fixture
async def connected(unconnected: Remote) -> Remote:
    """A remote server at which Alice has an account."""
    await connect(unconnected.shop, unconnected.shop.alice, "alice")
    return unconnected


@pytest.fixture
async def unconnected(tmp_path: Path) -> AsyncIterator[Remote]:
    """A remote server at which nobody has an account."""
    async with using(tmp_path, create_app()) as remote:
        yield remote


@dataclass
class Ear:
    """What one client has heard."""

    heard: list[str] = field(default_factory=list[str])

    async def take(self, message: Any) -> None:
        match message:
            case types.ResourceUpdatedNotification():
                self.heard.append(str(message.params.uri))
            case types.PromptListChangedNotification():
                self.heard.append("prompts")
            case types.ToolListChangedNotification():
                self.heard.append("tools")
            case _:
                pass


@asynccontextmanager
async def client_of(shop: Shop, person: EndUser, era: str, ear: Ear | None = None) -> AsyncGenerator[mcp.Client]:
    """A client of a person's; with an ear it hears what comes on its stream."""
    headers = {"Authorization": f"Bearer {await shop.token(person)}"}
    hearing: dict[str, Any] = {} if ear is None else {"message_handler": ear.take}
    async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
        transport = streamable_http_client(shop.url, http_client=http)
        async with mcp.Client(transport, mode=era, **hearing) as client:
            yield client


@asynccontextmanager
async def listening(remote: Remote, person: EndUser, era: str, *uris: str) -> AsyncGenerator[tuple[mcp.Client, Ear]]:
    """A client that hears of prompts and of these resources, from when the block begins."""
    key = person.external_id or ""
    ear, before = Ear(), remote.gate.opened[key]
    async with client_of(remote.shop, person, era, ear) as client, AsyncExitStack() as stack:
        if era == "legacy":
            await until(lambda: remote.gate.opened[key] > before)
            for uri in uris:
                await client.subscribe_resource(uri)
        else:
            await stack.enter_async_context(client.listen(prompts_list_changed=True, resource_subscriptions=uris))
        yield client, ear


async def until(claim: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not claim():  # noqa: ASYNC110 - the claim is about another task's counters
            await anyio.sleep(0.01)


@pytest.mark.parametrize("era", ERAS)
async def test_an_update_is_heard_by_who_subscribed_and_by_nobody_else(remote: Remote, era: str) -> None:
    shop = remote.shop
    async with (
        listening(remote, shop.alice, era, HERE) as (client, hers),
        listening(remote, shop.bob, era) as (_, his),
    ):
        await client.call_tool(UPDATE)
        await until(lambda: hers.heard == [HERE])
        await client.call_tool("everything__test_trigger_prompt_change")
        await until(lambda: "prompts" in hers.heard and "prompts" in his.heard)

    assert HERE not in his.heard


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_what_is_announced_is_what_is_told(remote: Remote, era: str) -> None:
    async with client_of(remote.shop, remote.shop.alice, era) as client:
        said = client.server_capabilities
    assert said.resources is not None
    assert said.resources.subscribe
    assert said.resources.list_changed
    assert said.prompts is not None
    assert said.prompts.list_changed


async def test_after_unsubscribing_nothing_more_is_heard(remote: Remote) -> None:
    async with listening(remote, remote.shop.alice, "legacy", HERE) as (client, ear):
        await client.call_tool(UPDATE)
        await until(lambda: ear.heard == [HERE])
        await client.unsubscribe_resource(HERE)
        await client.call_tool(UPDATE)
        # Comes by the same stream, after it.
        await client.call_tool("everything__test_trigger_prompt_change")
        await until(lambda: "prompts" in ear.heard)

    assert ear.heard == [HERE, "prompts"]


@pytest.mark.parametrize("wrap", [HandshakeOnly, ModernOnly])
async def test_a_remote_that_restarts_is_followed_again_and_subscribed_to_anew(
    wrap: Callable[[Any], Any], tmp_path: Path
) -> None:
    port = free_port()
    gate = Gated(wrap(create_app()), "alice")
    async with serving(tmp_path, egress_allow=("127.0.0.1",)) as served, AsyncExitStack() as stack:
        shop = await open_shop(served)
        remote = Remote(shop, gate, f"http://127.0.0.1:{port}/mcp")
        await bring(remote)
        await connect(shop, shop.alice, "alice")
        first = await stack.enter_async_context(AsyncExitStack())
        await first.enter_async_context(serving_remote(gate, port=port))
        async with listening(remote, shop.alice, "legacy", HERE) as (client, ear):
            await first.aclose()
            gate.restart(wrap(create_app()))
            await stack.enter_async_context(serving_remote(gate, port=port))
            await until_heard(client, ear)

    assert gate.opened["alice"] >= 2


async def until_heard(client: mcp.Client, ear: Ear) -> None:
    """Update until it is heard: the server takes streams before subscriptions."""
    with anyio.fail_after(10):
        while HERE not in ear.heard:
            await client.call_tool(UPDATE)
            await anyio.sleep(0.1)


@pytest.mark.parametrize("wrap", [HandshakeOnly, ModernOnly])
@pytest.mark.parametrize("era", ERAS)
async def test_tools_that_have_changed_are_withheld_and_clients_told_before_anybody_calls_one(
    wrap: Callable[[Any], Any], era: str, tmp_path: Path
) -> None:
    async with using(tmp_path, wrap(create_app()), "test_simple_text") as remote:
        await connect(remote.shop, remote.shop.alice, "alice")
        async with client_of(remote.shop, remote.shop.alice, "auto") as client, AsyncExitStack() as stack:
            before = {tool.name for tool in (await client.list_tools()).tools}
            ear = Ear()
            mine = await stack.enter_async_context(client_of(remote.shop, remote.shop.alice, era, ear))
            if era != "legacy":
                await stack.enter_async_context(mine.listen(tools_list_changed=True))
            await until(lambda: remote.gate.open["alice"] == 1)
            await provoke(remote.url, ear)
            after = {tool.name for tool in (await client.list_tools()).tools}

    assert before - after == {"everything__test_simple_text"}


async def provoke(url: str, ear: Ear) -> None:
    """Have the tools said to have changed, until it is heard: by somebody who has nothing to do with us."""
    headers = {"Authorization": "Bearer bob"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
        mcp.Client(streamable_http_client(url, http_client=http), mode="auto") as stranger,
    ):
        with anyio.fail_after(10):
            while "tools" not in ear.heard:
                await stranger.call_tool("test_trigger_tool_change")
                await anyio.sleep(0.1)


async def test_nobody_is_followed_without_an_account_nor_asked_for_one_until_there_is(unconnected: Remote) -> None:
    shop, gate = unconnected.shop, unconnected.gate
    async with following(shop) as following_here, following_here.watching(principal(shop)) as watch:
        await following_here.settled(watch)
        assert await links_of(shop) == 0
        assert gate.refused == 0
        await connect(shop, shop.alice, "alice")
        await until(lambda: gate.open["alice"] == 1)
        assert gate.refused == 0


async def test_the_stream_ends_with_the_account(connected: Remote) -> None:
    shop, gate = connected.shop, connected.gate
    async with following(shop) as following_here, following_here.watching(principal(shop)) as watch:
        await following_here.settled(watch)
        await until(lambda: gate.open["alice"] == 1)
        async with shop.served.gateway.database.read() as tx:
            [row] = await tx.connections.of_end_user(shop.scope, shop.alice.id)
        await shop.served.gateway.connections.delete(shop.scope, row.id)
        await until(lambda: gate.open["alice"] == 0)

    assert gate.opened["alice"] == 1


async def test_the_stream_goes_on_with_the_account_that_takes_another_s_place(connected: Remote) -> None:
    shop, gate = connected.shop, connected.gate
    gate.keys.add("alice-2")
    async with following(shop) as following_here, following_here.watching(principal(shop)) as watch:
        await following_here.settled(watch)
        await connect(shop, shop.alice, "alice-2")
        await until(lambda: gate.open["alice-2"] == 1 and gate.open["alice"] == 0)


async def test_a_credential_that_is_refused_is_not_tried_again_and_again(connected: Remote) -> None:
    shop, gate = connected.shop, connected.gate
    gate.keys.clear()
    async with following(shop) as following_here, following_here.watching(principal(shop)) as watch:
        await following_here.settled(watch)
        refused = gate.refused
        await anyio.sleep(5 * QUICK.longest)
        assert gate.refused == refused


async def test_two_hundred_streams_of_one_person_are_one_at_the_remote(connected: Remote) -> None:
    shop, gate = connected.shop, connected.gate
    servers = [tenant.a_server(shop.workspace, auth_mode="oauth_and_bearer") for _ in range(4)]
    async with shop.served.gateway.database.write() as tx:
        for server in servers:
            await tx.mcp_servers.insert(server)
    async with AsyncExitStack() as stack:
        for server in servers:
            client = await stack.enter_async_context(httpx2.AsyncClient(timeout=30, trust_env=False, limits=NO_LIMITS))
            url, token = shop.served.endpoint(server.id), await shop.token(shop.alice, server)
            for _ in range(50):
                opened = client.stream("POST", url, json=LISTEN, headers={**MODERN, "Authorization": f"Bearer {token}"})
                answer = await stack.enter_async_context(opened)
                assert answer.status_code == 200
        await until(lambda: gate.open["alice"] == 1)

        assert gate.opened["alice"] == 1


MODERN = {
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "subscriptions/listen",
    "Accept": "application/json, text/event-stream",
}
LISTEN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "subscriptions/listen",
    "params": {
        "notifications": {"promptsListChanged": True},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    },
}
NO_LIMITS = httpx2.Limits(max_connections=None)


async def test_the_stream_outlasts_its_last_client_by_a_moment_only(connected: Remote) -> None:
    shop, gate = connected.shop, connected.gate
    async with following(shop) as following_here:
        for _ in range(2):
            async with following_here.watching(principal(shop)) as watch:
                await following_here.settled(watch)
                await until(lambda: gate.open["alice"] == 1)
        assert gate.opened["alice"] == 1
        await until(lambda: gate.open["alice"] == 0)


async def test_no_more_servers_are_followed_for_one_person_than_that(unconnected: Remote) -> None:
    shop = unconnected.shop
    for number in range(MAX_OF_ONE_PERSON + 2):
        await shop.add("custom-everything", alias=f"more-{number}")
    await connect_everywhere(shop)
    async with following(shop) as following_here, following_here.watching(principal(shop)) as watch:
        await following_here.settled(watch)
        await until(lambda: unconnected.gate.open["alice"] == MAX_OF_ONE_PERSON)


async def connect_everywhere(shop: Shop) -> None:
    """Give the workspace one account for all its integrations."""
    connection = await connect(shop, shop.alice, "alice")
    async with shop.served.gateway.database.write() as tx:
        for row in await tx.workspace_integrations.of_workspace(shop.scope, shop.workspace.id):
            await tx.workspace_integrations.update(row, connection_strategy="fixed", connection_id=connection)


async def test_of_a_flood_a_client_hears_each_thing_once_in_a_while(tmp_path: Path) -> None:
    flood = Flooding(WATCHED)
    async with using(tmp_path, flood) as remote:
        shop = remote.shop
        await connect(shop, shop.alice, "alice")
        async with following(shop) as following_here, following_here.watching(principal(shop), uris=(HERE,)) as watch:
            told: list[Any] = []
            with anyio.move_on_after(2):
                while True:
                    told += await watch.told()

    assert {method for method, _ in told} == {*LISTS, "notifications/resources/updated"}
    assert len(told) <= 3 * 2 / QUICK.between_notifications
    # The rest waits at the server, which can send no more than fits on the way.
    assert flood.listings <= 2


async def links_of(shop: Shop) -> int:
    """How many links to connect at were made."""
    async with shop.served.gateway.database.read() as tx:
        return len(list(await tx.session.scalars(select(ConnectSession))))


def principal(shop: Shop) -> McpPrincipal:
    """Alice's agent."""
    return McpPrincipal(
        token_id="a-token",
        server_id=shop.server.id,
        organization_id=shop.workspace.organization_id,
        workspace_id=shop.workspace.id,
        end_user_id=shop.alice.id,
        scopes=frozenset(("mcp:tools",)),
    )


@asynccontextmanager
async def following(shop: Shop) -> AsyncGenerator[Following]:
    """What the endpoint has inside, with less patience."""
    gateway = shop.served.gateway
    here = Following(
        toolsets=gateway.toolsets,
        execution=gateway.execution,
        resolver=gateway.resolver,
        changes=gateway.changes,
        pauses=QUICK,
    )
    async with here.running():
        yield here
