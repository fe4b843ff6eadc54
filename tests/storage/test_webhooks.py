"""What is to be sent to webhooks, in which order, and what is noted of it: alike on both databases."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.database import Database, Transaction
from storage.records import WebhookDelivery
from storage.scope import TenantScope
from storage.webhooks import NewDelivery, Recorded
from tests.storage.tenant import NOW, Tenant, a_delivery, a_webhook, plant

HOLDING = 4


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A tenant with a webhook to which nothing is on its way."""
    async with database.write() as tx:
        tenant = await plant(tx)
        await tx.webhook_deliveries.delete(tenant.delivery)
    return tenant


async def add(database: Database, tenant: Tenant, **values: Any) -> WebhookDelivery:
    async with database.write() as tx:
        return await tx.webhook_deliveries.insert(a_delivery(tenant.webhook, **values))


async def due(database: Database, tenant: Tenant, *, now: datetime = NOW) -> list[str]:
    found: list[str] = []
    async with database.read() as tx:
        for retries in (True, False):
            kind: dict[str, Any] = {"retries": retries, "holding": HOLDING}
            rows = await tx.webhook_deliveries.due(tenant.webhook.id, now, **kind, limit=100)
            webhooks = await tx.webhook_deliveries.due_webhooks(now, **kind)
            assert webhooks == ([tenant.webhook.id] if rows else [])
            assert all((row.attempts > 0) is retries for row in rows)
            found += [row.id for row in rows]
    return found


async def noted(database: Database, *outcomes: Recorded) -> None:
    async with database.write() as tx:
        await tx.webhook_deliveries.record_attempts(outcomes)


async def found(tx: Transaction, tenant: Tenant, row: WebhookDelivery) -> WebhookDelivery:
    shown = await tx.webhook_deliveries.get(tenant.scope, row.id)
    assert shown is not None
    return shown


async def test_what_is_appended_later_comes_later_whatever_its_clock_says(
    database: Database, tenant: Tenant, published: list[tuple[str, str]]
) -> None:
    published.clear()
    for names in (["a", "b"], ["c"]):
        async with database.write() as tx:
            await tx.webhook_deliveries.append([appended(tenant, name, at(-ord(name))) for name in names])
    assert published == [("webhook_deliveries", tenant.webhook.id)] * 2
    assert await due(database, tenant) == ["a", "b", "c"]
    async with database.read() as tx:
        page = await tx.webhook_deliveries.page(tenant.scope, tenant.webhook.id, limit=10, offset=0)
    assert [row.id for row in page.rows] == ["c", "b", "a"]


def appended(tenant: Tenant, name: str, moment: datetime) -> NewDelivery:
    return NewDelivery(
        id=name,
        organization_id=tenant.organization.id,
        workspace_id=tenant.workspace.id,
        webhook_id=tenant.webhook.id,
        subject_id=name,
        event_id=name,
        event="connection.created",
        body="{}",
        next_attempt_at=NOW,
        created_at=moment,
    )


async def test_what_was_refused_holds_up_its_own_subject_for_some_attempts(database: Database, tenant: Tenant) -> None:
    earlier = await add(database, tenant, subject_id="alice", attempts=HOLDING, next_attempt_at=at(10))
    later = await add(database, tenant, subject_id="alice")
    other = await add(database, tenant, subject_id="bob")
    assert await due(database, tenant) == [other.id]
    assert await due(database, tenant, now=at(10)) == [earlier.id, other.id]
    async with database.read() as tx:
        assert await tx.webhook_deliveries.next_attempt(NOW) == at(10)

    pending = Recorded(
        delivery_id=earlier.id, status="PENDING", attempts=HOLDING + 1, next_attempt_at=at(99), last_error="broken"
    )
    await noted(database, pending)
    assert await due(database, tenant, now=at(20)) == [later.id, other.id]


async def test_one_webhooks_trouble_holds_up_no_other(database: Database, tenant: Tenant) -> None:
    await add(database, tenant, subject_id="alice", attempts=1, next_attempt_at=at(10))
    async with database.write() as tx:
        other = await tx.webhooks.insert(a_webhook(tenant.workspace))
        await tx.webhook_deliveries.insert(a_delivery(other, subject_id="alice"))
    async with database.read() as tx:
        new: dict[str, Any] = {"retries": False, "holding": HOLDING}
        assert await tx.webhook_deliveries.due_webhooks(NOW, **new) == [other.id]
        assert await tx.webhook_deliveries.due_webhooks(NOW, **new, besides=[other.id]) == []
        assert await tx.webhook_deliveries.due(other.id, NOW, **new, besides=["alice"], limit=9) == []


async def test_outcomes_are_noted_together_and_only_of_what_is_pending(database: Database, tenant: Tenant) -> None:
    taken, refused, replayed = [await add(database, tenant) for _ in range(3)]
    async with database.write() as tx:
        await tx.webhook_deliveries.update(await found(tx, tenant, replayed), status="FAILED", last_error="before")
    await noted(
        database,
        Recorded(delivery_id=taken.id, status="DELIVERED", attempts=1, delivered_at=NOW, last_status=200),
        Recorded(delivery_id=refused.id, status="FAILED", attempts=10, last_status=500, last_error="broken"),
        Recorded(delivery_id=replayed.id, status="DELIVERED", attempts=1, delivered_at=NOW, last_status=200),
        Recorded(delivery_id="gone", status="DELIVERED", attempts=1, delivered_at=NOW, last_status=200),
    )
    async with database.read() as tx:
        rows = [await found(tx, tenant, row) for row in (taken, refused, replayed)]
        assert await tx.webhook_deliveries.any_taken_since(tenant.webhook.id, NOW)
        assert not await tx.webhook_deliveries.any_taken_since(tenant.webhook.id, at(1))
    assert [(row.status, row.attempts, row.last_status, row.last_error) for row in rows] == [
        ("DELIVERED", 1, 200, None),
        ("FAILED", 10, 500, "broken"),
        ("FAILED", 0, None, "before"),
    ]
    assert [row.next_attempt_at for row in rows[:2]] == [None, None]


async def test_what_failed_since_a_moment_is_made_pending_again(
    database: Database, tenant: Tenant, published: list[tuple[str, str]]
) -> None:
    old = await add(database, tenant, created_at=at(-10), status="FAILED", next_attempt_at=None)
    new = await add(database, tenant, status="FAILED", attempts=10, next_attempt_at=None)
    waiting = await add(database, tenant, attempts=7, next_attempt_at=at(3600))
    await add(database, tenant, status="DELIVERED", next_attempt_at=None, delivered_at=NOW)
    published.clear()
    async with database.write() as tx:
        assert await tx.webhook_deliveries.replay_failed(tenant.webhook.id, since=NOW, now=NOW) == 2
    assert published == [("webhook_deliveries", tenant.webhook.id)]
    assert await due(database, tenant) == [new.id, waiting.id]
    async with database.read() as tx:
        assert (await found(tx, tenant, old)).status == "FAILED"


async def test_what_holds_up_others_is_brought_forward_and_nothing_is_put_off(
    database: Database, tenant: Tenant
) -> None:
    waits = [await add(database, tenant, attempts=count, next_attempt_at=at(600)) for count in (1, 4)]
    soon = await add(database, tenant, attempts=1, next_attempt_at=at(2))
    passed_by = await add(database, tenant, attempts=5, next_attempt_at=at(600))
    new = await add(database, tenant, attempts=0, next_attempt_at=at(600))
    done = await add(database, tenant, attempts=2, status="FAILED", next_attempt_at=None)
    async with database.write() as tx:
        await tx.webhook_deliveries.hurry("another", by=at(3), holding=4)
        await tx.webhook_deliveries.hurry(tenant.webhook.id, by=at(5), holding=4)
    async with database.read() as tx:
        found_at = [(await found(tx, tenant, row)).next_attempt_at for row in (*waits, soon, passed_by, new, done)]
    assert found_at == [at(5), at(5), at(2), at(600), at(600), None]


async def test_giving_up_fails_what_is_pending(database: Database, tenant: Tenant) -> None:
    row = await add(database, tenant)
    done = await add(database, tenant, status="DELIVERED", next_attempt_at=None, delivered_at=NOW)
    async with database.write() as tx:
        await tx.webhook_deliveries.give_up(tenant.webhook.id, "disabled")
    async with database.read() as tx:
        shown = await found(tx, tenant, row)
        assert (shown.status, shown.last_error, shown.next_attempt_at) == ("FAILED", "disabled", None)
        assert (await found(tx, tenant, done)).status == "DELIVERED"


async def test_sweeping_takes_old_rows_a_few_at_a_time(database: Database, tenant: Tenant) -> None:
    for _ in range(3):
        await add(database, tenant, status="DELIVERED", next_attempt_at=None, delivered_at=at(-100))
    failed = await add(database, tenant, status="FAILED", next_attempt_at=None, created_at=at(-100))
    pending = await add(database, tenant, created_at=at(-1000))

    async def sweep(**bounds: datetime) -> int:
        async with database.write() as tx:
            return await tx.webhook_deliveries.sweep(**{**KEEP, **bounds}, limit=2)

    assert await sweep() == 0
    assert [await sweep(delivered_before=NOW) for _ in range(3)] == [2, 1, 0]
    assert await sweep(failed_before=at(-100)) == 0
    assert await sweep(failed_before=NOW) == 1
    async with database.read() as tx:
        assert await tx.webhook_deliveries.get(tenant.scope, failed.id) is None
        assert await tx.webhook_deliveries.get(tenant.scope, pending.id) is not None


KEEP = {"delivered_before": at(-200), "failed_before": at(-200)}


async def test_a_page_may_be_of_one_status_and_is_of_one_webhook(database: Database, tenant: Tenant) -> None:
    await add(database, tenant)
    failed = await add(database, tenant, status="FAILED", next_attempt_at=None)
    async with database.write() as tx:
        other = await tx.webhooks.insert(a_webhook(tenant.workspace))

    async def page(webhook_id: str, scope: TenantScope, status: str | None = None) -> tuple[int, list[str]]:
        async with database.read() as tx:
            page = await tx.webhook_deliveries.page(scope, webhook_id, status=status, limit=1, offset=0)
        return page.total, [row.id for row in page.rows]

    assert await page(tenant.webhook.id, tenant.scope) == (2, [failed.id])
    assert await page(tenant.webhook.id, tenant.workspace_scope, "FAILED") == (1, [failed.id])
    assert await page(other.id, tenant.scope) == (0, [])
