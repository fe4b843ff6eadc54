"""Delivery of events beside the requests: whatever is due is sent, each webhook in lanes of its own.

What is to be sent stands in the database and nowhere else. A process that ends in the middle of an attempt leaves
it to be repeated by the next process, which is why an event may arrive twice. One process at a time has the
database, so no attempt is made by two.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, TypeAlias

import structlog

from gateway.changes import ChangeFeed, Topic
from gateway.kit.background import Background
from gateway.kit.clock import Clock
from gateway.webhooks.lane import Lane
from gateway.webhooks.outcomes import Outcomes
from gateway.webhooks.pauses import Pauses
from gateway.webhooks.retention import Retention
from gateway.webhooks.schedule import HOLDING_ATTEMPTS
from gateway.webhooks.sender import Sender
from storage.database import Database

_AFTER_FAILURE: Final = timedelta(seconds=5)
_FAREWELL_SECONDS: Final = 2.0
_LONGEST_SLEEP_SECONDS: Final = 60.0
_SHORTEST_SLEEP_SECONDS: Final = 0.05
_NEW: Final = False
_RETRIES: Final = True
_Key: TypeAlias = tuple[str, bool]
"""A webhook, and whether the lane is for what it refused before."""
_log = structlog.stdlib.get_logger()


class Delivery:
    """Sends events to webhooks."""

    def __init__(self, database: Database, *, sender: Sender, changes: ChangeFeed, clock: Clock) -> None:
        self._database = database
        self._sender = sender
        self._changes = changes
        self._clock = clock
        self._outcomes = Outcomes(database, clock=clock)
        self._pauses = Pauses(clock)
        self._lanes: dict[_Key, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds = Background("webhook delivery", self._open_lanes)
        self._sweeps = Background("webhook retention", Retention(database, clock=clock).sweep)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which events are sent; at its end, attempts have a moment to come to theirs."""
        unsubscribe = self._changes.subscribe(self._hear)
        try:
            async with self._rounds.running(), self._sweeps.running():
                yield
        finally:
            unsubscribe()
            await self._close_lanes()

    async def _close_lanes(self) -> None:
        """Let what is being sent arrive, or else it is sent twice; a receiver that hangs is not waited for."""
        tasks = tuple(self._tasks)
        if not tasks:
            return
        for lane in self._lanes.values():
            lane.close()
        _, hanging = await asyncio.wait(tasks, timeout=_FAREWELL_SECONDS)
        for task in hanging:
            task.cancel()
        if hanging:
            await asyncio.wait(hanging)

    def _hear(self, topics: Iterable[Topic]) -> None:
        for kind, webhook_id in topics:
            match kind:
                case "webhook":
                    # A new address, perhaps, which asked for no pause.
                    self._pauses.end(webhook_id)
                    self._rounds.wake()
                case "webhook_deliveries":
                    self._wake(webhook_id)
                case _:
                    pass

    def _wake(self, webhook_id: str) -> None:
        """Look for what is new for a webhook."""
        lane = self._lanes.get((webhook_id, _NEW))
        (self._rounds if lane is None else lane).wake()

    def _look_again(self, webhook_id: str) -> None:
        """Look when the next retry is to be made, and for what a refused event has held up."""
        self._wake(webhook_id)
        self._rounds.wake()

    async def _open_lanes(self) -> float:
        """Open a lane wherever something is due; return when to look again, in seconds."""
        now, paused = self._clock(), self._pauses.current()
        async with self._database.read() as tx:
            for retries in (_NEW, _RETRIES):
                besides = {*paused, *(webhook_id for webhook_id, kind in self._lanes if kind is retries)}
                due = await tx.webhook_deliveries.due_webhooks(
                    now, retries=retries, holding=HOLDING_ATTEMPTS, besides=besides
                )
                for webhook_id in due:
                    self._open(webhook_id, retries=retries)
            next_attempt = await tx.webhook_deliveries.next_attempt(now)
        moments = [*paused.values(), *([next_attempt] if next_attempt is not None else [])]
        seconds = min(((moment - now).total_seconds() for moment in moments), default=_LONGEST_SLEEP_SECONDS)
        return min(max(seconds, _SHORTEST_SLEEP_SECONDS), _LONGEST_SLEEP_SECONDS)

    def _open(self, webhook_id: str, *, retries: bool) -> None:
        lane = Lane(
            webhook_id,
            retries=retries,
            database=self._database,
            sender=self._sender,
            outcomes=self._outcomes,
            pauses=self._pauses,
            on_trouble=lambda: self._look_again(webhook_id),
            clock=self._clock,
        )
        self._lanes[webhook_id, retries] = lane
        task = asyncio.create_task(self._run(webhook_id, lane), name=f"webhook {webhook_id}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._close((webhook_id, retries), done))

    def _close(self, key: _Key, task: asyncio.Task[None]) -> None:
        del self._lanes[key]
        self._tasks.discard(task)
        # What has come since it looked last, and what it left because of a pause.
        self._rounds.wake()

    async def _run(self, webhook_id: str, lane: Lane) -> None:
        try:
            await lane.run()
        except Exception:  # noqa: BLE001 -- one webhook's failure must not end the delivery to all others
            _log.exception("delivery failed", webhook_id=webhook_id)
            self._pauses.begin(webhook_id, self._clock() + _AFTER_FAILURE)
