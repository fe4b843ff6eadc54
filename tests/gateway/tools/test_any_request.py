"""Requests to any endpoint as one's own account: over REST, and as a tool where a workspace wants that."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.settings import Settings
from tests.gateway.connections.renewing import LIFETIME, HandClock, Stage, staged
from tests.gateway.mcp.shop import open_shop
from tests.parts.mcp_wire import Wire
from tests.parts.rest import failure
from tests.parts.served import serving


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    async with staged(settings, HandClock()) as opened:
        yield opened


async def request(stage: Stage, method: str, path: str, **fields: Any) -> httpx2.Response:
    given = {"workspaceId": stage.product.workspace_id, "integrationAlias": "acme", "endUserId": "alice"}
    return await stage.product.rest.post("/connections/request", {**given, "method": method, "path": path, **fields})


async def change(stage: Stage, **fields: Any) -> httpx2.Response:
    path = f"/workspaces/{stage.product.workspace_id}/integrations"
    instance = (await stage.product.rest.get(path)).json()["integrations"][0]
    return await stage.product.rest.patch(f"{path}/{instance['id']}", fields)


async def test_a_request_is_sent_as_the_end_user(stage: Stage) -> None:
    answer = (await request(stage, "GET", "me")).json()
    assert (answer["status"], answer["body"]["email"]) == (200, "alice@acme.example")
    made = (await request(stage, "POST", "notes", body={"title": "Hello"})).json()
    assert made["status"] == 201
    listed = (await request(stage, "GET", "notes", query={"limit": 1})).json()
    assert [note["title"] for note in listed["body"]["items"]] == ["Hello"]


async def test_what_the_provider_refuses_is_an_answer(stage: Stage) -> None:
    answer = await request(stage, "GET", "notes/none")
    assert answer.status_code == 200
    assert answer.json()["status"] == 404


async def test_an_endpoint_that_wants_another_credential_does_not_end_the_account(stage: Stage) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = (await request(stage, "POST", "oauth/token", headers=form, body={"grant_type": "refresh_token"})).json()
    assert answer["status"] == 401
    assert (await stage.connection())["status"] == "ACTIVE"
    assert stage.acme.app.counters.refreshes == 0
    assert await stage.succeeds()


async def test_an_expired_token_is_renewed_on_the_way(stage: Stage) -> None:
    stage.acme.app.expire_access_tokens("alice")
    assert (await request(stage, "GET", "me")).json()["status"] == 200
    stage.clock.advance(LIFETIME + 1)
    assert (await request(stage, "GET", "me")).json()["status"] == 200
    assert stage.acme.app.counters.refreshes >= 1


async def test_whoever_has_not_connected_is_told_where_to(stage: Stage) -> None:
    refused = await request(stage, "GET", "me", endUserId="bob")
    assert failure(refused)[1] == "CONNECTION_REQUIRED"
    assert refused.json()["details"]["setupUrl"].startswith("http")


async def test_bad_requests_are_told(stage: Stage) -> None:
    assert (await request(stage, "GET", "../x")).status_code == 400
    assert (await request(stage, "TRACE", "me")).status_code == 400
    assert (await request(stage, "GET", "me", headers={"Authorization": "x"})).status_code == 400
    assert (await request(stage, "GET", "me", integrationAlias="nothing")).status_code == 404


async def test_a_workspace_may_make_it_a_tool_for_the_methods_that_it_names(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, httpx2.AsyncClient(trust_env=False) as client:
        shop = await open_shop(served)
        acme = await shop.add("acme")
        await shop.connect(shop.alice, "alice")
        agent = Wire(client, shop.url, await shop.token(shop.alice))
        assert "acme__request" not in await agent.tool_names()
        await shop.change(acme, settings={"anyRequest": {"methods": ["GET"]}})
        assert "acme__request" in await agent.tool_names()
        answer = await agent.call("acme__request", {"method": "GET", "path": "me"})
        assert answer["structuredContent"]["body"]["email"] == "alice@acme.example"
        refused = await agent.call("acme__request", {"method": "POST", "path": "notes", "body": {"title": "x"}})
        assert refused["isError"]
        headers = await agent.call("acme__request", {"method": "GET", "path": "me", "headers": {"X-A": "b"}})
        assert headers["isError"]


async def test_a_workspace_that_has_enabled_only_some_actions_lets_nothing_else_be_sent(stage: Stage) -> None:
    await change(stage, enabledActions=["whoami"])
    refused = await request(stage, "GET", "notes")
    assert failure(refused)[1] == "ACTION_NOT_ALLOWED"
    await change(stage, settings={"anyRequest": {}})
    assert (await request(stage, "GET", "notes")).json()["status"] == 200
    assert failure(await request(stage, "POST", "notes", body={"title": "x"}))[1] == "ACTION_NOT_ALLOWED"
    await change(stage, settings={"anyRequest": {"methods": ["GET", "POST"]}})
    assert (await request(stage, "POST", "notes", body={"title": "x"})).json()["status"] == 201


async def test_a_tool_of_no_or_unknown_methods_is_refused(stage: Stage) -> None:
    assert (await change(stage, settings={"anyRequest": {"methods": []}})).status_code == 400
    assert (await change(stage, settings={"anyRequest": {"methods": ["TRACE"]}})).status_code == 400
