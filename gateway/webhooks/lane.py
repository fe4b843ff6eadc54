"""One webhook's events on their way: those about one person in order, those about different ones beside each other."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from gateway.kit.clock import Clock
from gateway.webhooks.outcomes import Outcomes
from gateway.webhooks.schedule import HOLDING_ATTEMPTS, Verdict
from gateway.webhooks.sender import Sender
from storage.database import Database
from storage.records import Webhook, WebhookDelivery

_BESIDE_EACH_OTHER: Final = 16
_AT_ONCE: Final = 100
_AT_ONCE_IN_TROUBLE: Final = 5


class Lane:
    """Sends to one webhook until nothing is due, or until the receiver asks to be left alone."""

    def __init__(
        self, webhook_id: str, *, database: Database, sender: Sender, outcomes: Outcomes, clock: Clock
    ) -> None:
        self._webhook_id = webhook_id
        self._database = database
        self._sender = sender
        self._outcomes = outcomes
        self._clock = clock
        self._stopped = False
        self.pause = timedelta()
        """For how long the receiver asked to be left alone, from its end on."""

    async def run(self) -> None:
        """Send whatever is due, and what becomes due meanwhile."""
        while not self._stopped:
            webhook, batch = await self._due()
            if webhook is None or not batch:
                return
            if batch[0].attempts:
                # The receiver is in trouble, or was. A dead one must not take many connections.
                await self._send_all(webhook, batch[:_AT_ONCE_IN_TROUBLE], asyncio.Semaphore(1))
            else:
                await self._send_all(webhook, batch, asyncio.Semaphore(_BESIDE_EACH_OTHER))

    async def _due(self) -> tuple[Webhook | None, Sequence[WebhookDelivery]]:
        async with self._database.read() as tx:
            webhook = await tx.webhooks.find(self._webhook_id)
            batch = await tx.webhook_deliveries.due(
                self._webhook_id, self._clock(), holding=HOLDING_ATTEMPTS, limit=_AT_ONCE
            )
        return webhook, batch

    async def _send_all(self, webhook: Webhook, batch: Sequence[WebhookDelivery], width: asyncio.Semaphore) -> None:
        async with asyncio.TaskGroup() as group:
            for about_one in _by_subject(batch):
                group.create_task(self._send_in_order(webhook, about_one, width))

    async def _send_in_order(
        self, webhook: Webhook, deliveries: Sequence[WebhookDelivery], width: asyncio.Semaphore
    ) -> None:
        for delivery in deliveries:
            async with width:
                if self._stopped or not await self._send(webhook, delivery):
                    return

    async def _send(self, webhook: Webhook, delivery: WebhookDelivery) -> bool:
        """Send one event; tells whether what is told of the same subject next may follow now."""
        attempt = await self._sender.attempt(webhook, delivery)
        if attempt.retry_after:
            self.pause = attempt.retry_after
            self._stopped = True
        step = await self._outcomes.note(delivery, attempt)
        if step.verdict is Verdict.GONE:
            self._stopped = True
        return step.verdict is not Verdict.RETRY or delivery.attempts + 1 > HOLDING_ATTEMPTS


def _by_subject(batch: Sequence[WebhookDelivery]) -> list[list[WebhookDelivery]]:
    groups: dict[str, list[WebhookDelivery]] = {}
    for delivery in batch:
        groups.setdefault(delivery.subject_id, []).append(delivery)
    return list(groups.values())
