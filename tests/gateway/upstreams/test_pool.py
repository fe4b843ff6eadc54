import asyncio

import pytest

from gateway.upstreams import pool as module
from gateway.upstreams.pool import Pool


class Kept:
    """Something with an end, which may take its time."""

    def __init__(self, ended: list["Kept"], *, hangs: bool = False) -> None:
        self._ended = ended
        self._hangs = hangs

    async def close(self) -> None:
        self._ended.append(self)
        if self._hangs:
            await asyncio.Event().wait()


async def test_one_is_made_for_each_key_and_kept() -> None:
    pool: Pool[Kept] = Pool(lambda: 0.0)
    async with pool.running(), pool.using("a", lambda: Kept([])) as first, pool.using("a", lambda: Kept([])) as again:
        assert first is again
        async with pool.using("b", lambda: Kept([])) as other:
            assert other is not first
    assert len(pool) == 0


async def test_the_oldest_idle_ones_make_room_and_those_in_use_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_MOST", 2)
    ended: list[Kept] = []
    pool: Pool[Kept] = Pool(lambda: 0.0)
    async with pool.using("in use", lambda: Kept(ended)):
        made: list[Kept] = []
        for key in ("oldest", "older", "new"):
            async with pool.using(key, lambda: Kept(ended)) as kept:
                made.append(kept)
        await pool._sweep()
        assert ended == made[:2]
        assert len(pool) == 2


async def test_what_is_idle_for_long_is_closed() -> None:
    now = [0.0]
    ended: list[Kept] = []
    pool: Pool[Kept] = Pool(lambda: now[0])
    async with pool.using("a", lambda: Kept(ended)):
        pass
    now[0] = 599.0
    await pool._sweep()
    assert len(pool) == 1
    now[0] = 601.0
    await pool._sweep()
    assert len(pool) == 0
    assert len(ended) == 1


async def test_one_that_does_not_end_holds_up_nobody_for_long() -> None:
    ended: list[Kept] = []
    pool: Pool[Kept] = Pool(lambda: 0.0)
    async with asyncio.timeout(3), pool.running():
        for hangs in (True, False):
            async with pool.using(str(hangs), lambda hangs=hangs: Kept(ended, hangs=hangs)):
                pass
    assert len(ended) == 2
