"""Claims about short work at remote servers that nobody waits for."""

import asyncio

from gateway.upstreams.errands import Errands


async def test_what_does_not_end_holds_up_no_shutdown() -> None:
    errands, has_ended = Errands(), asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    async with asyncio.timeout(3), errands.running():
        errands.run(endless())
        await asyncio.sleep(0)

    assert has_ended.is_set()
