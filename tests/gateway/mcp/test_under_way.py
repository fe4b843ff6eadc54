"""Claims about whose requests a cancellation ends."""

import asyncio

import pytest
from mcp.shared.exceptions import MCPError

from gateway.mcp.under_way import UnderWay
from gateway.principals import McpPrincipal


def principal(end_user_id: str | None, token_id: str = "mtk_1") -> McpPrincipal:
    return McpPrincipal(
        token_id=token_id,
        server_id="srv_1",
        organization_id="org_1",
        workspace_id="wsp_1",
        end_user_id=end_user_id,
        scopes=frozenset(),
    )


async def begun(under_way: UnderWay, whose: McpPrincipal, request_id: object) -> "asyncio.Task[None]":
    task = asyncio.create_task(under_way.cancellable(whose, request_id, asyncio.sleep(60)))
    await asyncio.sleep(0)
    return task


async def ended(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("end_user_id", [None, "usr_1"])
async def test_the_request_that_is_named_ends_and_no_other(end_user_id: str | None) -> None:
    under_way, whose = UnderWay(), principal(end_user_id)
    named, other = await begun(under_way, whose, 1), await begun(under_way, whose, "1")
    elsewhere = await begun(under_way, principal(end_user_id, "mtk_2"), 1)

    under_way.cancel(whose, 1)

    with pytest.raises(MCPError, match="cancelled"):
        await named
    assert not other.done()
    assert not elsewhere.done()
    await ended(other, elsewhere)


async def test_under_a_token_that_many_share_nobody_ends_what_may_be_another_s() -> None:
    under_way, whose = UnderWay(), principal(None)
    requests = [await begun(under_way, whose, 1) for _ in range(2)]

    under_way.cancel(whose, 1)
    await asyncio.sleep(0.01)

    assert not any(each.done() for each in requests)
    await ended(*requests)
