"""What came of attempts, noted: many at once where many end at once.

A webhook that takes nothing is disabled; one that takes again what it has refused soon gets the rest.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from gateway.kit.clock import Clock
from gateway.webhooks.schedule import HOLDING_ATTEMPTS, RETRY_DELAYS, Attempt, Step, Verdict, after
from gateway.webhooks.webhooks import disable
from storage.database import Database, Transaction
from storage.records import WebhookDelivery
from storage.webhooks import Recorded

GIVEN_UP_AFTER: Final = sum(RETRY_DELAYS, start=timedelta())
"""A webhook that has taken nothing for so long, and fails an event for good, is disabled."""

_STATUS: Final = {
    Verdict.DELIVERED: "DELIVERED",
    Verdict.RETRY: "PENDING",
    Verdict.FAILED: "FAILED",
    Verdict.GONE: "FAILED",
}
_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class _Outcome:
    webhook_id: str
    attempt: Attempt
    step: Step
    kept: Recorded


class Outcomes:
    """Notes outcomes in as few transactions as keep up: while one is committed, the next gathers."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._gathered: list[_Outcome] = []
        self._writing = asyncio.Lock()
        self._hurried: set[str] = set()
        """Webhooks that have recovered and refused nothing since; what they get is not in need of it again."""

    async def note(self, delivery: WebhookDelivery, attempt: Attempt) -> Step:
        """Note an attempt and return what follows it."""
        step = after(attempt, attempts=delivery.attempts + 1)
        self._gathered.append(_Outcome(delivery.webhook_id, attempt, step, recorded(delivery, attempt, step)))
        async with self._writing:
            gathered, self._gathered = self._gathered, []
            # Empty where whoever wrote before us has taken ours along.
            if gathered:
                await self._write(gathered)
        return step

    async def _write(self, outcomes: Sequence[_Outcome]) -> None:
        async with self._database.write() as tx:
            await tx.webhook_deliveries.record_attempts([each.kept for each in outcomes])
            for each in outcomes:
                await self._disable_if_hopeless(tx, each)
                await self._hurry_if_recovered(tx, each)

    async def _disable_if_hopeless(self, tx: Transaction, outcome: _Outcome) -> None:
        match outcome.step.verdict:
            case Verdict.GONE:
                reason = "the receiver answered 410: it wants to hear nothing any more"
            case Verdict.FAILED:
                since = outcome.attempt.at - GIVEN_UP_AFTER
                if await tx.webhook_deliveries.any_taken_since(outcome.webhook_id, since):
                    return
                reason = f"nothing was taken for {GIVEN_UP_AFTER.days} days; at last: {outcome.attempt.error}"
            case _:
                return
        webhook = await tx.webhooks.find(outcome.webhook_id)
        if webhook is not None and webhook.disabled_at is None:
            await disable(tx, webhook, reason, clock=self._clock)
            _log.warning("webhook disabled", webhook_id=webhook.id, reason=reason)

    async def _hurry_if_recovered(self, tx: Transaction, outcome: _Outcome) -> None:
        """Send the rest soon once something is taken that was refused before.

        What is new does not tell: a receiver may take all else, and always refuse that one event. For its sake, too,
        the rest waits as long as after a first failure, and is brought forward only while it holds up others.
        """
        webhook_id, attempt = outcome.webhook_id, outcome.attempt
        if outcome.step.verdict is Verdict.RETRY:
            self._hurried.discard(webhook_id)
        elif (
            outcome.step.verdict is Verdict.DELIVERED and outcome.kept.attempts > 1 and webhook_id not in self._hurried
        ):
            self._hurried.add(webhook_id)
            await tx.webhook_deliveries.hurry(webhook_id, by=attempt.at + RETRY_DELAYS[0], holding=HOLDING_ATTEMPTS)


def recorded(delivery: WebhookDelivery, attempt: Attempt, step: Step) -> Recorded:
    """Return what is kept of an attempt."""
    return Recorded(
        delivery_id=delivery.id,
        status=_STATUS[step.verdict],
        attempts=delivery.attempts + 1,
        next_attempt_at=step.next_at,
        delivered_at=attempt.at if step.verdict is Verdict.DELIVERED else None,
        last_status=attempt.status,
        last_error=attempt.error,
    )
