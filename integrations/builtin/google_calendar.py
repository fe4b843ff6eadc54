"""What the google-calendar manifest can't say: when an event is, who comes to it, and what they answer."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from integrations.action import ActionCall
from integrations.builtin.mail_writing import read_addresses
from integrations.failures import InvalidInput
from integrations.ports import Json

EVENT: Final = "calendars/{calendarId}/events/{eventId}"
FIELDS: Final = (
    "id,status,summary,description,location,start,end,"
    "attendees(email,displayName,responseStatus,optional,self),organizer(email,displayName),"
    "recurrence,recurringEventId,eventType,transparency,visibility,htmlLink,hangoutLink,updated"
)
"""What is handed on of an event; the manifest's requests name the same."""

PLAIN: Final = ("summary", "description", "location", "recurrence", "visibility", "transparency", "colorId")
"""Inputs that are called what Google calls them."""


async def create_event(call: ActionCall) -> Json:
    """Put an event into a calendar."""
    event = _event(call.arguments) | _times(call.arguments)
    if call.arguments.get("addMeetLink"):
        event["conferenceData"] = {
            "createRequest": {"requestId": uuid4().hex, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        }
    query = _query(call) | ({"conferenceDataVersion": 1} if "conferenceData" in event else {})
    return await call.api.post("calendars/{calendarId}/events", _where(call), query=query, json=event)


async def update_event(call: ActionCall) -> Json:
    """Change what is given of an event."""
    # An event has a date or a time: whichever it had before has to go, or Google refuses the two together.
    times = {name: {"date": None, "dateTime": None} | time for name, time in _times(call.arguments).items()}
    return await _patch(call, _event(call.arguments) | times)


async def add_attendees(call: ActionCall) -> Json:
    """Invite more people; those who were invited before keep their answers."""
    invited = await _attendees(call)
    known = {str(attendee.get("email", "")).lower() for attendee in invited}
    more = [guest for guest in _guests(call.arguments["attendees"]) if guest["email"].lower() not in known]
    return await _patch(call, {"attendees": invited + more})


async def respond_to_event(call: ActionCall) -> Json:
    """Answer an invitation for the account's owner; what others answered stays."""
    own = next((attendee for attendee in await _attendees(call) if attendee.get("self")), None)
    if own is None:
        raise InvalidInput("The account is not among the guests of this event.", path="/eventId")
    answer = {"email": own["email"], "responseStatus": call.arguments["response"]}
    comment = {"comment": call.arguments["comment"]} if "comment" in call.arguments else {}
    return await _patch(call, {"attendeesOmitted": True, "attendees": [answer | comment]})


async def get_free_busy(call: ActionCall) -> Json:
    """When calendars are taken."""
    wanted = {name: call.arguments[name] for name in ("timeMin", "timeMax", "timeZone") if name in call.arguments}
    calendars = [{"id": calendar} for calendar in call.arguments["calendarIds"]]
    return await call.api.post("freeBusy", json=wanted | {"items": calendars})


async def _attendees(call: ActionCall) -> list[Json]:
    event = await call.api.get(EVENT, _where(call), query={"fields": "attendees"})
    return event.get("attendees", [])


async def _patch(call: ActionCall, changes: Json) -> Json:
    return (await call.api.send("PATCH", EVENT, _where(call), query=_query(call), json=changes)).json


def _where(call: ActionCall) -> dict[str, Json]:
    return {name: call.arguments[name] for name in ("calendarId", "eventId") if name in call.arguments}


def _query(call: ActionCall) -> dict[str, Json]:
    told = {"sendUpdates": call.arguments["sendUpdates"]} if "sendUpdates" in call.arguments else {}
    return told | {"fields": FIELDS}


def _event(arguments: Mapping[str, Json]) -> dict[str, Json]:
    """The event's members that `arguments` name, without its times."""
    event = {name: arguments[name] for name in PLAIN if name in arguments}
    if "attendees" in arguments:
        event["attendees"] = _guests(arguments["attendees"])
    if "reminderMinutes" in arguments:
        reminders = [{"method": "popup", "minutes": int(minutes)} for minutes in arguments["reminderMinutes"]]
        event["reminders"] = {"useDefault": False, "overrides": reminders}
    return event


def _guests(attendees: str) -> list[dict[str, str]]:
    """`Ada <ada@example.com>, bob@example.com` as Google's attendees."""
    found = read_addresses(attendees, pointer="/attendees") if attendees.strip() else []
    return [{"email": address} | ({"displayName": name} if name else {}) for name, address in found]


def _times(arguments: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """Start and end, as far as they are given: a plain date is a whole day, whose end is the day after the last."""
    named = {"start": "startDateTime", "end": "endDateTime"}
    return {sent: _moment(arguments[name], arguments) for sent, name in named.items() if name in arguments}


def _moment(written: str, arguments: Mapping[str, Json]) -> dict[str, Json]:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
        return {"date": written}
    zone = {"timeZone": arguments["timeZone"]} if "timeZone" in arguments else {}
    return {"dateTime": written, **zone}
