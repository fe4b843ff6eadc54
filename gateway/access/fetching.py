"""What clients publish of themselves, such as documents and keys, fetched by the one guarded way out.

What was there before serves on while its host can't be reached, until it is a day old, so that an outage elsewhere cuts
off nobody's programs.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from gateway.access.oauth_errors import ClientOutOfReach, UnknownClient
from gateway.kit.clock import Clock
from gateway.kit.published import MOST, Published
from gateway.kit.rates import Windows
from gateway.kit.urls import normal_url
from integrations.ports import Http, HttpBroken, HttpError, HttpRequest, HttpResponse, HttpTimedOut, HttpUnreachable

_PER_HOST_AND_MINUTE: Final = 60
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_TIMEOUT_SECONDS: Final = 3.0

Value = TypeVar("Value")


def published_by_clients(
    read: Callable[[str], Awaitable[tuple[Value, timedelta]]], *, what: str, clock: Clock
) -> Published[Value]:
    """Keep what clients publish and `read` makes of it; `what` begins every failure, which is an `OAuthError`.

    `read` raises `ClientOutOfReach` where it can't be told just now, any other `OAuthError` where there is nothing.
    """
    strange = Windows(limit=_PER_HOST_AND_MINUTE, clock=clock)

    def count(address: str) -> None:
        # Whoever makes up addresses of a host is in the way of nothing that is known to stand there.
        if strange.hit(_host(address, what=what)).is_exceeded:
            raise ClientOutOfReach(f"{what}: this host was asked too often; wait a minute")

    return Published(read, passing=ClientOutOfReach, serves_on=MOST, before_strange=count, clock=clock)


def _host(address: str, *, what: str) -> str:
    """Return the host, however it is spelled."""
    try:
        return normal_url(address).origin.host
    except ValueError as error:
        raise UnknownClient(f"{what}: {error}") from error


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
