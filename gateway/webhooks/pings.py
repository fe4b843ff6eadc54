"""A test event, sent while its caller waits: whether a webhook's receiver is there and takes what we send."""

from datetime import timedelta
from typing import Final

from gateway.errors import NotFound
from gateway.events import event_body, new_event_id
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.webhooks.outcomes import recorded
from gateway.webhooks.schedule import Step, Verdict
from gateway.webhooks.sender import TIMEOUT_SECONDS, Sender
from gateway.webhooks.webhooks import existing_webhook
from storage.database import Database, Transaction
from storage.records import Webhook, WebhookDelivery
from storage.scope import TenantScope
from storage.webhooks import NewDelivery

PING: Final = "webhook.ping"

_LEASE: Final = timedelta(seconds=TIMEOUT_SECONDS + 5)
"""Nobody else sends it before; afterwards whoever was to send it has died."""


class Pings:
    """Sends test events, to disabled webhooks too. They are tried once, and disable nothing."""

    def __init__(self, database: Database, *, sender: Sender, clock: Clock) -> None:
        self._database = database
        self._sender = sender
        self._clock = clock

    async def send(self, scope: TenantScope, webhook_id: str) -> WebhookDelivery:
        """Send a test event and return what came of it. Raises `NotFound`."""
        async with self._database.write() as tx:
            webhook = await existing_webhook(tx, scope, webhook_id)
            ping = self._ping(webhook)
            await tx.webhook_deliveries.append([ping])
            row = await _existing(tx, scope, ping.id)
        attempt = await self._sender.attempt(webhook, row)
        outcome = recorded(row, attempt, Step(Verdict.DELIVERED if attempt.error is None else Verdict.FAILED))
        async with self._database.write() as tx:
            await tx.webhook_deliveries.record_attempts([outcome])
            return await _existing(tx, scope, ping.id)

    def _ping(self, webhook: Webhook) -> NewDelivery:
        now, event_id = self._clock(), new_event_id()
        body = event_body(
            event_id,
            PING,
            organization_id=webhook.organization_id,
            workspace_id=webhook.workspace_id,
            data={"webhook": {"id": webhook.id}},
            now=now,
        )
        return NewDelivery(
            id=new_id(),
            organization_id=webhook.organization_id,
            workspace_id=webhook.workspace_id,
            webhook_id=webhook.id,
            subject_id=webhook.id,
            event_id=event_id,
            event=PING,
            body=body,
            next_attempt_at=now + _LEASE,
            created_at=now,
        )


async def _existing(tx: Transaction, scope: TenantScope, delivery_id: str) -> WebhookDelivery:
    row = await tx.webhook_deliveries.get(scope, delivery_id)
    if row is None:
        raise NotFound("the webhook was removed a moment ago")
    return row
