"""Names to addresses, checked: the addresses that come out of here are the ones that get connected to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.kit.addresses import literal_address
from gateway.kit.egress_policy import EgressPolicy

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host name, port) → addresses as text; raises OSError where the name leads nowhere."""

CONNECT_TIMEOUT_SECONDS = 5.0


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    infos = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [str(info[4][0]) for info in infos]


class CheckedResolver(AbstractResolver):
    """One look-up per new connection, judged as a whole: a mixed answer is refused, so that retrying can't win.

    There is no second look-up between the check and the connection, which is what DNS rebinding needs.
    """

    def __init__(self, policy: EgressPolicy, lookup: Resolve) -> None:
        self._policy = policy
        self._lookup = lookup
        proxy = None if policy.proxy is None else URL(policy.proxy)
        self._proxy = None if proxy is None else (proxy.raw_host, proxy.port)

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses of the name or literal address `host`, all of them allowed.

        Raises:
            HttpRefused: one of them is not.
            OSError: there are none; TimeoutError is one.
        """
        if literal_address(host) is not None:
            found: Sequence[str] = (host,)
        else:
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                found = await self._lookup(host, port)
        if not found:
            raise OSError("no address")
        # With a proxy every other host that is reached directly was allowed by name or address before.
        if (host, port) != self._proxy:
            self._policy.check_addresses(host, port, found)
        return found

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Answer aiohttp, which connects to these addresses and to nothing else."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self.addresses(host, port)
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Hold nothing, close nothing."""
