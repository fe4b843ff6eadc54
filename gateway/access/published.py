"""What clients publish of themselves, such as documents and keys: fetched when needed, and kept for a while.

Failures are not kept. What was there before serves on while its host can't be reached, until it is a day old, so that
an outage elsewhere cuts off nobody's programs.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from gateway.access.oauth_errors import ClientOutOfReach, OAuthError, UnknownClient
from gateway.kit.clock import Clock
from gateway.kit.rates import Windows
from gateway.kit.single_flight import SingleFlight
from gateway.kit.urls import normal_url
from integrations.ports import Http, HttpBroken, HttpError, HttpRequest, HttpResponse, HttpTimedOut, HttpUnreachable

LEAST: Final = timedelta(minutes=1)
USUAL: Final = timedelta(minutes=10)
MOST: Final = timedelta(hours=24)
_AGAIN_AFTER: Final = timedelta(seconds=30)
_KEPT: Final = 1_000
_PER_HOST_AND_MINUTE: Final = 60
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_TIMEOUT_SECONDS: Final = 3.0

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    since: datetime
    until: datetime


class Published(Generic[Value]):
    """Keeps what `read` makes of an address: the value, and for how long it holds. `what` begins every failure.

    `read` raises `ClientOutOfReach` where that can't be told just now, any other `OAuthError` where there is nothing.
    """

    def __init__(self, read: Callable[[str], Awaitable[tuple[Value, timedelta]]], *, what: str, clock: Clock) -> None:
        self._read = read
        self._what = what
        self._clock = clock
        self._kept: OrderedDict[str, _Kept[Value]] = OrderedDict()
        self._flights: SingleFlight[str, Value] = SingleFlight()
        self._strange = Windows(limit=_PER_HOST_AND_MINUTE, clock=clock)

    async def get(self, address: str) -> Value:
        """Return what stands at an address. Raises `OAuthError`."""
        kept = self._kept.get(address)
        if kept is not None and kept.until > self._clock():
            self._kept.move_to_end(address)
            return kept.value
        return await self._flights.run(address, lambda: self._fetch(address))

    async def anew(self, address: str) -> Value:
        """Return what stands at an address by now; what is half a minute old is young enough. Raises `OAuthError`."""
        kept = self._kept.get(address)
        if kept is not None and self._clock() - kept.since < _AGAIN_AFTER:
            return kept.value
        return await self._flights.run(address, lambda: self._fetch(address))

    def has(self, address: str) -> bool:
        """Tell whether something was there before, or is being looked for: whoever asks does not make us ask around."""
        return address in self._kept or self._flights.is_under_way(address)

    async def _fetch(self, address: str) -> Value:
        known, now = self._kept.get(address), self._clock()
        # Whoever makes up addresses of a host is in the way of nothing that is known to stand there.
        if known is None and self._strange.hit(self._host(address)).is_exceeded:
            raise ClientOutOfReach(f"{self._what}: this host was asked too often; wait a minute")
        try:
            value, lifetime = await self._read(address)
        except ClientOutOfReach:
            if known is None or now - known.since >= MOST:
                raise
            self._keep(address, _Kept(known.value, known.since, now + LEAST))
            return known.value
        except OAuthError:
            self._kept.pop(address, None)
            raise
        self._keep(address, _Kept(value, now, now + lifetime))
        return value

    def _keep(self, address: str, kept: _Kept[Value]) -> None:
        self._kept[address] = kept
        self._kept.move_to_end(address)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _host(self, address: str) -> str:
        """Return the host, however it is spelled."""
        try:
            return normal_url(address).origin.host
        except ValueError as error:
            raise UnknownClient(f"{self._what}: {error}") from error


async def fetch(http: Http, address: str, *, what: str, most_bytes: int) -> HttpResponse:
    """Ask for JSON by the one guarded way out; the answer may have any status that is not the host's own trouble.

    Raises `ClientOutOfReach`, `UnknownClient`.
    """
    request = HttpRequest(
        "GET",
        address,
        headers={"Accept": "application/json"},
        timeout_seconds=_TIMEOUT_SECONDS,
        max_response_bytes=most_bytes,
    )
    try:
        response = await http.send(request)
    except (HttpUnreachable, HttpTimedOut, HttpBroken) as error:
        raise ClientOutOfReach(f"{what}: it can't be fetched: {error.message}") from error
    except HttpError as error:
        raise UnknownClient(f"{what}: it can't be fetched: {error.message}") from error
    if response.status == _TOO_MANY_REQUESTS or response.status >= _SERVER_ERROR:
        raise ClientOutOfReach(f"{what}: its address answers {response.status}")
    return response
