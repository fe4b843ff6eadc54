"""Times as Microsoft Graph takes them: a local time and the name of its zone (dateTimeTimeZone)."""

from datetime import UTC, datetime

from integrations.failures import InvalidInput


def moment(written: str, timezone: str, *, pointer: str) -> dict[str, str]:
    """A time in `timezone`, unless it tells an offset: Graph takes none, so such a one is told in UTC.

    Raises:
        InvalidInput: `written` is no time; the path is `pointer`.
    """
    read = read_time(written, pointer=pointer)
    if read.tzinfo is None:
        return {"dateTime": read.isoformat(timespec="seconds"), "timeZone": timezone}
    in_utc = read.astimezone(UTC).replace(tzinfo=None)
    return {"dateTime": in_utc.isoformat(timespec="seconds"), "timeZone": "UTC"}


def read_time(written: str, *, pointer: str) -> datetime:
    """What an ISO 8601 time or date says. Raises InvalidInput."""
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(f"{written[:60]!r} is not a time such as 2026-12-01T10:00:00", path=pointer) from error
