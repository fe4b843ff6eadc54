"""What a program did last in somebody's name: told to that person and their backend, and costing no call a write."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway.access.standing_grants import ShownGrant
from gateway.api.grants import Grant
from storage.oauth import LastCall, OAuthGrants
from tests.gateway.api.test_grants import signed_in
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.mcp_wire import Wire
from tests.parts.served import Served, serving


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as opened:
        yield opened


@pytest.fixture
async def shop(served: Served) -> Shop:
    """Alice has connected her account at Acme; the workspace calls Acme "Notebook"."""
    opened = await open_shop(served)
    await opened.add("acme", display_name="Notebook")
    await opened.connect(opened.alice, "alice")
    return opened


@pytest.fixture
async def agent(shop: Shop) -> AsyncIterator[Wire]:
    """A program that Alice has let in."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield Wire(client, shop.url, (await signed_in(shop)).access_token)


async def last_call(shop: Shop) -> LastCall | None:
    await shop.served.gateway.authorizing.calls.write()
    return (await grant(shop)).last_call


async def grant(shop: Shop) -> ShownGrant:
    standing = shop.served.gateway.authorizing.standing
    (found,) = (await standing.of_end_user(shop.scope, shop.alice.id, limit=10, offset=0)).grants
    return found


async def test_the_last_call_of_a_grant_is_told_as_people_name_it(shop: Shop, agent: Wire) -> None:
    assert await agent.tool_names()
    assert await last_call(shop) is None
    await agent.call("acme__whoami")
    await agent.call("acme__create_note", {"title": "Private", "text": "Nobody else's business"})
    call = await last_call(shop)
    assert call is not None
    assert (call.called_tool, call.called_title) == ("acme__create_note", "Create a note")
    assert (call.called_integration, call.call_failed) == ("Notebook", False)
    shown = await grant(shop)
    assert shown.last_used_at == call.called_at > shown.record.created_at
    assert "rivate" not in repr(shown.record)


async def test_a_call_that_fails_is_told_as_failed(shop: Shop, agent: Wire) -> None:
    for name, arguments in (("acme__get_note", {"id": "none"}), ("acme__create_note", {"title": 1})):
        assert (await agent.call(name, arguments))["isError"]
        call = await last_call(shop)
        assert call is not None
        assert (call.called_tool, call.call_failed) == (name, True)


async def test_a_tool_that_is_not_there_is_no_call(shop: Shop, agent: Wire) -> None:
    assert "error" in (await agent.modern("tools/call", {"name": "acme__none", "arguments": {}})).json()
    assert await last_call(shop) is None


async def test_what_a_token_without_a_sign_in_does_is_no_programs_last_call(shop: Shop, agent: Wire) -> None:
    agent.token = await shop.token(shop.alice)
    await agent.call("acme__whoami")
    assert await last_call(shop) is None


async def test_a_call_drops_no_cache_and_what_is_noted_outlasts_a_failed_write_and_the_gateways_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path) as served, httpx2.AsyncClient(trust_env=False) as client:
        shop = await open_shop(served)
        await shop.add("hash-encode", "fixed")
        agent = Wire(client, shop.url, (await signed_in(shop)).access_token)
        name = (await agent.tool_names())[0]
        heard: list[tuple[str, str]] = []
        served.gateway.changes.subscribe(heard.extend)
        await agent.call(name)
        with monkeypatch.context() as patch:
            patch.setattr(OAuthGrants, "note_calls", _fails)
            with pytest.raises(RuntimeError, match="not now"):
                await served.gateway.authorizing.calls.write()
    assert heard == []
    async with serving(tmp_path) as served:
        again = Shop(served, shop.workspace, shop.alice, shop.bob, shop.server)
        call = (await grant(again)).last_call
        assert call is not None
        assert call.called_tool == name


async def _fails(*_: object) -> None:
    raise RuntimeError("not now")


async def test_calls_of_more_grants_than_one_transaction_takes_are_all_written(
    shop: Shop, agent: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.access.grant_calls._AT_ONCE", 1)
    calls, mine = shop.served.gateway.authorizing.calls, (await grant(shop)).record.id
    for grant_id in ("gone", mine, "also gone"):
        calls.note(grant_id, tool="t", title="T", integration="I", failed=False)
    assert await last_call(shop) is not None


async def test_rest_tells_the_last_call_of_each_grant(shop: Shop, agent: Wire) -> None:
    await agent.call("acme__whoami")
    await shop.served.gateway.authorizing.calls.write()
    shown = Grant.of(await grant(shop)).model_dump(by_alias=True, mode="json")
    said = {"tool": "acme__whoami", "title": "Who am I", "integration": "Notebook", "failed": False}
    assert shown["lastCall"] == {**said, "at": shown["lastUsedAt"]}
