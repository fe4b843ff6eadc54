"""Claims about deletions that reach across rooms: what the product's backend hears of them, and how much they take."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import NotFound
from gateway.kit.ids import new_id
from gateway.settings import Settings
from storage.records import Connection
from storage.scope import TenantScope
from tests.gateway.connections.revoking import Ending, ending


@pytest.fixture
async def stage(settings: Settings, tmp_path: Path) -> AsyncIterator[Ending]:
    """A product that hears of everything, at an address where nobody is."""
    async with ending(settings, tmp_path) as opened:
        yield opened


async def hears(stage: Ending, **fields: Any) -> str:
    """Register a webhook; returns its id."""
    answer = await stage.rest.post("/webhooks", {"url": "https://backend.invalid/hooks", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"]["id"]


async def told(stage: Ending, webhook_id: str) -> list[str]:
    """Return the events that a webhook is sent, oldest first, with whom or what each is about."""
    answer = (await stage.rest.get(f"/webhooks/{webhook_id}/deliveries", limit=100)).json()
    return [each["event"] for each in reversed(answer["deliveries"])]


async def end_users(stage: Ending) -> dict[str, str]:
    """Return the ids of the end users by their external ids."""
    answer = await stage.rest.get("/end-users", workspaceId=stage.product.workspace_id)
    return {each["externalId"]: each["id"] for each in answer.json()["endUsers"]}


async def test_an_end_user_who_goes_is_told_of_after_each_of_their_accounts(stage: Ending) -> None:
    await stage.connect("alice")
    await stage.connect("alice", externalId="second")
    await stage.connect("bob")
    webhook = await hears(stage)
    await stage.delete(f"/end-users/{(await end_users(stage))['alice']}")
    assert await told(stage, webhook) == ["connection.deleted", "connection.deleted", "end_user.deleted"]


async def test_end_users_who_are_missing_from_a_list_are_told_of_as_if_deleted_one_by_one(stage: Ending) -> None:
    await stage.connect("alice")
    webhook = await hears(stage)
    body = {"workspaceId": stage.product.workspace_id, "endUsers": [], "removeAbsent": True}
    answer = await stage.rest.put("/end-users/sync", {**body, "endUsers": [{"externalId": "carol"}]})
    assert answer.json()["removed"] == 2, answer.text
    heard = Counter(await told(stage, webhook))
    assert heard == {"end_user.created": 1, "connection.deleted": 1, "end_user.deleted": 2}


async def test_a_workspace_that_goes_is_told_of_to_the_organization_by_all_that_was_in_it(stage: Ending) -> None:
    await stage.connect("alice")
    await stage.connect(None)
    everything = await hears(stage)
    await hears(stage, workspaceId=stage.product.workspace_id)
    await stage.delete(f"/workspaces/{stage.product.workspace_id}")
    heard = await told(stage, everything)
    assert heard == ["connection.deleted"] * 2 + ["end_user.deleted"] * 2


async def test_a_workspace_with_hundreds_of_connections_queues_every_grant(stage: Ending) -> None:
    async with stage.gateway.database.read() as tx:
        organization = (await tx.organizations.all())[0]
    workspace_id, now = stage.product.workspace_id, stage.gateway.clock()
    rows: list[Connection] = []
    for number in range(450):
        row_id = new_id()
        values = {"access_token": f"at-{number}", "refresh_token": f"rt-{number}"}
        rows.append(
            Connection(
                id=row_id,
                organization_id=organization.id,
                workspace_id=workspace_id,
                owner=workspace_id,
                integration_name="acme",
                auth_method_key="oauth2",
                external_id=f"account-{number}",
                display_name="Account",
                type="OAUTH2",
                scope="WORKSPACE",
                sealed=stage.gateway.safe.seal(values, connection_id=row_id, organization_id=organization.id),
                created_at=now,
                updated_at=now,
            )
        )
    async with stage.gateway.database.write() as tx:
        await tx.connections.insert_many(rows)
    await stage.delete(f"/workspaces/{workspace_id}")
    assert await stage.told() == 450
    assert await stage.waiting() == []


async def test_what_is_not_there_can_not_be_deleted_and_tells_nobody(stage: Ending) -> None:
    await stage.connect("alice")
    webhook = await hears(stage)
    deletions = stage.gateway.deletions
    with pytest.raises(NotFound):
        await deletions.organization(new_id())
    with pytest.raises(NotFound):
        await deletions.workspace(TenantScope(new_id()), stage.product.workspace_id)
    with pytest.raises(NotFound):
        await deletions.end_user(TenantScope(new_id()), (await end_users(stage))["alice"])
    assert await told(stage, webhook) == []
    assert await stage.told() == 0
