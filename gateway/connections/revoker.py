"""Tells providers that grants have ended: soon after the deletion, again for days where that fails, then no more."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.changes import ChangeFeed
from gateway.connections.revocation_attempts import Attempt, RevocationAttempts
from gateway.connections.revocation_endpoint import NotRevoked, Unanswered
from gateway.connections.revocations import RevocationSafe
from gateway.kit.background import Background
from gateway.kit.clock import Clock
from storage.database import Database, Transaction
from storage.records import Revocation
from storage.repository import Topic

MOST_ATTEMPTS: Final = 24
"""Within three to four days."""
_FIRST_PAUSE_SECONDS: Final = 30.0
_LONGEST_PAUSE_SECONDS: Final = 6 * 3600.0
_LONGEST_SILENCE_SECONDS: Final = 900.0
"""For an integration as a whole, whose provider may be back at any time."""
_IDLE_SECONDS: Final = 3600.0
_AT_ONCE: Final = 100
_IN_PARALLEL: Final = 4
_log = structlog.stdlib.get_logger()


class Revoker:
    """Sends what is due, woken by every commit that queues something."""

    def __init__(
        self,
        database: Database,
        *,
        attempts: RevocationAttempts,
        safe: RevocationSafe,
        clock: Clock,
        changes: ChangeFeed,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._database = database
        self._attempts = attempts
        self._safe = safe
        self._clock = clock
        self._jitter = jitter
        self._turn = asyncio.Lock()
        self._paused: dict[str, tuple[int, datetime]] = {}
        self._background = Background("revocations", self.send_due)
        changes.subscribe(self._hear)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return a block during which what is queued is sent."""
        return self._background.running()

    async def send_due(self) -> float:
        """Send some of what is due; returns after how many seconds there may be more."""
        async with self._turn:
            now = self._clock()
            paused = {name: until for name, (_, until) in self._paused.items() if now < until}
            async with self._database.read() as tx:
                rows = await tx.revocations.due(now, except_of=paused, limit=_AT_ONCE)
                upcoming = await tx.revocations.next_attempt()
            if rows:
                await self._note(await self._try(rows))
                return 0.0
        moments = [*paused.values(), *([upcoming] if upcoming is not None and upcoming > now else [])]
        return min([_IDLE_SECONDS, *((moment - now).total_seconds() for moment in moments)])

    async def _try(self, rows: Sequence[Revocation]) -> list[Attempt]:
        """Try rows; those of a provider that does not answer are left, for they need not find out one by one."""
        lanes, silent = asyncio.Semaphore(_IN_PARALLEL), set[str]()

        async def attempt(of_one_account: Sequence[Revocation]) -> list[Attempt]:
            async with lanes:
                if of_one_account[0].integration_name in silent:
                    return []
                tried = await self._attempts.of_account(of_one_account)
            silent.update(each.row.integration_name for each in tried if isinstance(each.error, Unanswered))
            return tried

        async with asyncio.TaskGroup() as tasks:
            begun = [tasks.create_task(attempt(group)) for group in _by_account(rows)]
        return [each for task in begun for each in task.result()]

    async def _note(self, attempts: Sequence[Attempt]) -> None:
        """Commit what came of the attempts, and leave providers alone that did not answer."""
        async with self._database.write() as tx:
            for attempt in attempts:
                row = await tx.revocations.find(attempt.row.id)
                if row is None:
                    continue
                if attempt.error is None:
                    await tx.revocations.delete(row)
                else:
                    await self._keep(tx, row, attempt, attempt.error)
        self._pause_silent(attempts)

    async def _keep(self, tx: Transaction, row: Revocation, attempt: Attempt, error: NotRevoked) -> None:
        now, count = self._clock(), row.attempts + 1
        asked_for = error.wait if isinstance(error, Unanswered) and error.wait is not None else 0.0
        seconds = max(self._pause(count), min(asked_for, _LONGEST_PAUSE_SECONDS))
        is_last = count >= MOST_ATTEMPTS
        sealed = row.sealed
        if is_last:
            sealed = b""
            _log.error("grant not revoked, given up", integration=row.integration_name, revocation_id=row.id)
        elif attempt.renewed is not None:
            sealed = self._safe.seal(attempt.renewed, revocation_id=row.id, organization_id=row.organization_id)
        await tx.revocations.update(
            row,
            attempts=count,
            last_error=error.message,
            next_attempt_at=now + timedelta(seconds=seconds),
            given_up_at=now if is_last else None,
            sealed=sealed,
        )

    def _pause_silent(self, attempts: Sequence[Attempt]) -> None:
        silent = {each.row.integration_name: each.error.wait for each in attempts if isinstance(each.error, Unanswered)}
        for name in {each.row.integration_name for each in attempts} - silent.keys():
            self._paused.pop(name, None)
        for name, asked_for in silent.items():
            count = self._paused[name][0] + 1 if name in self._paused else 1
            seconds = min(max(self._pause(count), asked_for or 0.0), _LONGEST_SILENCE_SECONDS)
            self._paused[name] = (count, self._clock() + timedelta(seconds=seconds))

    def _pause(self, count: int) -> float:
        """Half a minute at first, twice as long each time, six hours at most; never in step with others."""
        most = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(count - 1, 12))
        return self._jitter(most / 2, most)

    def _hear(self, topics: Iterable[Topic]) -> None:
        if any(kind == "revocations" for kind, _ in topics):
            self._background.wake()


def _by_account(rows: Sequence[Revocation]) -> list[list[Revocation]]:
    """Put rows together that one account-wide revocation would end."""
    groups: dict[tuple[str | None, ...], list[Revocation]] = {}
    for row in rows:
        known = (row.integration_name, row.client_id, row.account_id)
        groups.setdefault((row.id,) if row.account_id is None else known, []).append(row)
    return list(groups.values())
