"""Events on their way to one webhook: about one person in order, about different ones beside each other."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from gateway.kit.clock import Clock
from gateway.webhooks.outcomes import Outcomes
from gateway.webhooks.pauses import Pauses
from gateway.webhooks.schedule import HOLDING_ATTEMPTS, Verdict
from gateway.webhooks.sender import Sender
from storage.database import Database
from storage.records import Webhook, WebhookDelivery

_WIDTH: Final = 16
"""How many new events are sent beside each other: one that the receiver is slow with holds up few others."""
_WIDTH_OF_RETRIES: Final = 1
"""A dead receiver must not take many connections, and what it refused must not stand in the way of what is new."""
_AT_ONCE: Final = 100


class Lane:
    """Sends to one webhook until nothing is due: either what is new, or what was refused before."""

    def __init__(
        self,
        webhook_id: str,
        *,
        retries: bool,
        database: Database,
        sender: Sender,
        outcomes: Outcomes,
        pauses: Pauses,
        on_trouble: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`on_trouble` is called when an event was refused, and when what it has held up may be due."""
        self._webhook_id = webhook_id
        self._retries = retries
        self._database = database
        self._sender = sender
        self._outcomes = outcomes
        self._pauses = pauses
        self._on_trouble = on_trouble
        self._clock = clock
        self._is_closed = False
        self._slots = asyncio.Semaphore(_WIDTH_OF_RETRIES if retries else _WIDTH)
        self._busy: set[str] = set()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for more now."""
        self._woken.set()

    def close(self) -> None:
        """Begin no further attempt."""
        self._is_closed = True
        self._woken.set()

    async def run(self) -> None:
        """Send whatever is due, and what becomes due meanwhile."""
        async with asyncio.TaskGroup() as group:
            while not self._is_stopped:
                self._woken.clear()
                webhook, batch = await self._due()
                if webhook is None or not (batch or self._busy):
                    return
                for about_one in _by_subject(batch):
                    await self._slots.acquire()
                    self._busy.add(about_one[0].subject_id)
                    group.create_task(self._send_in_order(webhook, about_one))
                if not batch:
                    await self._woken.wait()

    @property
    def _is_stopped(self) -> bool:
        return self._is_closed or self._webhook_id in self._pauses.current()

    async def _due(self) -> tuple[Webhook | None, Sequence[WebhookDelivery]]:
        # Taken before the transaction sees the database: what ends meanwhile would look as if it were still to be sent.
        busy = frozenset(self._busy)
        async with self._database.read() as tx:
            webhook = await tx.webhooks.find(self._webhook_id)
            batch = await tx.webhook_deliveries.due(
                self._webhook_id,
                self._clock(),
                retries=self._retries,
                holding=HOLDING_ATTEMPTS,
                besides=busy,
                limit=_AT_ONCE,
            )
        return webhook, batch

    async def _send_in_order(self, webhook: Webhook, about_one: Sequence[WebhookDelivery]) -> None:
        try:
            for delivery in about_one:
                if self._is_stopped or not await self._send(webhook, delivery):
                    return
        finally:
            self._busy.discard(about_one[0].subject_id)
            self._slots.release()
            self._woken.set()

    async def _send(self, webhook: Webhook, delivery: WebhookDelivery) -> bool:
        """Send one event; tells whether what is told of the same subject next may follow now."""
        attempt = await self._sender.attempt(webhook, delivery)
        if attempt.retry_after:
            self._pauses.begin(self._webhook_id, attempt.at + attempt.retry_after)
        step = await self._outcomes.note(delivery, attempt)
        self._is_closed |= step.verdict is Verdict.GONE
        if self._retries or step.verdict is Verdict.RETRY:
            self._on_trouble()
        return step.verdict is not Verdict.RETRY or delivery.attempts + 1 > HOLDING_ATTEMPTS


def _by_subject(batch: Sequence[WebhookDelivery]) -> list[list[WebhookDelivery]]:
    groups: dict[str, list[WebhookDelivery]] = {}
    for delivery in batch:
        groups.setdefault(delivery.subject_id, []).append(delivery)
    return list(groups.values())
