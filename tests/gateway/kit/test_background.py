import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.kit.background import Background
from storage.failures import DatabaseAway

FOREVER = 3600.0


class Rounds:
    """Work that counts its rounds and tells each one."""

    def __init__(self, *seconds: float, failing: Exception | None = None) -> None:
        self.count = 0
        self.has_begun = asyncio.Semaphore(0)
        self._seconds = list(seconds)
        self._failing = failing

    def fails_with(self, failing: Exception | None) -> None:
        self._failing = failing

    async def __call__(self) -> float:
        self.count += 1
        self.has_begun.release()
        if self._failing is not None:
            failure, self._failing = self._failing, None
            raise failure
        return self._seconds.pop(0) if self._seconds else FOREVER


async def test_a_round_begins_at_once_and_the_next_when_it_is_due() -> None:
    work = Rounds(0.0, 0.01)
    async with Background("work", work).running(), asyncio.timeout(5):
        for _ in range(3):
            await work.has_begun.acquire()
    assert work.count == 3


async def test_whoever_wakes_it_during_a_round_gets_another_one() -> None:
    begun, released, rounds = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(0)

    async def work() -> float:
        begun.set()
        await released.wait()
        rounds.release()
        return FOREVER

    background = Background("work", work)
    async with background.running(), asyncio.timeout(5):
        await begun.wait()
        background.wake()
        released.set()
        await rounds.acquire()
        await rounds.acquire()


async def test_a_failed_round_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.kit.background._AFTER_FAILURE_SECONDS", 0.0)
    work = Rounds(failing=RuntimeError("not this time"))
    async with Background("work", work).running(), asyncio.timeout(5):
        await work.has_begun.acquire()
        await work.has_begun.acquire()


async def test_the_round_under_way_is_cancelled_at_the_end() -> None:
    begun = asyncio.Event()

    async def work() -> float:
        begun.set()
        await asyncio.Event().wait()
        return FOREVER

    async with asyncio.timeout(5):
        async with Background("work", work).running():
            await begun.wait()


async def test_that_the_database_is_away_is_a_line_and_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.kit.background._AFTER_FAILURE_SECONDS", 0.0)
    work = Rounds(failing=DatabaseAway("the database ended the connection"))
    with capture_logs() as logs:
        async with Background("work", work).running(), asyncio.timeout(5):
            await work.has_begun.acquire()
            await work.has_begun.acquire()
    assert logs == [
        {
            "event": "background work failed",
            "log_level": "error",
            "work": "work",
            "reason": "the database ended the connection",
        }
    ]


async def test_work_that_ends_with_a_round_is_done_once_more_and_what_fails_then_is_only_logged() -> None:
    for failing in (None, DatabaseAway("gone")):
        work = Rounds()
        with capture_logs() as logs:
            async with Background("work", work, ends_with_a_round=True).running():
                await work.has_begun.acquire()
                work.fails_with(failing)
        assert (work.count, len(logs)) == (2, 0 if failing is None else 1)
