"""How many calls of one token may be under way at once, so that one client's calls leave room for all others'."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.mcp import refusals

MAX_CALLS_AT_ONCE = 32


class Places:
    """The places of all tokens that have calls under way."""

    def __init__(self, *, max_calls_at_once: int = MAX_CALLS_AT_ONCE) -> None:
        self._max = max_calls_at_once
        self._taken: Counter[str] = Counter()

    def within_limit(self, serve: ASGIApp, token_id: str) -> ASGIApp:
        """Return `serve` in one of the token's places; without a free one the call is refused, before anything is done."""

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            if self._taken[token_id] >= self._max:
                await refusals.too_many_calls(self._max)(scope, receive, send)
                return
            self._take(token_id)
            try:
                await serve(scope, receive, send)
            finally:
                self._give_back(token_id)

        return limited

    @contextmanager
    def left(self, token_id: str) -> Generator[None]:
        """Leave the call's place to others while it waits for a person.

        It comes back to a place of its own even if others have filled all: it was let in, and may now be quick.
        """
        self._give_back(token_id)
        try:
            yield
        finally:
            self._take(token_id)

    def _take(self, token_id: str) -> None:
        self._taken[token_id] += 1

    def _give_back(self, token_id: str) -> None:
        self._taken[token_id] -= 1
        if not self._taken[token_id]:
            del self._taken[token_id]
