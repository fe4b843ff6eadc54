"""Google Calendar beside Google's own client."""

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Official

EVENT = (
    "id,status,summary,description,location,start,end,"
    "attendees(email,displayName,responseStatus,optional,self),organizer(email,displayName),"
    "recurrence,recurringEventId,eventType,transparency,visibility,htmlLink,hangoutLink,updated"
)
EVENTS = f"nextPageToken,timeZone,items({EVENT})"
CALENDAR = "id,summary,description,location,timeZone"
TEAM = "team@group.calendar.google.com"
HERE = {"calendarId": TEAM, "eventId": "e1"}
MONDAY, TUESDAY = "2026-12-07T10:00:00+01:00", "2026-12-08T10:00:00+01:00"
ADA = {"email": "ada@example.com", "responseStatus": "accepted", "optional": True}
SELF = {"email": "me@example.com", "responseStatus": "needsAction", "self": True}

OFFICIAL = Official(
    integration="google-calendar",
    package=PACKAGE,
    address=address_of("calendar", "v3"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_events": asks(
            {
                "calendarId": TEAM,
                "timeMin": MONDAY,
                "timeMax": TUESDAY,
                "query": "Lunch & more",
                "singleEvents": True,
                "orderBy": "startTime",
                "maxResults": 25.0,
                "pageToken": "p2",
            },
            lambda google: google.calendar.events().list(
                calendarId=TEAM,
                timeMin=MONDAY,
                timeMax=TUESDAY,
                q="Lunch & more",
                singleEvents=True,
                orderBy="startTime",
                maxResults=25,
                pageToken="p2",
                fields=EVENTS,
            ),
        ),
        "get_event": asks(HERE, lambda google: google.calendar.events().get(**HERE, fields=EVENT)),
        "list_event_instances": asks(
            HERE | {"timeMin": MONDAY, "timeMax": TUESDAY, "maxResults": 10, "pageToken": "p2"},
            lambda google: google.calendar.events().instances(
                **HERE, timeMin=MONDAY, timeMax=TUESDAY, maxResults=10, pageToken="p2", fields=EVENTS
            ),
        ),
        "create_event": asks(
            {
                "calendarId": "primary",
                "summary": "Lunch",
                "description": "At noon",
                "location": "Canteen",
                "startDateTime": "2026-12-07T12:00:00",
                "endDateTime": "2026-12-07T13:00:00",
                "timeZone": "Europe/Zurich",
                "attendees": "Ada Lovelace <ada@example.com>, bob@example.com",
                "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO"],
                "reminderMinutes": [10.0],
                "visibility": "private",
                "transparency": "opaque",
                "sendUpdates": "all",
            },
            lambda google: google.calendar.events().insert(
                calendarId="primary",
                sendUpdates="all",
                fields=EVENT,
                body={
                    "summary": "Lunch",
                    "description": "At noon",
                    "location": "Canteen",
                    "start": {"dateTime": "2026-12-07T12:00:00", "timeZone": "Europe/Zurich"},
                    "end": {"dateTime": "2026-12-07T13:00:00", "timeZone": "Europe/Zurich"},
                    "attendees": [
                        {"email": "ada@example.com", "displayName": "Ada Lovelace"},
                        {"email": "bob@example.com"},
                    ],
                    "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO"],
                    "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
                    "visibility": "private",
                    "transparency": "opaque",
                },
            ),
        ),
        "quick_add_event": asks(
            {"calendarId": "primary", "text": "Lunch with Ada tomorrow", "sendUpdates": "none"},
            lambda google: google.calendar.events().quickAdd(
                calendarId="primary", text="Lunch with Ada tomorrow", sendUpdates="none", fields=EVENT
            ),
        ),
        "update_event": asks(
            HERE
            | {
                "summary": "Trip",
                "startDateTime": "2026-12-07",
                "endDateTime": TUESDAY,
                "attendees": "",
                "sendUpdates": "externalOnly",
            },
            lambda google: google.calendar.events().patch(
                **HERE,
                sendUpdates="externalOnly",
                fields=EVENT,
                body={
                    "summary": "Trip",
                    "start": {"date": "2026-12-07", "dateTime": None},
                    "end": {"date": None, "dateTime": TUESDAY},
                    "attendees": [],
                },
            ),
        ),
        "add_attendees": asks(
            HERE | {"attendees": "Ada@Example.com, bob@example.com", "sendUpdates": "all"},
            lambda google: google.calendar.events().get(**HERE, fields="attendees"),
            lambda google: google.calendar.events().patch(
                **HERE, sendUpdates="all", fields=EVENT, body={"attendees": [ADA, {"email": "bob@example.com"}]}
            ),
            answers=({"attendees": [ADA]}, {"id": "e1"}),
        ),
        "respond_to_event": asks(
            HERE | {"response": "tentative", "comment": "If the train runs"},
            lambda google: google.calendar.events().get(**HERE, fields="attendees"),
            lambda google: google.calendar.events().patch(
                **HERE,
                fields=EVENT,
                body={
                    "attendeesOmitted": True,
                    "attendees": [
                        {
                            "email": "me@example.com",
                            "responseStatus": "tentative",
                            "comment": "If the train runs",
                        }
                    ],
                },
            ),
            answers=({"attendees": [ADA, SELF]}, {"id": "e1"}),
        ),
        "move_event": asks(
            HERE | {"destinationCalendarId": "primary", "sendUpdates": "none"},
            lambda google: google.calendar.events().move(
                **HERE, destination="primary", sendUpdates="none", fields=EVENT
            ),
        ),
        "delete_event": asks(
            HERE | {"sendUpdates": "all"}, lambda google: google.calendar.events().delete(**HERE, sendUpdates="all")
        ),
        "get_free_busy": asks(
            {"timeMin": MONDAY, "timeMax": TUESDAY, "calendarIds": ["primary", TEAM], "timeZone": "UTC"},
            lambda google: google.calendar.freebusy().query(
                body={
                    "timeMin": MONDAY,
                    "timeMax": TUESDAY,
                    "timeZone": "UTC",
                    "items": [{"id": "primary"}, {"id": TEAM}],
                }
            ),
        ),
        "list_calendars": asks(
            {"maxResults": 100, "pageToken": "p2"},
            lambda google: google.calendar.calendarList().list(
                maxResults=100,
                pageToken="p2",
                fields="nextPageToken,items(id,summary,summaryOverride,description,timeZone,accessRole,primary)",
            ),
        ),
        "get_calendar": asks(
            {"calendarId": TEAM}, lambda google: google.calendar.calendars().get(calendarId=TEAM, fields=CALENDAR)
        ),
        "create_calendar": asks(
            {"summary": "Trips", "description": "By train", "location": "Bern", "timeZone": "Europe/Zurich"},
            lambda google: google.calendar.calendars().insert(
                body={"summary": "Trips", "description": "By train", "location": "Bern", "timeZone": "Europe/Zurich"},
                fields=CALENDAR,
            ),
        ),
        "update_calendar": asks(
            {"calendarId": TEAM, "summary": "Journeys"},
            lambda google: google.calendar.calendars().patch(
                calendarId=TEAM, body={"summary": "Journeys"}, fields=CALENDAR
            ),
        ),
        "delete_calendar": asks(
            {"calendarId": TEAM, "confirmPermanentDelete": True},
            lambda google: google.calendar.calendars().delete(calendarId=TEAM),
        ),
        "list_calendar_access": asks(
            {"calendarId": TEAM, "maxResults": 25, "pageToken": "p2"},
            lambda google: google.calendar.acl().list(
                calendarId=TEAM, maxResults=25, pageToken="p2", fields="nextPageToken,items(id,role,scope)"
            ),
        ),
        "share_calendar": asks(
            {
                "calendarId": TEAM,
                "role": "writer",
                "type": "user",
                "value": "ada@example.com",
                "sendNotifications": False,
            },
            lambda google: google.calendar.acl().insert(
                calendarId=TEAM,
                sendNotifications=False,
                fields="id,role,scope",
                body={"role": "writer", "scope": {"type": "user", "value": "ada@example.com"}},
            ),
        ),
        "remove_calendar_access": asks(
            {"calendarId": TEAM, "ruleId": "user:ada@example.com"},
            lambda google: google.calendar.acl().delete(calendarId=TEAM, ruleId="user:ada@example.com"),
        ),
    },
)
