"""Rows of webhooks, and of the events on their way to them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from storage.records import Webhook, WebhookDelivery
from storage.repository import Page, Repository
from storage.scope import TenantScope


class Webhooks(Repository[Webhook]):
    """Webhooks of organizations and of workspaces; a scope of workspaces holds those of its workspaces only."""

    record = Webhook

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Webhook]:
        """Return a page of webhooks."""
        return await self._page(scope, limit=limit, offset=offset)

    async def listening(self, scope: TenantScope) -> list[Webhook]:
        """Return the webhooks that are not disabled."""
        return await self._all(scope, col(Webhook.disabled_at).is_(None))

    async def find(self, webhook_id: str) -> Webhook | None:
        """Return a webhook by id: for whoever sends, on behalf of all tenants."""
        return await self._session.get(Webhook, webhook_id)

    async def all_sealed(self, *, after: str, limit: int) -> list[Webhook]:
        """Return webhooks of the whole deployment in order of id, for sealing their secrets anew."""
        found = await self._session.scalars(
            select(Webhook).where(col(Webhook.id) > after).order_by(col(Webhook.id)).limit(limit)
        )
        return list(found)

    def _touch(self, row: Webhook) -> None:
        self._changed(("webhook", row.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """An event that is to be sent to a webhook."""

    id: str
    organization_id: str
    workspace_id: str | None
    """The webhook's."""
    webhook_id: str
    subject_id: str
    event_id: str
    event: str
    body: str
    next_attempt_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What is noted of a delivery after an attempt."""

    delivery_id: str
    status: str
    attempts: int
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None


class WebhookDeliveries(Repository[WebhookDelivery]):
    """Events on their way, within the scope of their webhook.

    `holding`: one that was refused holds up later ones about the same subject, as long as no more than so many
    attempts have failed.
    """

    record = WebhookDelivery

    async def append(self, deliveries: Sequence[NewDelivery]) -> None:
        """Add deliveries behind all that there are, in this order."""
        last = await self._session.scalar(select(func.max(col(WebhookDelivery.sequence)))) or 0
        # Values, not records: some thousand of those take seconds, in which everybody else waits to write.
        rows = [
            {**{name: getattr(each, name) for name in _GIVEN}, "sequence": number, "status": "PENDING", "attempts": 0}
            for number, each in enumerate(deliveries, start=last + 1)
        ]
        await self._session.execute(insert(WebhookDelivery), rows)
        for webhook_id in {each.webhook_id for each in deliveries}:
            self._changed(("webhook_deliveries", webhook_id))

    async def page(
        self, scope: TenantScope, webhook_id: str, *, status: str | None = None, limit: int, offset: int
    ) -> Page[WebhookDelivery]:
        """Return a page of what was sent to a webhook or is to be, newest first."""
        conditions = [col(WebhookDelivery.webhook_id) == webhook_id]
        if status is not None:
            conditions.append(col(WebhookDelivery.status) == status)
        order = (col(WebhookDelivery.sequence).desc(),)
        return await self._page(scope, *conditions, limit=limit, offset=offset, order=order)

    async def due(
        self,
        webhook_id: str,
        now: datetime,
        *,
        retries: bool,
        holding: int,
        besides: Collection[str] = (),
        limit: int,
    ) -> list[WebhookDelivery]:
        """Return what may be sent to a webhook now, in order: of what is new or of `retries`, `besides` subjects."""
        found = await self._session.scalars(
            select(WebhookDelivery)
            .where(
                col(WebhookDelivery.webhook_id) == webhook_id,
                col(WebhookDelivery.subject_id).not_in(besides),
                _may_be_sent(now, retries, holding),
            )
            .order_by(col(WebhookDelivery.sequence))
            .limit(limit)
        )
        return list(found)

    async def due_webhooks(
        self, now: datetime, *, retries: bool, holding: int, besides: Collection[str] = ()
    ) -> list[str]:
        """Return the ids of the webhooks, besides these, to which something new, or of `retries`, may be sent now."""
        found = await self._session.scalars(
            select(col(WebhookDelivery.webhook_id))
            .where(col(WebhookDelivery.webhook_id).not_in(besides), _may_be_sent(now, retries, holding))
            .distinct()
        )
        return list(found)

    async def next_attempt(self, now: datetime) -> datetime | None:
        """Return when the next attempt after `now` is to be made."""
        return await self._session.scalar(
            select(func.min(col(WebhookDelivery.next_attempt_at))).where(
                col(WebhookDelivery.status) == "PENDING", col(WebhookDelivery.next_attempt_at) > now
            )
        )

    async def record_attempts(self, outcomes: Sequence[Recorded]) -> None:
        """Note what came of attempts; what is no longer pending stays as it is."""
        statement = (
            update(WebhookDelivery)
            .where(col(WebhookDelivery.id) == bindparam("of_id"), col(WebhookDelivery.status) == "PENDING")
            .values({name: bindparam(f"new_{name}") for name in _NOTED})
        )
        rows = [
            {"of_id": each.delivery_id, **{f"new_{name}": getattr(each, name) for name in _NOTED}} for each in outcomes
        ]
        connection = await self._session.connection()
        await connection.execute(statement, rows)

    async def give_up(self, webhook_id: str, reason: str) -> None:
        """Fail whatever is still to be sent to a webhook."""
        await self._session.execute(
            update(WebhookDelivery)
            .where(col(WebhookDelivery.webhook_id) == webhook_id, col(WebhookDelivery.status) == "PENDING")
            .values(status="FAILED", next_attempt_at=None, last_error=reason)
            .execution_options(synchronize_session=False)
        )

    async def hurry(self, webhook_id: str, *, by: datetime, holding: int) -> None:
        """Bring forward to this moment what a webhook has refused and would be sent later, of what holds up others."""
        attempts = col(WebhookDelivery.attempts)
        await self._session.execute(
            update(WebhookDelivery)
            .where(
                col(WebhookDelivery.webhook_id) == webhook_id,
                _is("PENDING"),
                (attempts > 0) & (attempts <= holding),
                col(WebhookDelivery.next_attempt_at) > by,
            )
            .values(next_attempt_at=by)
            .execution_options(synchronize_session=False)
        )

    async def any_taken_since(self, webhook_id: str, since: datetime) -> bool:
        """Tell whether the webhook has taken anything since this moment."""
        found = await self._session.scalar(
            select(col(WebhookDelivery.id))
            .where(col(WebhookDelivery.webhook_id) == webhook_id, col(WebhookDelivery.delivered_at) >= since)
            .limit(1)
        )
        return found is not None

    async def replay_failed(self, webhook_id: str, *, since: datetime, now: datetime) -> int:
        """Make due anew what failed of the events since a moment, for good or so far; returns how many they are."""
        done = await self._session.execute(
            update(WebhookDelivery)
            .where(
                col(WebhookDelivery.webhook_id) == webhook_id,
                or_(_is("FAILED"), _is("PENDING") & (col(WebhookDelivery.attempts) > 0)),
                col(WebhookDelivery.created_at) >= since,
            )
            .values(status="PENDING", attempts=0, next_attempt_at=now)
            .execution_options(synchronize_session=False)
            .returning(col(WebhookDelivery.id))
        )
        count = len(done.all())
        if count:
            self._changed(("webhook_deliveries", webhook_id))
        return count

    async def sweep(self, *, delivered_before: datetime, failed_before: datetime, limit: int) -> int:
        """Remove at most `limit` old rows; returns how many they were."""
        old = (
            select(col(WebhookDelivery.id))
            .where(
                or_(
                    _is("DELIVERED") & (col(WebhookDelivery.delivered_at) < delivered_before),
                    _is("FAILED") & (col(WebhookDelivery.created_at) < failed_before),
                )
            )
            .limit(limit)
        )
        done = await self._session.execute(
            delete(WebhookDelivery)
            .where(col(WebhookDelivery.id).in_(old))
            .execution_options(synchronize_session=False)
            .returning(col(WebhookDelivery.id))
        )
        return len(done.all())

    def _touch(self, row: WebhookDelivery) -> None:
        self._changed(("webhook_deliveries", row.webhook_id))


_GIVEN = tuple(field.name for field in fields(NewDelivery))
_NOTED = ("status", "attempts", "next_attempt_at", "delivered_at", "last_status", "last_error")


def _is(status: str) -> ColumnElement[bool]:
    return col(WebhookDelivery.status) == status


def _may_be_sent(now: datetime, retries: bool, holding: int) -> ColumnElement[bool]:
    earlier = aliased(WebhookDelivery)
    is_held = exists().where(
        col(earlier.webhook_id) == col(WebhookDelivery.webhook_id),
        col(earlier.subject_id) == col(WebhookDelivery.subject_id),
        col(earlier.sequence) < col(WebhookDelivery.sequence),
        col(earlier.status) == "PENDING",
        col(earlier.attempts) <= holding,
        or_(col(earlier.attempts) > 0, col(earlier.next_attempt_at) > now),
    )
    attempts = col(WebhookDelivery.attempts)
    is_of_kind = attempts > 0 if retries else attempts == 0
    return and_(_is("PENDING"), is_of_kind, col(WebhookDelivery.next_attempt_at) <= now, ~is_held)
