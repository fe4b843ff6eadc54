"""How long a request to a remote server may take."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

_AT_MOST: Final = 10
"""How many times the usual time a request takes that tells of its progress all the while."""
_FOR_A_PERSON_SECONDS: Final = 600.0


class Patience:
    """The time of one request: it starts anew with progress, and stands while somebody is asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._timeout = asyncio.timeout(None)
        self._last = 0.0
        self._asking = 0
        self._asked_since = 0.0

    @asynccontextmanager
    async def limiting(self) -> AsyncGenerator[None]:
        """Return a block that ends by `TimeoutError` when the time is over, and by no other one's."""
        now = asyncio.get_running_loop().time()
        self._last = now + self.seconds * _AT_MOST
        self._timeout = asyncio.timeout_at(now + self.seconds)
        async with self._timeout:
            yield

    @property
    def is_over(self) -> bool:
        """Tell whether it was this time that ended the block."""
        return self._timeout.expired()

    def progressed(self) -> None:
        """Let the time start anew, within what a request takes at most."""
        if not self._asking:
            self._end_at(min(asyncio.get_running_loop().time() + self.seconds, self._last))

    @contextmanager
    def standing(self) -> Generator[None]:
        """Return a block during which the time stands, for as long as one may wait for a person."""
        now = asyncio.get_running_loop().time()
        if not self._asking:
            self._asked_since = now
            self._end_at(now + _FOR_A_PERSON_SECONDS)
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking:
                self._last += asyncio.get_running_loop().time() - self._asked_since
                self.progressed()

    def _end_at(self, when: float) -> None:
        if not self._timeout.expired():
            self._timeout.reschedule(when)
