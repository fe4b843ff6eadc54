"""What is told, to whom, and in the transaction that makes it true."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.api.connections import Connection as ShownConnection
from gateway.api.end_users import EndUser as ShownEndUser
from gateway.api.events import EVENTS
from gateway.events import Event, Subject, announce, announce_many, connection_shown, end_user_shown
from storage.database import Database
from storage.migrating import migrate
from storage.records import Webhook, WebhookDelivery
from storage.topics import Topic
from tests.storage.tenant import NOW, Tenant, a_connection, a_webhook, a_workspace, an_end_user, plant

LATER = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def published() -> list[Topic]:
    return []


@pytest.fixture
async def database(tmp_path: Path, published: list[Topic]) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/toolgate.db", after_commit=published.extend)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A tenant whose workspace has a webhook for everything, and one delivery to it already."""
    async with database.write() as tx:
        return await plant(tx)


async def hears(database: Database, tenant: Tenant, **values: Any) -> Webhook:
    async with database.write() as tx:
        return await tx.webhooks.insert(a_webhook(tenant.workspace, **values))


async def told(database: Database, tenant: Tenant, webhook: Webhook) -> list[WebhookDelivery]:
    async with database.read() as tx:
        rows = await tx.webhook_deliveries._all(tenant.scope)
    return sorted((row for row in rows if row.webhook_id == webhook.id), key=lambda row: row.sequence)


async def tell(database: Database, event: Event, *subjects: Subject) -> None:
    async with database.write() as tx:
        await announce_many(tx, event, subjects, now=LATER)


async def test_an_event_is_told_to_the_workspaces_webhooks_and_to_the_organizations_under_one_id(
    database: Database, tenant: Tenant
) -> None:
    everywhere = await hears(database, tenant, workspace_id=None)
    await tell(database, Event.CONNECTION_CREATED, tenant.connection)
    [of_organization] = await told(database, tenant, everywhere)
    of_workspace = (await told(database, tenant, tenant.webhook))[-1]
    assert of_organization.event_id == of_workspace.event_id
    assert of_organization.body == of_workspace.body
    assert json.loads(of_organization.body) == {
        "id": of_organization.event_id,
        "type": "connection.created",
        "createdAt": "2026-03-05T00:00:00.000Z",
        "organizationId": tenant.organization.id,
        "workspaceId": tenant.workspace.id,
        "data": {"connection": connection_shown(tenant.connection, end_user=tenant.end_user.external_id)},
    }


async def test_another_workspace_and_another_organization_hear_nothing(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        sibling = await plant(tx, organization=tenant.organization)
        stranger = await plant(tx)
    await tell(database, Event.CONNECTION_CREATED, tenant.connection)
    assert len(await told(database, tenant, tenant.webhook)) == 2
    assert len(await told(database, sibling, sibling.webhook)) == 1
    assert len(await told(database, stranger, stranger.webhook)) == 1


async def test_an_account_of_the_organization_is_told_to_webhooks_of_the_organization_only(
    database: Database, tenant: Tenant
) -> None:
    everywhere = await hears(database, tenant, workspace_id=None)
    shared = a_connection(tenant.workspace, scope="ORGANIZATION", workspace_id=None, owner=tenant.organization.id)
    await tell(database, Event.CONNECTION_CREATED, shared)
    [delivery] = await told(database, tenant, everywhere)
    assert json.loads(delivery.body)["workspaceId"] is None
    assert len(await told(database, tenant, tenant.webhook)) == 1


async def test_a_webhook_hears_what_it_asked_for_and_nothing_while_it_is_disabled(
    database: Database, tenant: Tenant
) -> None:
    choosy = await hears(database, tenant, events=["connection.deleted"])
    disabled = await hears(database, tenant, disabled_at=NOW)
    await tell(database, Event.CONNECTION_CREATED, tenant.connection)
    await tell(database, Event.CONNECTION_DELETED, tenant.connection)
    assert [each.event for each in await told(database, tenant, choosy)] == ["connection.deleted"]
    assert await told(database, tenant, disabled) == []


async def test_what_is_rolled_back_is_not_told(database: Database, tenant: Tenant, published: list[Topic]) -> None:
    published.clear()
    with pytest.raises(RuntimeError):
        async with database.write() as tx:
            await announce(tx, Event.CONNECTION_CREATED, tenant.connection, now=LATER)
            raise RuntimeError
    assert len(await told(database, tenant, tenant.webhook)) == 1
    assert published == []


async def test_a_commit_wakes_whoever_sends(database: Database, tenant: Tenant, published: list[Topic]) -> None:
    published.clear()
    await tell(database, Event.END_USER_CREATED, tenant.end_user)
    assert published == [("webhook_deliveries", tenant.webhook.id)]


async def test_without_a_listener_nothing_is_written(database: Database, published: list[Topic]) -> None:
    async with database.write() as tx:
        tenant = await plant(tx)
        await tx.webhooks.delete(tenant.webhook)
    published.clear()
    await tell(database, Event.CONNECTION_CREATED, tenant.connection)
    assert published == []


async def test_a_cascade_is_told_in_its_order_with_an_id_for_each(database: Database, tenant: Tenant) -> None:
    accounts = [a_connection(tenant.workspace, end_user=tenant.end_user) for _ in range(300)]
    await tell(database, Event.CONNECTION_DELETED, *accounts)
    deliveries = (await told(database, tenant, tenant.webhook))[1:]
    assert len({each.event_id for each in deliveries}) == 300
    bodies = [json.loads(each.body) for each in deliveries]
    assert [each["data"]["connection"]["id"] for each in bodies] == [each.id for each in accounts]
    assert {each["data"]["connection"]["endUserId"] for each in bodies} == {tenant.end_user.external_id}


async def test_a_workspace_that_goes_is_told_to_its_organization(database: Database, tenant: Tenant) -> None:
    everywhere = await hears(database, tenant, workspace_id=None)
    async with database.write() as tx:
        await announce_many(tx, Event.CONNECTION_DELETED, [tenant.connection], now=LATER)
        await announce_many(tx, Event.END_USER_DELETED, [tenant.end_user], now=LATER)
        await tx.workspaces.delete(
            await tx.workspaces.get(tenant.scope, tenant.workspace.id) or a_workspace(tenant.organization)
        )
    assert [each.event for each in await told(database, tenant, everywhere)] == [
        "connection.deleted",
        "end_user.deleted",
    ]


def test_a_connection_is_told_as_rest_shows_it(tenant: Tenant) -> None:
    row = a_connection(tenant.workspace, end_user=tenant.end_user, workspace_integration_id=tenant.integration.id)
    optional = {"account_id": "U1", "account_label": "alice@example.com", "missing_scopes": ["chat:write"]}
    moments = {"expires_at": LATER, "refreshed_at": NOW, "last_used_at": NOW}
    row.sqlmodel_update({**optional, **moments, "auth_method_key": "user", "last_error": "revoked"})
    for each in (tenant.connection, row):
        shown = ShownConnection.of(each, end_user="user_alice").model_dump(by_alias=True, mode="json")
        assert connection_shown(each, end_user="user_alice") == shown
    assert len(connection_shown(row, end_user="user_alice")) == len(ShownConnection.model_fields)


async def test_what_is_told_fits_the_model_that_the_document_shows(database: Database, tenant: Tenant) -> None:
    await tell(database, Event.CONNECTION_CREATED, tenant.connection)
    await tell(database, Event.END_USER_CREATED, tenant.end_user)
    for delivery in (await told(database, tenant, tenant.webhook))[1:]:
        model, _ = EVENTS[delivery.event]
        read = model.model_validate_json(delivery.body, by_alias=True, by_name=False, extra="forbid")
        assert json.loads(read.model_dump_json(by_alias=True)) == json.loads(delivery.body)


def test_an_end_user_is_told_as_rest_shows_one_but_for_the_count(tenant: Tenant) -> None:
    row = an_end_user(tenant.workspace, display_name="Alice", details={"plan": "pro"}, suspended_at=NOW)
    for each in (tenant.end_user, row):
        shown = ShownEndUser.of(each, connection_count=0).model_dump(by_alias=True, mode="json")
        assert end_user_shown(each) | {"connectionCount": 0} == shown
    assert len(end_user_shown(row)) == len(ShownEndUser.model_fields) - 1
