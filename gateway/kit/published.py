"""What others publish under an address, such as keys and documents: asked for when needed, and kept for a while."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from gateway.kit.clock import Clock
from gateway.kit.single_flight import SingleFlight

LEAST: Final = timedelta(minutes=1)
USUAL: Final = timedelta(minutes=10)
MOST: Final = timedelta(hours=24)
_AGAIN_AFTER: Final = timedelta(seconds=30)
_MOST_KEPT: Final = 1_000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    since: datetime
    until: datetime


class Published(Generic[Value]):
    """Keeps what `read` makes of an address: the value, and for how long it holds.

    Failures are not kept. `read` raises `passing` where nothing can be told just now: what was there before is kept
    then, and serves on until it is as old as `serves_on`. Any other exception says that there is nothing any more.
    `before_strange` is called before an address is asked of which nothing is known, and may refuse it.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[tuple[Value, timedelta]]],
        *,
        passing: type[Exception],
        clock: Clock,
        serves_on: timedelta = timedelta(0),
        before_strange: Callable[[str], None] = lambda _address: None,
    ) -> None:
        self._read = read
        self._passing = passing
        self._clock = clock
        self._serves_on = serves_on
        self._before_strange = before_strange
        self._kept: OrderedDict[str, _Kept[Value]] = OrderedDict()
        self._flights: SingleFlight[str, Value] = SingleFlight()

    async def get(self, address: str) -> Value:
        """Return what stands at an address. Raises as `read` and `before_strange` do."""
        kept = self._kept.get(address)
        if kept is not None and kept.until > self._clock():
            self._kept.move_to_end(address)
            return kept.value
        return await self._flights.run(address, lambda: self._fetch(address))

    async def anew(self, address: str) -> Value:
        """Return what stands at an address by now; what is half a minute old is young enough. Raises as `get` does."""
        kept = self._kept.get(address)
        if kept is not None and self._clock() - kept.since < _AGAIN_AFTER:
            return kept.value
        return await self._flights.run(address, lambda: self._fetch(address))

    def has(self, address: str) -> bool:
        """Tell whether something was there before, or is being looked for: whoever asks does not make us ask around."""
        return address in self._kept or self._flights.is_under_way(address)

    async def _fetch(self, address: str) -> Value:
        known, now = self._kept.get(address), self._clock()
        if known is None:
            self._before_strange(address)
        try:
            value, lifetime = await self._read(address)
        except self._passing:
            if known is None or now - known.since >= self._serves_on:
                raise
            self._keep(address, _Kept(known.value, known.since, now + LEAST))
            return known.value
        except Exception:
            self._kept.pop(address, None)
            raise
        self._keep(address, _Kept(value, now, now + lifetime))
        return value

    def _keep(self, address: str, kept: _Kept[Value]) -> None:
        self._kept[address] = kept
        self._kept.move_to_end(address)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
