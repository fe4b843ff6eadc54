"""Counts requests per caller in windows of one minute, or another fixed length.

Own code, because the memory store of `limits` starts a thread for every request and reads the system's clock.
"""

from collections import Counter
from dataclasses import dataclass

from gateway.kit.clock import Clock

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Window:
    """How a caller stands in the present window."""

    limit: int
    used: int
    resets_at: int
    """Unix time at which counting starts anew."""
    retry_after: int
    """Whole seconds until then, at least one."""

    @property
    def remaining(self) -> int:
        """How many requests are left."""
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        """Tell whether the limit has been passed."""
        return self.used > self.limit


class Windows:
    """Fixed windows: everybody's count starts anew with each, so nothing old is kept."""

    def __init__(self, *, limit: int, clock: Clock, seconds: int = _MINUTE) -> None:
        self._limit = limit
        self._clock = clock
        self._seconds = seconds
        self._number = 0
        self._used: Counter[str] = Counter()

    def hit(self, caller: str) -> Window:
        """Count a request of `caller`."""
        return self._window(caller, 1)

    def forgive(self, caller: str) -> None:
        """Take back one request that was counted in this window."""
        if self.peek(caller).used:
            self._used[caller] -= 1

    def peek(self, caller: str) -> Window:
        """Tell how `caller` stands, counting nothing."""
        return self._window(caller, 0)

    def _window(self, caller: str, weight: int) -> Window:
        now = self._clock().timestamp()
        number = int(now // self._seconds)
        if number != self._number:
            self._number = number
            self._used.clear()
        if weight:
            self._used[caller] += weight
        resets_at = (number + 1) * self._seconds
        return Window(self._limit, self._used[caller], resets_at, max(1, round(resets_at - now)))
