"""Claims about tools of remote MCP servers that aren't as they were approved (security R32)."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from time import perf_counter
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from integrations.upstream.definitions import digest
from tests.gateway.upstreams.remote_shop import NAME, RemoteShop, a_tool, open_remote_shop, poisoned
from tests.parts.clock import Time
from tests.parts.rest import Rest, failure, new_key, new_organization

MINUTE = timedelta(minutes=1, seconds=1)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def gateway(settings: Settings, time: Time) -> AsyncIterator[Gateway]:
    async with open_gateway(settings, clock=time) as opened:
        yield opened


@pytest.fixture
async def anonymous(gateway: Gateway) -> AsyncIterator[Rest]:
    transport = httpx2.ASGITransport(app=create_app(gateway))
    async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
        yield Rest(client)


@pytest.fixture
async def shop(gateway: Gateway, anonymous: Rest) -> RemoteShop:
    organization, rest = await new_organization(anonymous, "acme")
    return await open_remote_shop(gateway, rest, organization["id"])


async def test_r32_the_first_list_is_approved_as_it_is(shop: RemoteShop) -> None:
    assert await shop.offered() == ["wiki__connect"]

    await shop.shows(a_tool(), a_tool("read.page"))

    assert await shop.offered() == ["wiki__search", "wiki__read_page"]
    assert await shop.states() == {"search": "approved", "read.page": "approved"}


async def test_r32_text_that_nobody_sees_waits_for_approval_even_at_first_sight(shop: RemoteShop) -> None:
    hidden = a_tool("hidden", description="Finds\u200b pages.\U000e0041")
    await shop.shows(a_tool(), hidden)

    assert await shop.offered() == ["wiki__search"]
    tool = await shop.tool("hidden")
    assert tool["status"] == "added"
    assert tool["held"]["definition"]["description"] == "Finds\\u200b pages.\\U000e0041"
    assert "U+200B" in tool["held"]["findings"][0]

    assert (await shop.approve(("hidden", digest(hidden)))).status_code == 200
    assert await shop.offered() == ["wiki__search", "wiki__hidden"]


async def test_r32_a_tool_that_is_new_waits_until_it_is_approved(shop: RemoteShop, time: Time) -> None:
    await shop.shows(a_tool())
    time.passed += MINUTE
    await shop.shows(a_tool(), a_tool("delete_all"))

    assert await shop.offered() == ["wiki__search"]
    assert await shop.states() == {"search": "approved", "delete_all": "added"}
    assert (await shop.approve()).status_code == 200
    assert await shop.offered() == ["wiki__search", "wiki__delete_all"]
    assert await shop.states() == {"search": "approved", "delete_all": "approved"}


async def test_r32_a_tool_that_is_described_otherwise_is_withheld_at_once(shop: RemoteShop) -> None:
    await shop.shows(a_tool(), a_tool("read"))
    await shop.shows(poisoned(), a_tool("read"))

    assert await shop.offered() == ["wiki__read"]
    tool = await shop.tool()
    assert (tool["status"], tool["offered"], tool["differs"]) == ("changed", False, ["description"])
    assert (tool["approved"]["digest"], tool["held"]["digest"]) == (digest(a_tool()), digest(poisoned()))
    assert "order to the model" in tool["held"]["findings"][0]


async def test_r32_agents_go_on_seeing_what_was_approved_and_see_what_is_approved_next(shop: RemoteShop) -> None:
    shown = a_tool(title="Search", annotations={"readOnlyHint": True}, outputSchema={"type": "object"}, x={"y": 1})
    await shop.shows(shown)
    tool = (await shop.gateway.toolsets.of(shop.server_id)).tools[0]
    assert tool.visible == {**shown, "name": "wiki__search"}

    changed = a_tool(description="Finds pages and books.")
    await shop.shows(changed)
    assert (await shop.approve(("search", digest(changed)))).json()["tools"][0]["status"] == "approved"
    tool = (await shop.gateway.toolsets.of(shop.server_id)).tools[0]
    assert tool.visible == {**changed, "name": "wiki__search"}


async def test_r32_a_tool_comes_back_when_it_is_as_approved_again(shop: RemoteShop, time: Time) -> None:
    await shop.shows(a_tool())
    await shop.shows(poisoned())
    assert await shop.offered() == []

    time.passed += MINUTE
    await shop.shows(a_tool())

    assert await shop.offered() == ["wiki__search"]
    assert await shop.states() == {"search": "approved"}


async def test_an_approval_holds_for_the_definition_that_was_looked_at_and_no_other(
    shop: RemoteShop, time: Time
) -> None:
    await shop.shows(a_tool())
    await shop.shows(poisoned())
    looked_at = (await shop.tool())["held"]["digest"]
    time.passed += MINUTE
    await shop.shows(a_tool(description="Worse still."))

    refused = await shop.approve(("search", looked_at))

    assert failure(refused) == (409, "CONFLICT")
    assert await shop.offered() == []
    assert failure(await shop.approve(("nothing", looked_at))) == (404, "NOT_FOUND")


async def test_the_old_definition_can_be_approved_again_instead_of_the_new_one(shop: RemoteShop) -> None:
    await shop.shows(a_tool())
    await shop.shows(poisoned())

    assert (await shop.approve(("search", digest(a_tool())))).status_code == 200
    assert await shop.offered() == ["wiki__search"]

    await shop.shows(poisoned(), at_once=True)
    assert await shop.offered() == []


async def test_what_is_refused_cant_be_approved(shop: RemoteShop, time: Time) -> None:
    bomb = a_tool(inputSchema={"type": "object", "$ref": "https://evil.example/schema.json"})
    await shop.shows(a_tool())
    await shop.shows(bomb)

    tool = await shop.tool()
    assert (tool["status"], tool["offered"]) == ("refused", False)
    assert failure(await shop.approve(("search", digest(bomb)))) == (409, "CONFLICT")
    await shop.approve()
    assert await shop.offered() == []


async def test_many_tools_are_approved_at_once_but_for_those_that_cant_be(shop: RemoteShop, time: Time) -> None:
    await shop.shows(a_tool("read"))
    time.passed += MINUTE
    await shop.shows(a_tool("read"), *(a_tool(f"t{number}") for number in range(150)), a_tool("x.y"), a_tool("x_y"))
    started = perf_counter()

    states = {each["name"]: each["status"] for each in (await shop.approve()).json()["tools"]}

    assert perf_counter() - started < 2
    assert states.pop("x.y") == states.pop("x_y") == "refused"
    assert set(states.values()) == {"approved"}
    assert len(await shop.offered()) == 151


async def test_an_approval_can_be_taken_back(shop: RemoteShop, time: Time) -> None:
    await shop.shows(a_tool(), a_tool("read"))
    answer = await shop.rest.delete(f"/integrations/{NAME}/tools/read")

    assert answer.status_code == 200, answer.text
    assert await shop.offered() == ["wiki__search"]
    time.passed += MINUTE
    await shop.shows(a_tool(), a_tool("read"))
    assert await shop.states() == {"search": "approved", "read": "added"}
    assert failure(await shop.rest.delete(f"/integrations/{NAME}/tools/none")) == (404, "NOT_FOUND")


async def test_what_one_person_is_not_shown_stays_for_the_others_and_is_reported_only_when_nobody_is(
    shop: RemoteShop, time: Time
) -> None:
    await shop.shows(a_tool(), a_tool("admin"), to="alice")
    time.passed += MINUTE
    await shop.shows(a_tool(), to="bob")
    assert await shop.offered() == ["wiki__search", "wiki__admin"]
    assert await shop.states() == {"search": "approved", "admin": "approved"}

    time.passed += MINUTE
    await shop.shows(a_tool(), to="alice")
    assert (await shop.tool("admin"))["status"] == "removed"
    assert await shop.offered() == ["wiki__search", "wiki__admin"]

    time.passed += MINUTE
    await shop.shows(a_tool(), a_tool("admin"), to="bob")
    assert (await shop.tool("admin"))["status"] == "approved"


async def test_two_people_who_are_shown_different_lists_cause_no_writing_back_and_forth(
    shop: RemoteShop, time: Time, log_output: io.StringIO
) -> None:
    await shop.shows(a_tool(), to="alice")
    for _ in range(5):
        time.passed += MINUTE
        await shop.shows(a_tool(), a_tool("more"), to="bob")
        time.passed += MINUTE
        await shop.shows(poisoned(), to="carol")
        await shop.shows(a_tool(), to="alice")

    assert await shop.states() == {"search": "changed", "more": "added"}
    assert log_output.getvalue().count("are held back") == 2


async def test_r32_a_server_that_shows_something_else_each_time_fills_neither_database_nor_log(
    shop: RemoteShop, time: Time, log_output: io.StringIO
) -> None:
    await shop.rest.post("/webhooks", {"url": "https://app.example.com/hook"})
    await shop.shows(a_tool())
    for number in range(200):
        time.passed += timedelta(seconds=1)
        flapping = [a_tool(f"t{number}_{index}", description="x" * 30_000) for index in range(5)]
        await shop.shows(a_tool(description=f"Attempt {number}"), *flapping, to=f"account {number % 3}")

    assert log_output.getvalue().count("are held back") <= 5
    assert len(await shop.events()) <= 5
    async with shop.gateway.database.read() as tx:
        row = (await tx.own_integrations.everybodys())[0]
        from storage.scope import TenantScope

        held = await tx.held_tools.of_integration(TenantScope(row.organization_id), row.id)
    assert len(held) <= 500
    assert sum(len(str(each.definition)) for each in held) < 1_200_000


async def test_a_server_that_flaps_for_days_is_reported_some_times_a_day(
    shop: RemoteShop, time: Time, log_output: io.StringIO
) -> None:
    await shop.rest.post("/webhooks", {"url": "https://app.example.com/hook"})
    await shop.shows(a_tool())
    for number in range(100):
        time.passed += MINUTE
        await shop.shows(a_tool(description=f"Attempt {number}"))

    assert log_output.getvalue().count("are held back") <= 40
    assert len(await shop.events()) <= 40
    assert (await shop.tool())["held"]["definition"]["description"] == "Attempt 99"


async def test_lists_that_come_at_once_are_written_down_once(shop: RemoteShop, log_output: io.StringIO) -> None:
    await asyncio.gather(*(shop.shows(a_tool(), a_tool("read"), to=f"account {number}") for number in range(20)))
    assert await shop.offered() == ["wiki__search", "wiki__read"]

    await asyncio.gather(*(shop.shows(poisoned(), a_tool("read"), to=f"account {number}") for number in range(20)))
    assert await shop.states() == {"search": "changed", "read": "approved"}
    assert log_output.getvalue().count("are held back") == 1


async def test_what_is_held_back_is_told_to_webhooks_of_the_organization(shop: RemoteShop) -> None:
    await shop.rest.post("/webhooks", {"url": "https://app.example.com/hook"})
    workspaces = (await shop.rest.get("/workspaces")).json()["workspaces"]
    await shop.rest.post("/webhooks", {"url": "https://app.example.com/two", "workspaceId": workspaces[0]["id"]})
    await shop.shows(a_tool())
    await shop.shows(poisoned())

    assert [each["event"] for each in await shop.events()] == ["integration.tools_held_back"]


async def test_a_manifest_without_tools_keeps_what_was_approved(shop: RemoteShop) -> None:
    await shop.shows(a_tool())
    manifest: dict[str, Any] = {"name": NAME, "title": "Our wiki", "mcp": {"url": "https://wiki.example.com/mcp"}}

    answer = await shop.rest.put(f"/integrations/{NAME}", {"manifest": manifest})

    assert answer.status_code == 200, answer.text
    assert await shop.states() == {"search": "approved"}
    assert await shop.offered() == ["wiki__search"]


async def test_another_organization_and_a_key_of_a_workspace_decide_nothing(shop: RemoteShop, anonymous: Rest) -> None:
    await shop.shows(a_tool())
    await shop.shows(poisoned())
    _, theirs = await new_organization(anonymous, "theirs")
    workspaces = (await shop.rest.get("/workspaces")).json()["workspaces"]
    narrow = await new_key(
        anonymous.as_operator(shop.organization_id), scope="workspace", workspaceIds=[workspaces[0]["id"]]
    )
    body = {"tools": [{"name": "search", "digest": digest(poisoned())}]}

    assert failure(await theirs.get(f"/integrations/{NAME}/tools")) == (404, "INTEGRATION_NOT_FOUND")
    for path in ("approve", "refresh"):
        sent = body if path == "approve" else {"workspaceId": workspaces[0]["id"]}
        assert failure(await theirs.post(f"/integrations/{NAME}/tools/{path}", sent))[0] == 404
        assert failure(await narrow.post(f"/integrations/{NAME}/tools/{path}", sent))[0] == 403
    assert failure(await theirs.delete(f"/integrations/{NAME}/tools/search"))[0] == 404
    assert await shop.offered() == []


async def test_what_is_known_of_a_server_of_another_address_says_nothing(shop: RemoteShop) -> None:
    before = shop.integration
    await shop.shows(a_tool())
    manifest = {"name": NAME, "title": "Wiki", "mcp": {"url": "https://other.example.com/mcp", "tools": [a_tool()]}}
    await shop.rest.put(f"/integrations/{NAME}", {"manifest": manifest})

    await shop.gateway.approvals.listed(shop.organization_id, before, [poisoned()], account="alice")

    assert await shop.states() == {"search": "approved"}
