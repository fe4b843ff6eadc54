import pytest

from integrations.failures import InvalidInput
from tests.integrations.builtin.calling import BuiltIn

DATES = BuiltIn("datetime")
NOON = "2025-03-04T12:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        (NOON, NOON),
        ("2025-03-04T12:00:00Z", NOON),
        ("2025-03-04T13:00:00+01:00", NOON),
        ("20250304T120000Z", NOON),
        ("2025-03-04", "2025-03-04T00:00:00+00:00"),
        ("1741089600", NOON),
        ("1741089600000", NOON),
        ("1741089600.5", "2025-03-04T12:00:00.500000+00:00"),
        ("Tue, 04 Mar 2025 12:00:00 GMT", NOON),
        ("Tue, 04 Mar 2025 13:00:00 +0100", NOON),
        ("2025/03/04 12:00", NOON),
        ("4.3.2025", "2025-03-04T00:00:00+00:00"),
        ("25/12/2025", "2025-12-25T00:00:00+00:00"),
        ("12/25/2025", "2025-12-25T00:00:00+00:00"),
        ("03/03/2025", "2025-03-03T00:00:00+00:00"),
        ("March 4, 2025", "2025-03-04T00:00:00+00:00"),
        ("4 March 2025 12:00", NOON),
        ("Mar 4th, 2025 at 12:00 PM", NOON),
        ("Tuesday, March 4, 2025 12:00:00", NOON),
        ("  4   Mar   2025  ", "2025-03-04T00:00:00+00:00"),
    ],
)
async def test_dates_are_read_as_people_and_machines_write_them(text: str, iso: str):
    assert (await DATES.run("parse_date", dateString=text))["iso"] == iso


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("03/04/2025", "either of two days"),
        ("2025-02-30", "day is out of range"),
        ("3/4/25", "four digits"),
        ("soon", "not a date that can be read"),
        ("12345", "not a date that can be read"),
        ("99999999999999999999", "not a date that can be read"),
        ("Mon, 99 Mar 2025 12:00:00 GMT", "not a date that can be read"),
        ("0001-01-01T00:00:00+14:00", "date value out of range"),
    ],
)
async def test_what_could_be_another_day_or_none_is_refused(text: str, said: str):
    with pytest.raises(InvalidInput, match=said) as caught:
        await DATES.run("parse_date", dateString=text)
    assert caught.value.path == "/dateString"


async def test_a_date_without_an_offset_is_one_of_the_time_zone():
    parts = await DATES.run("parse_date", dateString="2025-07-01 09:30", timezone="America/New_York")
    assert parts == {
        "iso": "2025-07-01T09:30:00-04:00",
        "utc": "2025-07-01T13:30:00Z",
        "timestamp": 1751376600,
        "timezone": "America/New_York",
        "year": 2025,
        "month": 7,
        "day": 1,
        "hour": 9,
        "minute": 30,
        "second": 0,
        "weekday": 2,
        "weekdayName": "Tuesday",
    }


@pytest.mark.parametrize("zone", ["Nowhere/City", "America", "../../etc/passwd", "/etc/localtime", "a\0b", "GMT+25"])
async def test_an_unknown_time_zone_is_refused(zone: str):
    with pytest.raises(InvalidInput, match="IANA") as caught:
        await DATES.run("parse_date", dateString=NOON, timezone=zone)
    assert caught.value.path == "/timezone"


@pytest.mark.parametrize(
    ("chosen", "formatted"),
    [
        ("iso", "2025-03-04T13:00:00+01:00"),
        ("date", "2025-03-04"),
        ("time", "13:00:00"),
        ("datetime", "2025-03-04 13:00:00"),
        ("long", "Tuesday, 4 March 2025"),
        ("rfc2822", "Tue, 04 Mar 2025 13:00:00 +0100"),
        ("unix", 1741089600),
        ("unix_ms", 1741089600000),
    ],
)
async def test_a_date_is_written_in_the_time_zone(chosen: str, formatted: str | int):
    answer = await DATES.run("format_date", date=NOON, format=chosen, timezone="Europe/Berlin")
    assert answer == {"formatted": formatted, "format": chosen}


@pytest.mark.parametrize(
    ("date", "amount", "unit", "iso"),
    [
        ("2025-01-31", 1, "months", "2025-02-28T00:00:00+01:00"),
        ("2024-02-29", 1, "year", "2025-02-28T00:00:00+01:00"),
        ("2025-03-31", -1, "month", "2025-02-28T00:00:00+01:00"),
        ("2025-11-30", 1, "quarters", "2026-02-28T00:00:00+01:00"),
        ("2025-03-29T12:00", 1, "days", "2025-03-30T12:00:00+02:00"),
        ("2025-03-29T12:00", 24, "hours", "2025-03-30T13:00:00+02:00"),
        ("2025-03-29T12:00", 1.5, "days", "2025-03-31T01:00:00+02:00"),
        ("2025-01-01", 2, "weeks", "2025-01-15T00:00:00+01:00"),
        ("2025-01-01", 90, "minutes", "2025-01-01T01:30:00+01:00"),
        ("2025-01-01", 1500, "milliseconds", "2025-01-01T00:00:01.500000+01:00"),
    ],
)
async def test_calendar_units_keep_the_clock_and_the_others_are_elapsed_time(
    date: str, amount: float, unit: str, iso: str
):
    operation = "subtract" if amount < 0 else "add"
    moved = await DATES.run(
        "date_math", date=date, operation=operation, amount=abs(amount), unit=unit, timezone="Europe/Berlin"
    )
    assert moved["iso"] == iso


@pytest.mark.parametrize(("amount", "unit"), [(1e9, "years"), (1e9, "days"), (8000, "years"), (1.5, "months")])
async def test_a_date_that_no_calendar_has_is_refused(amount: float, unit: str):
    with pytest.raises(InvalidInput) as caught:
        await DATES.run("date_math", date=NOON, operation="add", amount=amount, unit=unit)
    assert caught.value.path == "/amount"


@pytest.mark.parametrize(
    ("date", "more", "expected"),
    [
        ("2025-03-04T09:00", {}, True),
        ("2025-03-04T08:59:59", {}, False),
        ("2025-03-04T16:59:59", {}, True),
        ("2025-03-04T17:00", {}, False),
        ("2025-03-08T12:00", {}, False),
        ("2025-03-08T12:00", {"workDays": [6]}, True),
        ("2025-03-04T23:30", {"endHour": 24}, True),
        ("2025-03-04T12:00", {"workDays": []}, False),
        ("2025-03-04T20:00Z", {"timezone": "America/Los_Angeles"}, True),
    ],
)
async def test_business_hours_are_work_days_between_two_hours(date: str, more: dict[str, object], expected: bool):
    assert (await DATES.run("is_business_hours", date=date, **more))["isBusinessHours"] is expected


async def test_without_a_date_now_is_meant():
    found = await DATES.run("is_business_hours", timezone="Europe/Berlin", workDays=[6])
    assert (found["iso"], found["isBusinessHours"]) == ("2026-11-21T13:00:00+01:00", True)


async def test_business_hours_that_end_before_they_start_are_refused():
    with pytest.raises(InvalidInput) as caught:
        await DATES.run("is_business_hours", startHour=18, endHour=9)
    assert caught.value.path == "/endHour"
