from datetime import UTC, datetime, timedelta

import pytest

from gateway.portal.moments import ago

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), "on 14 November 2026"),
        (timedelta(days=400), "on 17 October 2025"),
    ],
)
def test_what_was_lately_is_told_by_how_long_ago_it_was(passed: timedelta, said: str) -> None:
    assert ago(NOW - passed, now=NOW) == said
