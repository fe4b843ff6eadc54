"""Claims about waiting for changes: none gets lost, whenever it comes."""

import anyio

from gateway.mcp.listeners import Listeners
from gateway.principals import McpPrincipal
from tests.gateway.mcp.shop import Shop

PING_SECONDS = 0.05


def listeners_of(shop: Shop) -> Listeners:
    gateway = shop.served.gateway
    return Listeners(toolsets=gateway.toolsets, changes=gateway.changes, ping_seconds=PING_SECONDS)


def alice_of(shop: Shop) -> McpPrincipal:
    return McpPrincipal(
        token_id="a-token",
        server_id=shop.server.id,
        organization_id=shop.workspace.organization_id,
        workspace_id=shop.workspace.id,
        end_user_id=shop.alice.id,
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

    async def admitted() -> bool:
        return True

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


async def test_a_silent_stream_whose_token_has_expired_ends_with_its_next_ping(shop: Shop) -> None:
    async def expired() -> bool:
        return False

    async with listeners_of(shop).open(alice_of(shop), expired) as watch:
        assert await watch.next_change() is False
