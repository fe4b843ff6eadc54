"""How often the endpoints may be asked by whoever shows nothing valid (security R48)."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from gateway.kit.addresses import Network
from gateway.kit.client_address import client_key
from gateway.kit.clock import Clock
from gateway.kit.rates import Windows

_FAILURES_A_MINUTE: Final = 100
_REGISTRATIONS_A_MINUTE: Final = 100
"""Hosted clients register anew for each of their people, and all come from a few addresses."""
_DEVICES_A_MINUTE: Final = 30
_SERVICE_TOKENS_A_MINUTE: Final = 60
"""Each serves for an hour: room for many processes of a service that keep their own, and an end to its rows."""


class OAuthLimits:
    """Counts failures and registrations by client address."""

    def __init__(self, *, trusted_proxies: Sequence[Network], clock: Clock) -> None:
        self._trusted_proxies = trusted_proxies
        self._failures = Windows(limit=_FAILURES_A_MINUTE, clock=clock)
        self._devices = Windows(limit=_DEVICES_A_MINUTE, clock=clock)
        self._services = Windows(limit=_SERVICE_TOKENS_A_MINUTE, clock=clock)
        self._registrations = Windows(limit=_REGISTRATIONS_A_MINUTE, clock=clock)

    def must_wait(self, request: Request) -> int | None:
        """Return for how many seconds this address has to wait after too many failures; None if it need not."""
        window = self._failures.peek(self._address(request))
        return None if window.remaining else window.retry_after

    def count_failure(self, request: Request) -> None:
        """Count a request whose client was not what it said to be, or that makes us ask around for a stranger."""
        self._failures.hit(self._address(request))

    def must_wait_for_a_device(self, request: Request) -> int | None:
        """Count a device that asks for codes; return for how many seconds this address has to wait, None if not."""
        window = self._devices.hit(self._address(request))
        return window.retry_after if window.is_exceeded else None

    def must_wait_for_a_service(self, client_id: str) -> int | None:
        """Count a token for this service, wherever it runs; return how many seconds it has to wait, None if not."""
        window = self._services.hit(client_id)
        return window.retry_after if window.is_exceeded else None

    def must_wait_to_register(self, request: Request) -> int | None:
        """Count a registration; return for how many seconds this address has to wait, None if it need not."""
        window = self._registrations.hit(self._address(request))
        return window.retry_after if window.is_exceeded else None

    def _address(self, request: Request) -> str:
        return client_key(request.scope, self._trusted_proxies)
