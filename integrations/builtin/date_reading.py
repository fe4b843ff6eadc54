"""From what people and machines write to a moment in a time zone."""

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

from integrations.failures import InvalidInput

WRITTEN: Final = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%Y %B %d", "%Y %b %d")
CLOCKS: Final = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I %p")
WEEKDAY: Final = re.compile(r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\s", re.IGNORECASE)


def read_zone(name: str | None) -> tzinfo:
    """The time zone of an IANA name; UTC where there is none. Raises InvalidInput on an unknown name."""
    if name is None or name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder of zones, such as "America"
        raise InvalidInput(f"{name!r} is not an IANA time zone such as Europe/London", path="/timezone") from error


def read_date(text: str, zone: tzinfo, *, pointer: str = "/date") -> datetime:
    """The moment that `text` names, in `zone`.

    Takes ISO 8601, RFC 2822, Unix timestamps (seconds; milliseconds from 12 digits on) and the usual written forms. A
    date without an offset is one of `zone`. Raises InvalidInput on anything else, and on 03/04/2025, which is two dates.
    """
    compact = " ".join(text.split())
    try:
        for read in (_timestamp, _iso, _numeric, _written, _mail):
            found = read(compact, zone)
            if found is not None:
                return found.astimezone(zone)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput(f"{text[:60]!r} is not a date: {error}", path=pointer) from error
    raise InvalidInput(f"{text[:60]!r} is not a date that can be read; write it as 2025-03-04T10:00:00Z", path=pointer)


def _timestamp(text: str, _zone: tzinfo) -> datetime | None:
    # Four digits are a year and eight are 20250304, so timestamps begin at nine digits (1973).
    match = re.fullmatch(r"(-?\d{9,15})(?:\.\d{1,9})?", text)
    if match is None:
        return None
    seconds = float(text) / 1000 if len(match[1].lstrip("-")) >= 12 else float(text)
    return datetime.fromtimestamp(seconds, UTC)


def _iso(text: str, zone: tzinfo) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _numeric(text: str, zone: tzinfo) -> datetime | None:
    match = re.fullmatch(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?", text)
    if match is None:
        return None
    year, month, day = _year_month_day((match[1], match[3], match[4]), separator=match[2])
    hour, minute, second = (int(part or 0) for part in match.groups()[4:])
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _year_month_day(parts: tuple[str, str, str], *, separator: str) -> tuple[int, int, int]:
    first, second, third = (int(part) for part in parts)
    if len(parts[0]) == 4:
        return first, second, third
    if len(parts[2]) != 4:
        raise ValueError("the year needs four digits")
    if separator == "." or first > 12:
        return third, second, first
    if second > 12 or first == second:
        return third, first, second
    raise ValueError("it could be either of two days; write it as YYYY-MM-DD")


def _written(text: str, zone: tzinfo) -> datetime | None:
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", text.replace(",", " "))
    plain = " ".join(WEEKDAY.sub("", re.sub(r"\bat\b", " ", plain)).split())
    for day in WRITTEN:
        for clock in CLOCKS:
            try:
                return datetime.strptime(plain, day + clock).replace(tzinfo=zone)
            except ValueError:
                continue
    return None


def _mail(text: str, zone: tzinfo) -> datetime | None:
    try:
        read = parsedate_to_datetime(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=zone)
