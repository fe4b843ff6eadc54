"""Delivery of events beside the requests: whatever is due is sent, each webhook in a lane of its own.

What is to be sent stands in the database and nowhere else. A process that ends in the middle of an attempt leaves
it to be repeated by the next process, which is why an event may arrive twice. One process at a time has the
database, so no attempt is made by two.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.changes import ChangeFeed, Topic
from gateway.kit.background import Background
from gateway.kit.clock import Clock
from gateway.webhooks.lane import Lane
from gateway.webhooks.outcomes import Outcomes
from gateway.webhooks.retention import Retention
from gateway.webhooks.schedule import HOLDING_ATTEMPTS
from gateway.webhooks.sender import Sender
from storage.database import Database

_AFTER_FAILURE: Final = timedelta(seconds=5)
_LONGEST_SLEEP_SECONDS: Final = 60.0
_SHORTEST_SLEEP_SECONDS: Final = 0.05
_log = structlog.stdlib.get_logger()


class Delivery:
    """Sends events to webhooks."""

    def __init__(self, database: Database, *, sender: Sender, changes: ChangeFeed, clock: Clock) -> None:
        self._database = database
        self._sender = sender
        self._changes = changes
        self._clock = clock
        self._outcomes = Outcomes(database, clock=clock)
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._paused: dict[str, datetime] = {}
        self._rounds = Background("webhook delivery", self._open_lanes)
        self._sweeps = Background("webhook retention", Retention(database, clock=clock).sweep)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which events are sent; attempts that are under way at its end are broken off."""
        unsubscribe = self._changes.subscribe(self._hear)
        try:
            async with self._rounds.running(), self._sweeps.running():
                yield
        finally:
            unsubscribe()
            lanes = tuple(self._lanes.values())
            for lane in lanes:
                lane.cancel()
            if lanes:
                await asyncio.wait(lanes)

    def _hear(self, topics: Iterable[Topic]) -> None:
        for kind, row_id in topics:
            if kind == "webhook":
                # A new address, perhaps, which asked for no pause.
                self._paused.pop(row_id, None)
                self._rounds.wake()
            elif kind == "webhook_deliveries" and row_id not in self._lanes:
                # A lane that is open finds by itself what has come, and wakes the next round when it closes.
                self._rounds.wake()

    async def _open_lanes(self) -> float:
        """Open a lane for every webhook with something due; return when to look again, in seconds."""
        now = self._clock()
        self._paused = {webhook_id: until for webhook_id, until in self._paused.items() if until > now}
        others = {*self._lanes, *self._paused}
        async with self._database.read() as tx:
            due = await tx.webhook_deliveries.due_webhooks(now, holding=HOLDING_ATTEMPTS, besides=others)
            next_attempt = await tx.webhook_deliveries.next_attempt(now)
        for webhook_id in due:
            self._lanes[webhook_id] = asyncio.create_task(self._run(webhook_id), name=f"webhook {webhook_id}")
        moments = [*self._paused.values(), *([next_attempt] if next_attempt is not None else [])]
        seconds = min(((moment - now).total_seconds() for moment in moments), default=_LONGEST_SLEEP_SECONDS)
        return min(max(seconds, _SHORTEST_SLEEP_SECONDS), _LONGEST_SLEEP_SECONDS)

    async def _run(self, webhook_id: str) -> None:
        lane = Lane(
            webhook_id, database=self._database, sender=self._sender, outcomes=self._outcomes, clock=self._clock
        )
        try:
            await lane.run()
        except Exception:  # noqa: BLE001 -- one webhook's failure must not end the delivery to all others
            _log.exception("delivery failed", webhook_id=webhook_id)
            self._paused[webhook_id] = self._clock() + _AFTER_FAILURE
        finally:
            del self._lanes[webhook_id]
            if lane.pause:
                self._paused[webhook_id] = self._clock() + lane.pause
            self._rounds.wake()
