"""Dates in time zones: the actions of `datetime`."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.date_reading import read_date, read_zone
from integrations.failures import InvalidInput
from integrations.ports import Json

WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
"""Counted as the inputs count them: 0 is Sunday."""


async def parse_date(call: ActionCall) -> Json:
    """The parts of a date, in the time zone asked for."""
    zone = read_zone(call.arguments.get("timezone"))
    return _parts(read_date(call.arguments["dateString"], zone, pointer="/dateString"))


async def format_date(call: ActionCall) -> Json:
    """A date in one of the formats of `FORMATS`."""
    at = read_date(call.arguments["date"], read_zone(call.arguments.get("timezone")))
    return {"formatted": FORMATS[call.arguments["format"]](at), "format": call.arguments["format"]}


async def date_math(call: ActionCall) -> Json:
    """A date moved by an amount of time."""
    at = read_date(call.arguments["date"], read_zone(call.arguments.get("timezone")))
    amount = call.arguments["amount"] if call.arguments["operation"] == "add" else -call.arguments["amount"]
    return _parts(moved(at, amount, call.arguments["unit"]))


async def is_business_hours(call: ActionCall) -> Json:
    """Whether a moment (now, if none is given) falls on a work day between two hours."""
    zone = read_zone(call.arguments.get("timezone"))
    at = read_date(call.arguments["date"], zone) if "date" in call.arguments else call.now.astimezone(zone)
    start, end = call.arguments["startHour"], call.arguments["endHour"]
    if start >= end:
        raise InvalidInput("endHour must be later than startHour", path="/endHour")
    hour = at.hour + at.minute / 60 + at.second / 3600
    is_work_day = weekday(at) in call.arguments["workDays"]
    return {"isBusinessHours": is_work_day and start <= hour < end, **_parts(at)}


def moved(at: datetime, amount: float, unit: str) -> datetime:
    """`at` plus `amount` units.

    Years to days are counted on the calendar of the zone: the wall clock stays, a day that the month hasn't becomes its
    last. Hours and below are counted in elapsed time. Raises InvalidInput on a fraction of a month or year, and past
    the years 1 to 9999.
    """
    unit = unit.removesuffix("s")
    try:
        if unit in MONTHS:
            if amount != int(amount):
                raise InvalidInput(f"amount must be a whole number of {unit}s", path="/amount")
            return _months_later(at, int(amount) * MONTHS[unit])
        if unit in DAYS and amount == int(amount):
            return at + timedelta(days=amount * DAYS[unit])
        elapsed = timedelta(days=amount * DAYS[unit]) if unit in DAYS else timedelta(**{f"{unit}s": amount})
        return (at.astimezone(UTC) + elapsed).astimezone(at.tzinfo)
    except (OverflowError, ValueError) as error:
        raise InvalidInput("the result lies outside the years 1 to 9999", path="/amount") from error


def weekday(at: datetime) -> int:
    """The day of the week, 0 for Sunday."""
    return at.isoweekday() % 7


MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
DAYS: Final = {"day": 1, "week": 7}

FORMATS: Final[Mapping[str, Callable[[datetime], Json]]] = {
    "iso": lambda at: at.isoformat(),
    "date": lambda at: at.date().isoformat(),
    "time": lambda at: at.strftime("%H:%M:%S"),
    "datetime": lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    "long": lambda at: f"{WEEKDAYS[weekday(at)]}, {at.day} {at:%B} {at.year}",
    "rfc2822": format_datetime,
    "unix": lambda at: int(at.timestamp()),
    "unix_ms": lambda at: int(at.timestamp() * 1000),
}


def _parts(at: datetime) -> dict[str, Json]:
    return {
        "iso": at.isoformat(),
        "utc": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "timestamp": int(at.timestamp()),
        "timezone": str(at.tzinfo),
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
        "weekday": weekday(at),
        "weekdayName": WEEKDAYS[weekday(at)],
    }


def _months_later(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
