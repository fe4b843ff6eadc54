"""Moments in words: how long ago where that is what people think in, else the day; no page knows a reader's hours."""

from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_MOST_DAYS = 7


def ago(moment: datetime, *, now: datetime) -> str:
    """Say when something was, for the end of a sentence: "3 hours ago", "on 3 November 2026"."""
    seconds = int((now - moment).total_seconds())
    if seconds >= _MOST_DAYS * _DAY:
        return f"on {day(moment)}"
    for unit, length in (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def day(moment: datetime) -> str:
    """Say on which day something was: "3 November 2026"."""
    return f"{moment.day} {moment:%B %Y}"
