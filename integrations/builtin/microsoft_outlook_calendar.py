"""What the microsoft-outlook-calendar manifest can't say: which calendar, when an event is, and who comes to it."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.mail_writing import read_addresses
from integrations.builtin.microsoft_times import moment, read_time
from integrations.failures import InvalidInput
from integrations.notation import MISSING, find
from integrations.ports import Json

FIELDS: Final = (
    "id,subject,bodyPreview,start,end,isAllDay,isCancelled,type,seriesMasterId,location,organizer,attendees,"
    "responseStatus,showAs,onlineMeeting,webLink"
)
"""What is asked for of an event; all of it is far more."""

_BRIEF: Final = {
    "id": "/id",
    "title": "/subject",
    "start": "/start/dateTime",
    "end": "/end/dateTime",
    "timezone": "/start/timeZone",
    "all_day": "/isAllDay",
    "location": "/location/displayName",
    "organizer": "/organizer/emailAddress/address",
    "own_answer": "/responseStatus/response",
    "shows_as": "/showAs",
    "cancelled": "/isCancelled",
    "type": "/type",
    "series_id": "/seriesMasterId",
    "preview": "/bodyPreview",
    "meeting_address": "/onlineMeeting/joinUrl",
    "address": "/webLink",
}
_GUEST: Final = {"name": "/emailAddress/name", "address": "/emailAddress/address", "answer": "/status/response"}
_TOP: Final = 25
_USUAL_LENGTH: Final = timedelta(minutes=30)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


async def list_events(call: ActionCall) -> Json:
    """Events of a calendar; a series is one of them."""
    asked = {"$filter": call.arguments["filter"]} if call.arguments.get("filter") else {}
    return await _events(call, f"{_calendar(call)}/events", asked)


async def list_calendar_view(call: ActionCall) -> Json:
    """What takes place in a span of time, each time of a series by itself."""
    return await _events(call, f"{_calendar(call)}/calendarView", _span(call) | {"$orderby": "start/dateTime"})


async def list_event_instances(call: ActionCall) -> Json:
    """The single times of a series."""
    return await _events(call, f"{_event(call)}/instances", _span(call))


async def get_event(call: ActionCall) -> Json:
    """One event with its whole text."""
    headers = _zone(call.arguments, 'outlook.body-content-type="text"')
    answer = await call.api.send(
        "GET", _event(call), call.arguments, query={"$select": f"{FIELDS},body"}, headers=headers
    )
    return _brief(answer.json) | _found(answer.json, {"body": "/body/content"})


async def create_event(call: ActionCall) -> Json:
    """Put an event into a calendar."""
    given = dict(call.arguments)
    given.setdefault("end", _usual_end(given["start"]))
    return _brief(await call.api.post(f"{_calendar(call)}/events", given, json=_written(given)))


async def update_event(call: ActionCall) -> Json:
    """Change what is given of an event."""
    answer = await call.api.send("PATCH", _event(call), call.arguments, json=_written(call.arguments))
    return _brief(answer.json)


async def delete_event(call: ActionCall) -> Json:
    """Remove an event."""
    await call.api.send("DELETE", _event(call), call.arguments)
    return {"deleted": True}


async def forward_event(call: ActionCall) -> Json:
    """Send an invitation on."""
    to = [{"emailAddress": each} for each in _people(call.arguments["to"], "/to")]
    comment = {"comment": call.arguments["comment"]} if call.arguments.get("comment") else {}
    await call.api.post("me/events/{eventId}/forward", call.arguments, json={"toRecipients": to} | comment)
    return {"sent": True}


async def find_meeting_times(call: ActionCall) -> Json:
    """When everybody is free."""
    given = call.arguments
    slot = {name: moment(given[name], given["timezone"], pointer=f"/{name}") for name in ("start", "end")}
    wanted: Json = {
        "attendees": _attendees(given["attendees"]),
        "timeConstraint": {"activityDomain": given["hours"], "timeSlots": [slot]},
        "meetingDuration": f"PT{int(given['minutes'])}M",
        "maxCandidates": given["top"],
    }
    found = (await call.api.send("POST", "me/findMeetingTimes", json=wanted, headers=_zone(given))).json
    times = [
        {
            "start": each["meetingTimeSlot"]["start"]["dateTime"],
            "end": each["meetingTimeSlot"]["end"]["dateTime"],
            "confidence": each.get("confidence"),
        }
        for each in found.get("meetingTimeSuggestions", [])
    ]
    return {"times": times, "timezone": given["timezone"], "why_none": found.get("emptySuggestionsReason") or None}


async def _events(call: ActionCall, path: str, asked: Mapping[str, Json]) -> Json:
    skipped = call.arguments.get("skip", 0)
    query = {**asked, "$select": FIELDS, "$top": call.arguments.get("top", _TOP)}
    query |= {"$skip": skipped} if skipped else {}
    found = (await call.api.send("GET", path, call.arguments, query=query, headers=_zone(call.arguments))).json
    events = [_brief(event) for event in found.get("value", [])]
    return {"events": events} | ({"next_skip": skipped + len(events)} if found.get("@odata.nextLink") else {})


def _calendar(call: ActionCall) -> str:
    return "me/calendars/{calendarId}" if "calendarId" in call.arguments else "me/calendar"


def _event(call: ActionCall) -> str:
    return ("me/calendars/{calendarId}" if "calendarId" in call.arguments else "me") + "/events/{eventId}"


def _span(call: ActionCall) -> dict[str, Json]:
    return {"startDateTime": call.arguments["start"], "endDateTime": call.arguments["end"]}


def _zone(given: Mapping[str, Json], *more: str) -> dict[str, str]:
    return {"Prefer": ", ".join([f'outlook.timezone="{given["timezone"]}"', *more])}


def _written(given: Mapping[str, Json]) -> dict[str, Json]:
    """What is given of an event, as Microsoft names it."""
    event: dict[str, Json] = {
        name: moment(given[name], given["timezone"], pointer=f"/{name}") for name in ("start", "end") if name in given
    }
    if event:
        event["isAllDay"] = _is_all_day(given)
    if "title" in given:
        event["subject"] = given["title"]
    if "location" in given:
        event["location"] = {"displayName": given["location"]}
    if "body" in given:
        event["body"] = {"contentType": given.get("contentType", "Text").lower(), "content": given["body"]}
    if "attendees" in given:
        event["attendees"] = _attendees(given["attendees"])
    if given.get("onlineMeeting"):
        event |= {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
    return event | {name: given[name] for name in ("showAs",) if name in given}


def _is_all_day(given: Mapping[str, Json]) -> bool:
    kinds = {_DATE.fullmatch(given[name]) is not None for name in ("start", "end") if name in given}
    if len(kinds) > 1:
        raise InvalidInput("Start and end are both dates, for whole days, or both times.", path="/end")
    return kinds.pop()


def _usual_end(start: str) -> str:
    """Half an hour after `start`, or the day after it."""
    read = read_time(start, pointer="/start")
    if _DATE.fullmatch(start):
        return (read + timedelta(days=1)).date().isoformat()
    return (read + _USUAL_LENGTH).isoformat()


def _attendees(line: str) -> list[Json]:
    return [{"emailAddress": each, "type": "required"} for each in _people(line, "/attendees")] if line.strip() else []


def _people(line: str, pointer: str) -> list[dict[str, str]]:
    return [{"address": at} | ({"name": name} if name else {}) for name, at in read_addresses(line, pointer=pointer)]


def _brief(event: Mapping[str, Json]) -> dict[str, Json]:
    return _found(event, _BRIEF) | {"attendees": [_found(each, _GUEST) for each in event.get("attendees", [])]}


def _found(document: Mapping[str, Json], wanted: Mapping[str, str]) -> dict[str, Json]:
    """What these pointers lead to, without what is empty."""
    values = {name: find(document, pointer) for name, pointer in wanted.items()}
    return {name: value for name, value in values.items() if value not in (MISSING, None, "")}
