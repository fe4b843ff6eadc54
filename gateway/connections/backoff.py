"""How long a provider is left alone after a renewal that came to nothing: longer each time, never in step."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.connections.token_answers import AppRejected, TokenRefused, Transient, Unclear
from storage.records import Connection

_BASE_SECONDS: Final = 1.0
_CAP_SECONDS: Final = 300.0
_DOUBLINGS: Final = 9
_MANY: Final = 10_000
_FINAL_REFUSALS: Final = 3
_FINAL_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when a connection is not renewed, and why; it holds for one version of its credential."""

    version: int
    attempts: int
    until: datetime
    reason: str
    """A sentence without secrets."""
    blames_app: bool
    """Whether it is for the operator to mend."""
    refusals: int = 0
    """How often in a row the provider has refused by a code that we don't know."""
    refused_since: datetime | None = None

    def is_final(self, now: datetime) -> bool:
        """Tell whether such refusals have gone on for so long that they mean an end."""
        since = self.refused_since
        return since is not None and self.refusals >= _FINAL_REFUSALS and now - since >= _FINAL_AFTER


def _refusals(before: Pause | None, error: TokenRefused, now: datetime) -> tuple[int, datetime | None]:
    if not isinstance(error, Unclear):
        return 0, None
    if before is None or before.refused_since is None:
        return 1, now
    return before.refusals + 1, before.refused_since


def _full_jitter(most: float) -> float:
    return random.uniform(0, most)  # noqa: S311 - spreads load, guards nothing


class Backoff:
    """The pauses of all connections. They are not stored: after a restart each may be tried once at once."""

    def __init__(self, jitter: Callable[[float], float] = _full_jitter) -> None:
        self._jitter = jitter
        self._pauses: dict[str, Pause] = {}

    def current(self, connection: Connection, now: datetime) -> Pause | None:
        """Return the pause that this connection is in."""
        pause = self._pauses.get(connection.id)
        return pause if pause is not None and pause.version == connection.version and now < pause.until else None

    def begin(self, connection: Connection, error: TokenRefused, now: datetime) -> Pause:
        """Begin the next pause: full jitter up to 1, 2, 4 … 300 seconds, and no less than the provider asked for."""
        before = self._pauses.get(connection.id)
        attempts = before.attempts + 1 if before is not None and before.version == connection.version else 1
        most = min(_CAP_SECONDS, _BASE_SECONDS * 2 ** min(attempts - 1, _DOUBLINGS))
        asked_for = error.wait if isinstance(error, Transient) and error.wait is not None else 0.0
        seconds = max(self._jitter(most), min(asked_for, _CAP_SECONDS))
        until = now + timedelta(seconds=seconds)
        refusals, since = _refusals(before if attempts > 1 else None, error, now)
        pause = Pause(
            connection.version,
            attempts,
            until,
            error.message,
            blames_app=isinstance(error, AppRejected),
            refusals=refusals,
            refused_since=since,
        )
        self._forget_old(now)
        self._pauses[connection.id] = pause
        return pause

    def end(self, connection: Connection) -> None:
        """Forget this connection's trouble."""
        self._pauses.pop(connection.id, None)

    def _forget_old(self, now: datetime) -> None:
        """Drop the pauses that have ended, once there are many: connections may have been removed."""
        if len(self._pauses) >= _MANY:
            self._pauses = {key: pause for key, pause in self._pauses.items() if now < pause.until}
