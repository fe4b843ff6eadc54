"""Calls that lack an account and wait for their person to connect it, where the MCP server allows for that.

The change feed wakes them; nothing is asked for again and again. A call that waits holds no database connection and
none of its token's places, and is tried again in full when it wakes: its token, its tool and its account may be others
by then.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import TypeAlias

from gateway.changes import ChangeFeed
from gateway.errors import ConnectionRequired, ToolgateError
from gateway.kit.cache import Topic
from gateway.mcp.places import Places
from gateway.principals import McpPrincipal
from gateway.tools.execution import Outcome

MAX_WAITING = 2_000
MAX_WAITING_OF_ONE_ORGANIZATION = 1_000
MAX_WAITING_OF_ONE_END_USER = 32
"""Those beyond are answered at once, as if nobody waited here."""
MAX_ATTEMPTS = 3
"""An account that is refused again and again needs its person, not another attempt."""
TELLING_SECONDS = 15.0
"""How often a client hears that its call still waits. Some prolong their own time limit by it."""

Attempt: TypeAlias = Callable[[], Awaitable[Outcome | ToolgateError]]
Lacks: TypeAlias = Callable[[ConnectionRequired], Awaitable[bool]]
Tell: TypeAlias = Callable[[ConnectionRequired, float], Awaitable[None]]
"""Tells the client what its call waits for, and for how many seconds it has."""


class WaitingCall:
    """One call that waits."""

    def __init__(self, principal: McpPrincipal, request: str | None) -> None:
        self.principal = principal
        self.request = request
        self.is_over = False
        self._topics = _deciding(principal)
        self._woken = asyncio.Event()

    def hear(self, topics: frozenset[Topic]) -> None:
        """Have it look again if one of the topics decides whether it can go on."""
        if not self._topics.isdisjoint(topics):
            self._woken.set()

    def end(self) -> None:
        """Have it wait no longer."""
        self.is_over = True
        self._woken.set()

    async def change(self, seconds: float) -> bool:
        """Wait for so long at most; tell whether something has changed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        was_woken = self._woken.is_set()
        self._woken.clear()
        return was_woken


class Waiting:
    """All calls of this process that wait for somebody to connect an account."""

    def __init__(self, *, changes: ChangeFeed, places: Places, telling_seconds: float = TELLING_SECONDS) -> None:
        self.places = places
        self._telling_seconds = telling_seconds
        self._calls: dict[str, set[WaitingCall]] = {}
        self._by_organization: Counter[str] = Counter()
        self._is_closed = False
        changes.subscribe(self._hear)

    async def outlast(
        self,
        refusal: ConnectionRequired,
        attempt: Attempt,
        *,
        lacks: Lacks,
        principal: McpPrincipal,
        request_id: object,
        seconds: float,
        tell: Tell,
    ) -> Outcome | ToolgateError:
        """Return what `attempt` comes to once the call no longer lacks what it was refused for, or its last refusal.

        `lacks` is asked whenever something has changed. What `attempt` raises goes through, and ends the waiting.
        """
        if refusal.setup_url is None or not self._has_room(principal):
            return refusal
        with self._entered(principal, request_id) as call:
            deadline = asyncio.get_running_loop().time() + seconds
            attempts = 0
            while True:
                # Before any waiting too, because the account may have come between the refusal and the entry here.
                if not await lacks(refusal):
                    outcome = await attempt()
                    attempts += 1
                    if not isinstance(outcome, ConnectionRequired) or outcome.setup_url is None:
                        return outcome
                    refusal = outcome
                with self.places.left(principal.token_id):
                    is_woken = await self._woken(call, refusal, deadline=deadline, seconds=seconds, tell=tell)
                if not is_woken or attempts == MAX_ATTEMPTS:
                    return refusal

    def cancel(self, principal: McpPrincipal, request_id: object) -> None:
        """End the waiting of a call that its client has given up (`notifications/cancelled`, before 2026-07-28)."""
        if request_id is None:
            return
        for call in self._calls.get(principal.end_user_id or "", ()):
            if call.principal.token_id == principal.token_id and call.request == _written(request_id):
                call.end()

    def close(self) -> None:
        """End all waiting, and begin none any more: for shutting down."""
        self._is_closed = True
        for calls in self._calls.values():
            for call in calls:
                call.end()

    async def _woken(
        self, call: WaitingCall, refusal: ConnectionRequired, *, deadline: float, seconds: float, tell: Tell
    ) -> bool:
        """Wait, and keep the client told; False when the time is up or nobody waits any more."""
        while not call.is_over and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await tell(refusal, seconds - left)
            if await call.change(min(left, self._telling_seconds)):
                return not call.is_over
        return False

    @contextmanager
    def _entered(self, principal: McpPrincipal, request_id: object) -> Generator[WaitingCall]:
        call, end_user = WaitingCall(principal, _written(request_id)), principal.end_user_id or ""
        calls = self._calls.setdefault(end_user, set())
        calls.add(call)
        self._by_organization[principal.organization_id] += 1
        try:
            yield call
        finally:
            calls.discard(call)
            self._by_organization[principal.organization_id] -= 1
            if not self._by_organization[principal.organization_id]:
                del self._by_organization[principal.organization_id]
            if not calls and self._calls.get(end_user) is calls:
                del self._calls[end_user]

    def _has_room(self, principal: McpPrincipal) -> bool:
        of_one = len(self._calls.get(principal.end_user_id or "", ()))
        of_its_own = self._by_organization[principal.organization_id]
        return (
            not self._is_closed
            and self._by_organization.total() < MAX_WAITING
            and of_its_own < MAX_WAITING_OF_ONE_ORGANIZATION
            and of_one < MAX_WAITING_OF_ONE_END_USER
        )

    def _hear(self, topics: Iterable[Topic]) -> None:
        heard = frozenset(topics)
        for calls in self._calls.values():
            for call in calls:
                call.hear(heard)


def _deciding(principal: McpPrincipal) -> frozenset[Topic]:
    """Return what lets a call go on, or ends it.

    What changes for a whole workspace is found at the next attempt: it would wake everybody who waits there.
    """
    end_user = principal.end_user_id or ""
    return frozenset(
        (
            ("end_user_connections", end_user),
            ("end_user", end_user),
            ("mcp_token", principal.token_id),
            ("mcp_server", principal.server_id),
        )
    )


def _written(request_id: object) -> str | None:
    """The id as JSON, in which 1 and "1" differ."""
    return None if request_id is None else json.dumps(request_id)
