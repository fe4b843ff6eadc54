"""What Google Calendar's stand-in is asked, as one story: it knows calendars, simple events and when one is busy."""

from tests.integrations.catalog.scenario import Step

DAY = {"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2026-12-02T00:00:00Z"}
LUNCH = {
    "summary": "Lunch",
    "location": "Canteen",
    "startDateTime": "2026-12-01T12:00:00Z",
    "endDateTime": "2026-12-01T13:00:00Z",
    "attendees": "Bob <bob@example.com>",
}
STEPS = [
    Step("list_calendars", {"maxResults": 10}, {"/items/0/id": "primary", "/items/0/primary": True}),
    Step(
        "create_event",
        {"calendarId": "primary", **LUNCH},
        {"/summary": "Lunch", "/attendees/0/email": "bob@example.com"},
        {"lunch": "/id"},
    ),
    Step(
        "list_events",
        {"calendarId": "primary", "singleEvents": True, "orderBy": "startTime", **DAY},
        {"/items/0/id": "$lunch", "/items/0/start/dateTime": "2026-12-01T12:00:00Z"},
    ),
    Step(
        "get_free_busy",
        {"calendarIds": ["primary"], **DAY},
        {
            "/calendars/primary/busy/0/start": "2026-12-01T12:00:00Z",
            "/calendars/primary/busy/0/end": "2026-12-01T13:00:00Z",
        },
    ),
    Step("delete_event", {"calendarId": "primary", "eventId": "$lunch"}),
    Step("list_events", {"calendarId": "primary", **DAY}, {"/items": []}),
]
