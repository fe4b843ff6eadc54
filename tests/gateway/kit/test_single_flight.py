import asyncio

import pytest

from gateway.kit.single_flight import SingleFlight


class Work:
    """Work that ends when told."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.is_done = False

    async def run(self) -> int:
        self.begun += 1
        await self.may_end.wait()
        self.is_done = True
        return self.begun

    async def fail(self) -> int:
        self.begun += 1
        await self.may_end.wait()
        raise ValueError("no luck")


async def test_whoever_asks_meanwhile_joins_and_whoever_asks_later_begins_anew() -> None:
    flights, work = SingleFlight[str, int](), Work()
    callers = [asyncio.create_task(flights.run("a", work.run)) for _ in range(5)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*callers) == [1] * 5
    assert await flights.run("a", work.run) == 2


async def test_other_keys_are_other_work() -> None:
    flights, work = SingleFlight[str, int](), Work()
    work.may_end.set()
    assert await asyncio.gather(flights.run("a", work.run), flights.run("b", work.run)) == [1, 2]


async def test_a_failure_is_told_to_everybody_and_not_kept() -> None:
    flights, work = SingleFlight[str, int](), Work()
    callers = [asyncio.create_task(flights.run("a", work.fail)) for _ in range(3)]
    await asyncio.sleep(0)
    work.may_end.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no luck"] * 3
    assert await flights.run("a", work.run) == 2


@pytest.mark.parametrize("fails", [False, True])
async def test_work_goes_on_when_everybody_has_left_and_the_end_waits_for_it(fails: bool) -> None:
    flights, work = SingleFlight[str, int](), Work()
    async with flights.finishing():
        caller = asyncio.create_task(flights.run("a", work.fail if fails else work.run))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait((caller,))
        asyncio.get_running_loop().call_soon(work.may_end.set)
    assert work.may_end.is_set()
    assert work.is_done is not fails
