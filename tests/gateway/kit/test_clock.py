from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.kit.clock import system_clock, to_wire


def test_the_clock_is_aware_and_in_utc() -> None:
    now = system_clock()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "2026-03-04T05:06:07.000Z"),
        (datetime(2026, 3, 4, 5, 6, 7, 999999, UTC), "2026-03-04T05:06:07.999Z"),
        (datetime(2026, 3, 4, 5, 6, 7, 1999, UTC), "2026-03-04T05:06:07.001Z"),
        (datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2025-12-31T23:30:00.000Z"),
    ],
)
def test_moments_are_written_in_utc_with_milliseconds(moment: datetime, text: str) -> None:
    assert to_wire(moment) == text
