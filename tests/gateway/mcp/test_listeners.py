"""Claims about waiting for changes: none gets lost, whenever it comes."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import anyio
import httpx2
import pytest

from gateway.mcp.listeners import MAX_STREAMS_LOOKING, MAX_STREAMS_OF_ONE_END_USER, Listeners, TooManyStreams
from gateway.principals import McpPrincipal
from gateway.tools.toolset import Toolset, Toolsets
from storage.records import EndUser
from tests.gateway.mcp.shop import Shop
from tests.parts.mcp_wire import Wire

PING_SECONDS = 0.05


def listeners_of(shop: Shop) -> Listeners:
    gateway = shop.served.gateway
    return Listeners(toolsets=gateway.toolsets, changes=gateway.changes, ping_seconds=PING_SECONDS)


def alice_of(shop: Shop) -> McpPrincipal:
    return principal_of(shop, shop.alice)


async def admitted() -> bool:
    return True


def principal_of(shop: Shop, end_user: EndUser | None) -> McpPrincipal:
    return McpPrincipal(
        token_id="a-token",
        server_id=shop.server.id,
        organization_id=shop.workspace.organization_id,
        workspace_id=shop.workspace.id,
        end_user_id=end_user.id if end_user is not None else None,
        scopes=frozenset(("mcp:tools",)),
    )


async def test_a_change_that_is_still_looked_into_when_a_ping_is_due_is_told(shop: Shop) -> None:
    async def slowly_admitted() -> bool:
        await anyio.sleep(2 * PING_SECONDS)
        return True

    async with listeners_of(shop).open(alice_of(shop), slowly_admitted) as watch:
        await shop.add("hash-encode", "fixed")

        assert await watch.next_change() is True


async def test_a_stream_that_hears_of_nothing_visible_is_pinged_all_the_same(shop: Shop) -> None:
    integration = await shop.add("hash-encode", "fixed")

    async with listeners_of(shop).open(alice_of(shop), admitted) as watch, anyio.create_task_group() as tasks:

        async def keep_changing() -> None:
            number = 0
            while True:
                number += 1
                await shop.change(integration, sort_order=number)

        tasks.start_soon(keep_changing)
        with anyio.fail_after(100 * PING_SECONDS):
            assert await watch.next_change() is None
        tasks.cancel_scope.cancel()


class InterruptedToolsets(Toolsets):
    """Toolsets with which something else happens once, between reading the rows and handing out what they made."""

    interruption: Callable[[], Awaitable[None]] | None = None

    async def _load(self, server_id: str) -> Toolset:
        toolset = await super()._load(server_id)
        if self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            await interruption()
        return toolset


async def test_a_change_while_the_list_of_a_new_stream_is_compiled_is_told(shop: Shop) -> None:
    """The list is made of rows that the change has just replaced, and nobody listens yet."""
    integration, gateway = await shop.add("hash-encode", "fixed"), shop.served.gateway
    toolsets = InterruptedToolsets(database=gateway.database, catalogs=gateway.catalogs, changes=gateway.changes)
    listeners = Listeners(toolsets=toolsets, changes=gateway.changes, ping_seconds=PING_SECONDS)
    toolsets.interruption = partial(shop.change, integration, display_name="Renamed")
    async with listeners.open(alice_of(shop), admitted) as watch:
        assert await watch.next_change() is True
        assert await watch.next_change() is None


async def test_one_end_user_cannot_take_the_streams_of_all(shop: Shop) -> None:
    listeners = listeners_of(shop)
    async with AsyncExitStack() as streams:
        for _ in range(MAX_STREAMS_OF_ONE_END_USER):
            await streams.enter_async_context(listeners.open(alice_of(shop), admitted))
        with pytest.raises(TooManyStreams):
            await streams.enter_async_context(listeners.open(alice_of(shop), admitted))
        await streams.enter_async_context(listeners.open(principal_of(shop, shop.bob), admitted))
    async with listeners.open(alice_of(shop), admitted):
        pass


async def test_a_change_that_wakes_many_streams_leaves_the_database_to_others(shop: Shop) -> None:
    looking: list[int] = [0]

    async def admitted_after_a_look() -> bool:
        looking.append(looking[-1] + 1)
        await anyio.sleep(0.001)
        looking.append(looking[-1] - 1)
        return True

    listeners = listeners_of(shop)

    async def listen() -> None:
        async with listeners.open(principal_of(shop, None), admitted_after_a_look) as watch:
            while await watch.next_change() is not True:
                pass

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(listen)
        await anyio.wait_all_tasks_blocked()
        await shop.add("hash-encode", "fixed")
    assert max(looking) == MAX_STREAMS_LOOKING


async def test_clients_that_share_a_static_token_each_have_their_stream(shop: Shop) -> None:
    listeners = listeners_of(shop)
    async with AsyncExitStack() as streams:
        for _ in range(MAX_STREAMS_OF_ONE_END_USER + 1):
            await streams.enter_async_context(listeners.open(principal_of(shop, None), admitted))


async def test_a_silent_stream_whose_token_has_expired_ends_with_its_next_ping(shop: Shop) -> None:
    async def expired() -> bool:
        return False

    async with listeners_of(shop).open(alice_of(shop), expired) as watch:
        assert await watch.next_change() is False


async def test_a_stream_that_is_taken_up_again_tells_what_changed_in_between_and_only_that(
    shop: Shop, wire: Wire, client: httpx2.AsyncClient
) -> None:
    first = await first_lines(shop, wire, client)
    unchanged = await first_lines(shop, wire, client, last_seen=first[0].removeprefix("id: "))
    await shop.add("hash-encode", "fixed")
    changed = await first_lines(shop, wire, client, last_seen=first[0].removeprefix("id: "), count=5)

    assert [line.partition(":")[0] for line in first] == ["id", "retry", "data"]
    assert unchanged == first
    assert "list_changed" in changed[-1]
    assert "list_changed" in (await first_lines(shop, wire, client, last_seen="nonsense", count=5))[-1]


async def first_lines(
    shop: Shop, wire: Wire, client: httpx2.AsyncClient, *, last_seen: str | None = None, count: int = 3
) -> list[str]:
    """Open a stream of changes, and read its first lines."""
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    session = (await wire.bare("initialize", about)).headers["mcp-session-id"]
    headers = {"Authorization": f"Bearer {wire.token}", "Mcp-Session-Id": session, "Accept": "text/event-stream"}
    headers |= {"Last-Event-ID": last_seen} if last_seen else {}
    async with client.stream("GET", shop.url, headers=headers) as stream:
        lines = stream.aiter_lines()
        return [await anext(lines) for _ in range(count)]
