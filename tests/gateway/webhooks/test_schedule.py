"""What follows an attempt."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.webhooks.schedule import HOLDING_ATTEMPTS, RETRY_DELAYS, Attempt, Step, Verdict, after, attempt_of
from integrations.ports import HttpResponse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def answered(status: int, **headers: str) -> Attempt:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return attempt_of(HttpResponse(status, given, b""), at=NOW)


def next_step(attempt: Attempt, attempts: int = 1, jitter: float = 0.0) -> Step:
    return after(attempt, attempts=attempts, jitter=lambda _most: jitter)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (299, Verdict.DELIVERED),
        (301, Verdict.RETRY),
        (308, Verdict.RETRY),
        (400, Verdict.RETRY),
        (401, Verdict.RETRY),
        (404, Verdict.RETRY),
        (410, Verdict.GONE),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
    ],
)
def test_only_2xx_takes_an_event_and_410_wants_no_more(status: int, verdict: Verdict) -> None:
    assert next_step(answered(status)).verdict is verdict


def test_attempts_are_further_and_further_apart_for_almost_three_days_and_then_end() -> None:
    failed = Attempt(NOW, error="no connection")
    waits = [next_step(failed, attempts).next_at for attempts in range(1, len(RETRY_DELAYS) + 1)]
    assert [wait - NOW for wait in waits if wait is not None] == list(RETRY_DELAYS)
    assert sorted(RETRY_DELAYS) == list(RETRY_DELAYS)
    assert timedelta(days=2.5) < sum(RETRY_DELAYS, start=timedelta()) < timedelta(days=3)
    assert next_step(failed, len(RETRY_DELAYS) + 1) == Step(Verdict.FAILED)


def test_what_holds_others_up_does_so_for_a_quarter_of_an_hour_at_most() -> None:
    held = sum(RETRY_DELAYS[:HOLDING_ATTEMPTS], start=timedelta()) * 1.2
    assert timedelta(minutes=10) < held <= timedelta(minutes=16)


def test_attempts_are_spread_by_a_fifth() -> None:
    failed = Attempt(NOW, error="no connection")
    moments = {after(failed, attempts=1).next_at for _ in range(200)}
    assert len(moments) > 100
    assert all(timedelta(seconds=4) <= moment - NOW <= timedelta(seconds=6) for moment in moments if moment)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(seconds=5)),
        ("999999999999999999", timedelta(hours=1)),
        ("Sat, 21 Nov 2026 12:03:00 GMT", timedelta(minutes=3)),
        ("Sat, 21 Nov 2020 12:03:00 GMT", timedelta(seconds=5)),
        ("Sat, 21 Nov 2099 12:03:00 GMT", timedelta(hours=1)),
        ("Sat, 21 Nov 2026 12:03:00", timedelta(minutes=3)),
        ("soon", timedelta(seconds=5)),
        ("-7", timedelta(seconds=5)),
        ("\u0665", timedelta(seconds=5)),
        ("", timedelta(seconds=5)),
    ],
)
def test_a_receiver_may_ask_for_up_to_an_hour(asked: str, wait: timedelta) -> None:
    assert next_step(answered(503, retry_after=asked)).next_at == NOW + wait


def test_a_redirect_is_told_with_what_to_do() -> None:
    assert "register the address" in (answered(302, location="https://elsewhere.example/").error or "")
    assert "elsewhere" not in (answered(302, location="https://elsewhere.example/").error or "")
