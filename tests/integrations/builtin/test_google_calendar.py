import pytest

from integrations.failures import InvalidInput
from integrations.testing import sent_json, sent_query
from tests.integrations.builtin.google import answers, run

NOON = {"startDateTime": "2026-12-01T12:00:00Z", "endDateTime": "2026-12-01T13:00:00Z"}


async def test_a_plain_date_makes_an_all_day_event_whatever_the_time_zone():
    http = answers({"id": "e1"})
    days = {"startDateTime": "2026-12-01", "endDateTime": "2026-12-03", "timeZone": "Europe/Zurich"}
    await run("google-calendar.create_event", http, calendarId="primary", summary="Trip", **days)
    assert sent_json(http.request) == {
        "summary": "Trip",
        "start": {"date": "2026-12-01"},
        "end": {"date": "2026-12-03"},
    }


async def test_each_event_asks_for_a_conference_of_its_own():
    http = answers({"id": "e1"}, {"id": "e2"})
    for _ in range(2):
        await run("google-calendar.create_event", http, calendarId="primary", summary="Call", addMeetLink=True, **NOON)
    asked = [sent_json(request)["conferenceData"]["createRequest"] for request in http.requests]
    assert asked[0]["conferenceSolutionKey"] == {"type": "hangoutsMeet"}
    assert asked[0]["requestId"] != asked[1]["requestId"]
    assert sent_query(http.requests[0])["conferenceDataVersion"] == ["1"]


async def test_only_who_is_invited_can_answer():
    http = answers({"attendees": [{"email": "ada@example.com", "responseStatus": "accepted"}]})
    with pytest.raises(InvalidInput, match="not among the guests"):
        await run("google-calendar.respond_to_event", http, calendarId="primary", eventId="e1", response="declined")
    assert len(http.requests) == 1


@pytest.mark.parametrize("attendees", ["not an address", "ada@example.com, "])
async def test_guests_are_addresses_and_nothing_else(attendees: str):
    http = answers({"id": "e1"})
    arguments = {"calendarId": "primary", "summary": "Lunch", "attendees": attendees, **NOON}
    if "@" in attendees:
        await run("google-calendar.create_event", http, **arguments)
        assert sent_json(http.request)["attendees"] == [{"email": "ada@example.com"}]
        return
    with pytest.raises(InvalidInput) as caught:
        await run("google-calendar.create_event", http, **arguments)
    assert caught.value.path == "/attendees"
    assert http.requests == []
