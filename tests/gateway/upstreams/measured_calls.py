"""Call a tool of each server and print by how many megabytes this process has grown at most: JSON, by address."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from integrations.failures import ActionFailed
from tests.parts.memory import peak_megabytes
from tests.parts.talking import BOTH, Servers, Talk, servers


class Forgetful(Talk):
    """A caller who keeps nothing of what they hear."""

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Take it in and forget it."""


async def measured(calm: str, addresses: list[str]) -> dict[str, float]:
    """Return the growth, after a first call of a server that behaves has loaded everything."""
    grown: dict[str, float] = {}
    async with servers(30) as remote:
        for version in BOTH:
            await remote.call(calm, "act", talk=Talk(version))
        before = peak_megabytes()
        for address in addresses:
            for version in BOTH:
                await asyncio.gather(*(_fails(remote, address, version) for _ in range(2)))
            grown[address] = peak_megabytes() - before
    return grown


async def _fails(remote: Servers, address: str, version: str) -> None:
    try:
        await remote.call(address, "act", talk=Forgetful(version, meta={"progressToken": 1}))
    except ActionFailed:
        return
    raise AssertionError(f"{address} was answered")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured(sys.argv[1], sys.argv[2:]))))
