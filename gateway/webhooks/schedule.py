"""What follows an attempt to deliver an event, decided from values alone."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Final

from integrations.ports import HttpResponse

RETRY_DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
)
"""How long after each failed attempt the next is made; after the last one the delivery has failed."""

LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
"""How long a receiver may ask to be left alone."""

HOLDING_ATTEMPTS: Final = 4
"""After how many failed attempts (a quarter of an hour) an event no longer holds up others about the same subject."""

_GONE: Final = 410
_JITTER: Final = 0.2


class Verdict(Enum):
    """What has become of a delivery."""

    DELIVERED = auto()
    RETRY = auto()
    FAILED = auto()
    GONE = auto()
    """Failed, and the receiver wants to hear nothing any more (410)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: an HTTP status where there was an answer, a sentence where it was not taken."""

    at: datetime
    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    """For how long the receiver asked to be left alone, within bounds."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do after an attempt; `next_at` goes with RETRY."""

    verdict: Verdict
    next_at: datetime | None = None


def attempt_of(response: HttpResponse, *, at: datetime) -> Attempt:
    """Read an answer: any 2xx takes the event; the rest, redirects included, does not."""
    status = response.status
    if 200 <= status < 300:
        return Attempt(at, status)
    if 300 <= status < 400:
        error = f"the receiver redirected ({status}), which is not followed: register the address that it redirects to"
    else:
        error = f"the receiver answered {status}"
    return Attempt(at, status, error, _retry_after(response.headers, at))


def after(attempt: Attempt, *, attempts: int, jitter: Callable[[float], float] | None = None) -> Step:
    """Say what follows the last of `attempts` attempts."""
    if attempt.error is None:
        return Step(Verdict.DELIVERED)
    if attempt.status == _GONE:
        return Step(Verdict.GONE)
    if attempts > len(RETRY_DELAYS):
        return Step(Verdict.FAILED)
    delay = RETRY_DELAYS[attempts - 1] * (1 + (jitter or _spread)(_JITTER))
    return Step(Verdict.RETRY, attempt.at + max(delay, attempt.retry_after or timedelta()))


def _spread(most: float) -> float:
    return random.uniform(-most, most)  # noqa: S311 - spreads load, guards nothing


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read `Retry-After`, seconds or a date (RFC 9110 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        asked = timedelta(seconds=min(int(value[:9]), LONGEST_RETRY_AFTER.total_seconds()))
    else:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        asked = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta()), LONGEST_RETRY_AFTER)
