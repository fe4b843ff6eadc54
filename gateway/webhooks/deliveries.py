"""What was sent to a webhook and what is still to be sent: looked at, and sent again."""

from datetime import datetime

from gateway.errors import Conflict, NotFound
from gateway.kit.clock import Clock
from gateway.webhooks.webhooks import existing_webhook
from storage.database import Database, Transaction
from storage.records import Webhook, WebhookDelivery
from storage.repository import Page
from storage.scope import TenantScope


class Deliveries:
    """The deliveries of a tenant's webhooks."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self, scope: TenantScope, webhook_id: str, *, status: str | None = None, limit: int, offset: int
    ) -> Page[WebhookDelivery]:
        """Return a page of a webhook's deliveries, newest first. Raises `NotFound`."""
        async with self._database.read() as tx:
            await existing_webhook(tx, scope, webhook_id)
            return await tx.webhook_deliveries.page(scope, webhook_id, status=status, limit=limit, offset=offset)

    async def replay(self, scope: TenantScope, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        """Send one event again, whatever has become of it, with all attempts before it.

        Raises `NotFound`, `Conflict` (the webhook is disabled).
        """
        async with self._database.write() as tx:
            await _listening(tx, scope, webhook_id)
            row = await tx.webhook_deliveries.get(scope, delivery_id)
            if row is None or row.webhook_id != webhook_id:
                raise NotFound("the webhook has no such delivery")
            return await tx.webhook_deliveries.update(
                row, status="PENDING", attempts=0, next_attempt_at=self._clock(), delivered_at=None
            )

    async def replay_failed(self, scope: TenantScope, webhook_id: str, *, since: datetime) -> int:
        """Send what failed since a moment again now, for good or so far; returns how many events they are.

        Raises `NotFound`, `Conflict`.
        """
        async with self._database.write() as tx:
            await _listening(tx, scope, webhook_id)
            return await tx.webhook_deliveries.replay_failed(webhook_id, since=since, now=self._clock())


async def _listening(tx: Transaction, scope: TenantScope, webhook_id: str) -> Webhook:
    webhook = await existing_webhook(tx, scope, webhook_id)
    if webhook.disabled_at is not None:
        raise Conflict(f"the webhook is disabled ({webhook.disabled_reason}): enable it first")
    return webhook
