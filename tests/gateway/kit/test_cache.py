import asyncio
from collections.abc import Callable

import anyio
import pytest

from gateway.kit.cache import ExactCache, Topic

SERVER: Topic = ("mcp_server", "1")
WORKSPACE: Topic = ("workspace", "1")


class Source:
    """Gives out a number that grows with every load; a load waits while `gate` is closed."""

    def __init__(self) -> None:
        self.loads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def load(self) -> int:
        self.loads += 1
        loaded = self.loads
        self.begun.set()
        await self.gate.wait()
        return loaded


def about(*topics: Topic) -> Callable[[int], tuple[Topic, ...]]:
    return lambda _: topics


@pytest.fixture
def cache() -> ExactCache[str, int]:
    return ExactCache(capacity=3)


@pytest.fixture
async def source() -> Source:
    return Source()


async def test_a_value_is_loaded_once_and_kept(cache: ExactCache[str, int], source: Source) -> None:
    assert cache.peek("a") is None
    assert [await cache.get("a", source.load, about(SERVER)) for _ in range(3)] == [1, 1, 1]
    assert cache.peek("a") == 1
    assert source.loads == 1


async def test_a_drop_forgets_what_was_made_of_the_topic_and_nothing_else(
    cache: ExactCache[str, int], source: Source
) -> None:
    await cache.get("both", source.load, about(SERVER, WORKSPACE))
    await cache.get("server", source.load, about(SERVER))
    await cache.get("workspace", source.load, about(WORKSPACE))

    cache.drop(SERVER)

    assert [cache.peek(key) for key in ("both", "server", "workspace")] == [None, None, 3]
    assert await cache.get("server", source.load, about(SERVER)) == 4


async def test_what_was_loaded_across_a_drop_is_handed_out_and_not_kept(
    cache: ExactCache[str, int], source: Source
) -> None:
    source.gate.clear()
    first = asyncio.create_task(cache.get("a", source.load, about(SERVER)))
    await source.begun.wait()
    second = asyncio.create_task(cache.get("a", source.load, about(SERVER)))
    await asyncio.sleep(0)
    cache.drop(SERVER)
    source.gate.set()

    assert await first == 1
    assert await second == 2, "who waited asks anew"
    assert cache.peek("a") == 2


async def test_a_drop_of_another_topic_meanwhile_changes_nothing(cache: ExactCache[str, int], source: Source) -> None:
    source.gate.clear()
    task = asyncio.create_task(cache.get("a", source.load, about(SERVER)))
    await source.begun.wait()
    cache.drop(WORKSPACE)
    source.gate.set()

    assert await task == 1
    assert cache.peek("a") == 1


async def test_clearing_reaches_loads_under_way(cache: ExactCache[str, int], source: Source) -> None:
    await cache.get("kept", source.load, about(SERVER))
    source.gate.clear()
    source.begun.clear()
    task = asyncio.create_task(cache.get("a", source.load, about()))
    await source.begun.wait()
    cache.clear()
    source.gate.set()
    await task

    assert len(cache) == 0
    assert cache._keys_by_topic == {}


async def test_parallel_callers_share_one_load(cache: ExactCache[str, int], source: Source) -> None:
    source.gate.clear()
    tasks = [asyncio.create_task(cache.get("a", source.load, about(SERVER))) for _ in range(50)]
    await source.begun.wait()
    source.gate.set()

    assert await asyncio.gather(*tasks) == [1] * 50
    assert source.loads == 1


async def test_different_keys_load_beside_each_other(cache: ExactCache[str, int], source: Source) -> None:
    source.gate.clear()
    tasks = [asyncio.create_task(cache.get(key, source.load, about(SERVER))) for key in "abc"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert source.loads == 3
    source.gate.set()
    await asyncio.gather(*tasks)


async def test_a_caller_who_leaves_does_not_take_the_others_along(cache: ExactCache[str, int], source: Source) -> None:
    source.gate.clear()
    tasks = [asyncio.create_task(cache.get("a", source.load, about(SERVER))) for _ in range(5)]
    await source.begun.wait()
    tasks[0].cancel()  # the one that loads
    tasks[3].cancel()  # one that waits
    await asyncio.wait(tasks[:1])
    source.gate.set()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(asyncio.CancelledError) == 2
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [2, 2, 2]
    assert cache._loading == {}
    assert cache._dropped_while_loading == []


async def test_a_failure_is_raised_and_not_kept(cache: ExactCache[str, int], source: Source) -> None:
    async def fail() -> int:
        raise ConnectionError("no database")

    with pytest.raises(ConnectionError):
        await cache.get("a", fail, about(SERVER))

    assert await cache.get("a", source.load, about(SERVER)) == 1
    assert cache._dropped_while_loading == []


async def test_the_least_recently_used_goes_first(cache: ExactCache[str, int], source: Source) -> None:
    for key in "abc":
        await cache.get(key, source.load, about(SERVER))
    cache.peek("a")
    await cache.get("b", source.load, about(SERVER))
    await cache.get("d", source.load, about(SERVER))

    assert [key for key in "abcd" if cache.peek(key) is not None] == ["a", "b", "d"]
    assert len(cache) == 3


async def test_nothing_is_left_behind_of_what_is_gone(source: Source) -> None:
    cache: ExactCache[int, int] = ExactCache(capacity=10)
    for number in range(1000):
        await cache.get(number, source.load, about(("mcp_server", str(number)), ("workspace", str(number % 7))))
        if number % 3 == 0:
            cache.drop(("workspace", str(number % 5)))

    assert len(cache) <= 10
    assert sum(map(len, cache._keys_by_topic.values())) == 2 * len(cache)
    for number in range(7):
        cache.drop(("workspace", str(number)))
    assert (len(cache), cache._keys_by_topic, cache._loading) == (0, {}, {})


async def test_a_reader_never_sees_what_was_current_before_a_change_it_knows_of(source: Source) -> None:
    """Writers raise a number and drop; readers who begin afterwards must see at least that number."""
    cache: ExactCache[str, int] = ExactCache(capacity=3)
    current = 0

    async def load() -> int:
        seen = current
        await asyncio.sleep(0)
        return seen

    async def write() -> None:
        nonlocal current
        for _ in range(200):
            current += 1
            cache.drop(SERVER)
            await asyncio.sleep(0)

    async def read() -> None:
        for _ in range(200):
            known = current
            assert await cache.get("a", load, about(SERVER)) >= known
            await asyncio.sleep(0)

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        for _ in range(5):
            group.start_soon(read)


async def test_a_topic_that_is_named_twice_is_dropped_like_any_other(
    cache: ExactCache[str, int], source: Source
) -> None:
    await cache.get("a", source.load, about(SERVER, SERVER))
    cache.drop(SERVER)
    assert cache.peek("a") is None
    assert await cache.get("a", source.load, about(SERVER)) == 2
