"""Windows of one minute."""

from datetime import UTC, datetime, timedelta

from gateway.kit.rates import Windows

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def test_each_caller_is_counted_alone_until_the_minute_ends() -> None:
    now = [NOON + timedelta(seconds=20)]
    windows = Windows(limit=2, clock=lambda: now[0])
    assert [windows.hit("a").is_exceeded for _ in range(3)] == [False, False, True]
    assert windows.hit("b").remaining == 1
    refused = windows.peek("a")
    assert (refused.remaining, refused.retry_after) == (0, 40)
    assert refused.resets_at == int((NOON + timedelta(minutes=1)).timestamp())
    now[0] += timedelta(seconds=40)
    assert windows.hit("a").remaining == 1


def test_a_look_counts_nothing() -> None:
    windows = Windows(limit=1, clock=lambda: NOON)
    assert [windows.peek("a").remaining for _ in range(3)] == [1, 1, 1]


def test_coming_back_takes_a_second_at_least() -> None:
    windows = Windows(limit=1, clock=lambda: NOON + timedelta(seconds=59, milliseconds=900))
    assert windows.hit("a").retry_after == 1


def test_a_window_may_be_longer_than_a_minute() -> None:
    now = [NOON]
    windows = Windows(limit=1, clock=lambda: now[0], seconds=900)
    windows.hit("a")
    now[0] += timedelta(minutes=14)
    assert windows.hit("a").is_exceeded
    now[0] += timedelta(minutes=1)
    assert not windows.hit("a").is_exceeded


def test_what_is_forgiven_was_never_counted_and_no_count_falls_below_none() -> None:
    windows = Windows(limit=1, clock=lambda: NOON)
    windows.hit("a")
    windows.forgive("a")
    windows.forgive("a")
    assert windows.peek("a").used == 0
