"""How often connect pages may be asked for (security R48).

Who shows a valid token is counted by it; who shows none, by the address that it came from. So two people behind one
address are never in each other's way, and neither is a product that polls.
"""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from gateway.kit.addresses import Network
from gateway.kit.client_address import client_key
from gateway.kit.clock import Clock
from gateway.kit.rates import Windows
from gateway.kit.tokens import hash_token
from gateway.web.pages import Button
from gateway.web.stops import too_often

_PER_ADDRESS: Final = 60
_PER_TOKEN: Final = 120
_WRONG_SECRETS: Final = 5
_WRONG_SECRETS_SECONDS: Final = 15 * 60
_WRONG_CODES: Final = 30
"""An hour, from one address: more than an office mistypes, and a tenth of what could be tried at many mailboxes."""
_HOUR: Final = 60 * 60


class PageLimits:
    """Counts visits. Each method raises `PageStop` where there were too many."""

    def __init__(self, *, trusted_proxies: Sequence[Network], clock: Clock) -> None:
        self._trusted_proxies = trusted_proxies
        self._per_address = Windows(limit=_PER_ADDRESS, clock=clock)
        self._per_token = Windows(limit=_PER_TOKEN, clock=clock)
        self._wrong = Windows(limit=_WRONG_SECRETS, clock=clock, seconds=_WRONG_SECRETS_SECONDS)
        self._wrong_codes = Windows(limit=_WRONG_CODES, clock=clock, seconds=_HOUR)

    def client(self, request: Request) -> str:
        """Return what visits from the same place are counted by."""
        return client_key(request.scope, self._trusted_proxies)

    def count_stranger(self, request: Request, *, back: Button | None = None) -> None:
        """Count a visit that shows nothing valid; `back` leads to where one tries again later."""
        window = self._per_address.hit(self.client(request))
        if window.is_exceeded:
            raise too_often(window.retry_after, back=back)

    def count_token(self, token: str) -> None:
        """Count a visit with a token that opens something."""
        window = self._per_token.hit(hash_token(token))
        if window.is_exceeded:
            raise too_often(window.retry_after)

    def count_code(self, request: Request, *, back: Button) -> None:
        """Count a mailed code that is about to be tried, before many are tried at once; `back` leads to other ways."""
        window = self._wrong_codes.hit(self.client(request))
        if window.is_exceeded:
            raise too_often(window.retry_after, back=back)

    def forgive_code(self, request: Request) -> None:
        """Take back a code that was right."""
        self._wrong_codes.forgive(self.client(request))

    def count_secret(self, token: str) -> None:
        """Count a secret that is about to be tried at a provider, before many are tried at once."""
        window = self._wrong.hit(hash_token(token))
        if window.is_exceeded:
            raise too_often(window.retry_after)

    def forgive_secret(self, token: str) -> None:
        """Take back a secret that was not refused."""
        self._wrong.forgive(hash_token(token))
