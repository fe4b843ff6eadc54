"""Paths of OneDrive stay below its root, words stay inside their literal, recipients are taken from one line, and
times of a calendar are told in the zone they are meant in.
"""

from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

CATALOG = Catalog()
ME = credentials("oauth", access_token="token1")
ROOT = "https://graph.microsoft.com/v1.0/me/drive/root"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (None, f"{ROOT}/children?%24top=50"),
        ("/", f"{ROOT}/children?%24top=50"),
        ("/Documents/Q1 & Q2", f"{ROOT}:/Documents/Q1%20%26%20Q2:/children?%24top=50"),
    ],
)
async def test_a_folder_is_named_by_its_path(path: str | None, address: str):
    http = RecordedHttp([json_response({"value": []})])
    arguments = {} if path is None else {"path": path}
    await CATALOG.get("microsoft-onedrive").actions["list_files"].run(arguments, ME, ports(http))
    assert http.request.url == address


async def test_a_path_does_not_climb():
    http = RecordedHttp()
    with pytest.raises(InvalidInput):
        await CATALOG.get("microsoft-onedrive").actions["list_files"].run({"path": "/../x"}, ME, ports(http))
    assert http.requests == []


async def test_a_quote_in_a_search_does_not_end_its_literal():
    http = RecordedHttp([json_response({"value": []})])
    await CATALOG.get("microsoft-onedrive").actions["search_files"].run({"query": "Ada's"}, ME, ports(http))
    assert http.request.url.startswith(f"{ROOT}/search(q='Ada%27%27s')")


async def test_a_mail_goes_to_everybody_on_the_line():
    http = RecordedHttp([json_response({}, 202)])
    arguments = {"to": "ada@example.com, bob@example.com", "subject": "Hi", "body": "Hello", "cc": "eve@example.com"}
    await CATALOG.get("microsoft-outlook").actions["send_email"].run(arguments, ME, ports(http))
    message = sent_json(http.request)["message"]
    assert [each["emailAddress"]["address"] for each in message["toRecipients"]] == [
        "ada@example.com",
        "bob@example.com",
    ]
    assert message["body"] == {"contentType": "text", "content": "Hello"}
    assert len(message["ccRecipients"]) == 1


EVENT = {
    "id": "e1",
    "subject": "Plan",
    "start": {"dateTime": "2026-12-01T10:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-12-01T10:30:00.0000000", "timeZone": "UTC"},
    "location": {"displayName": ""},
    "attendees": [{"emailAddress": {"address": "ada@example.com"}, "status": {"response": "accepted"}}],
}


async def on_calendar(action: str, arguments: dict[str, Any], *answers: Any) -> tuple[Any, RecordedHttp]:
    http = RecordedHttp([json_response(answer) for answer in answers])
    result = await CATALOG.get("microsoft-outlook-calendar").actions[action].run(arguments, ME, ports(http))
    return result.output, http


@pytest.mark.parametrize(
    ("given", "start", "end", "all_day"),
    [
        ({"start": "2026-12-01T10:00:00"}, "2026-12-01T10:00:00", "2026-12-01T10:30:00", False),
        ({"start": "2026-12-31"}, "2026-12-31T00:00:00", "2027-01-01T00:00:00", True),
        ({"start": "2026-12-01T10:00", "end": "2026-12-01T12:00"}, "2026-12-01T10:00:00", "2026-12-01T12:00:00", False),
    ],
)
async def test_an_event_lasts_half_an_hour_or_a_day_unless_its_end_is_told(
    given: dict[str, str], start: str, end: str, all_day: bool
):
    _, http = await on_calendar("create_event", {"title": "Plan", "timezone": "Europe/Berlin", **given}, EVENT)
    sent = sent_json(http.request)
    assert sent["start"] == {"dateTime": start, "timeZone": "Europe/Berlin"}
    assert sent["end"] == {"dateTime": end, "timeZone": "Europe/Berlin"}
    assert sent["isAllDay"] is all_day


async def test_a_time_with_an_offset_keeps_its_moment_whatever_the_zone():
    given = {"title": "Plan", "start": "2026-12-01T10:00:00+01:00", "timezone": "Asia/Tokyo"}
    _, http = await on_calendar("create_event", given, EVENT)
    assert sent_json(http.request)["start"] == {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"}
    assert sent_json(http.request)["end"] == {"dateTime": "2026-12-01T09:30:00", "timeZone": "UTC"}


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"start": "tomorrow"}, "/start"),
        ({"start": "2026-12-01", "end": "2026-12-01T10:00:00"}, "/end"),
        ({"start": "2026-12-01", "attendees": "ada"}, "/attendees"),
    ],
)
async def test_an_event_that_cannot_be_is_refused_before_anything_is_sent(given: dict[str, str], where: str):
    with pytest.raises(InvalidInput) as refused:
        await on_calendar("create_event", {"title": "Plan", **given})
    assert refused.value.path == where


async def test_events_are_brief_in_the_zone_asked_for_and_say_whether_more_are_left():
    given = {"start": "2026-12-01", "end": "2026-12-02", "timezone": "Europe/Berlin", "skip": 25}
    found, http = await on_calendar("list_calendar_view", given, {"value": [EVENT], "@odata.nextLink": "https://x"})
    assert found == {
        "events": [
            {
                "id": "e1",
                "title": "Plan",
                "start": "2026-12-01T10:00:00.0000000",
                "end": "2026-12-01T10:30:00.0000000",
                "timezone": "UTC",
                "attendees": [{"address": "ada@example.com", "answer": "accepted"}],
            }
        ],
        "next_skip": 26,
    }
    assert http.request.headers["Prefer"] == 'outlook.timezone="Europe/Berlin"'
    assert http.request.url.startswith("https://graph.microsoft.com/v1.0/me/calendar/calendarView?startDateTime=")


async def test_the_last_events_do_not_promise_more():
    assert (await on_calendar("list_events", {}, {"value": []}))[0] == {"events": []}


async def test_a_change_sends_what_was_given_and_nothing_else():
    _, http = await on_calendar("update_event", {"eventId": "e1", "calendarId": "c1", "attendees": ""}, EVENT)
    assert http.request.url.endswith("/me/calendars/c1/events/e1")
    assert sent_json(http.request) == {"attendees": []}


async def on_tasks(action: str, arguments: dict[str, Any], *answers: Any) -> tuple[Any, RecordedHttp]:
    http = RecordedHttp([json_response(answer) for answer in answers])
    result = await CATALOG.get("microsoft-todo").actions[action].run(arguments, ME, ports(http))
    return result.output, http


async def test_a_task_with_a_reminder_reminds():
    given = {"task_list_id": "l1", "title": "Milk", "reminder_date_time": "2026-12-01T09:00:00+01:00"}
    made, http = await on_tasks("create_task", given, {"id": "t1", "title": "Milk"})
    assert sent_json(http.request) == {
        "title": "Milk",
        "isReminderOn": True,
        "reminderDateTime": {"dateTime": "2026-12-01T08:00:00", "timeZone": "UTC"},
    }
    assert made["id"] == "t1"


async def test_a_name_that_is_sought_stays_inside_its_literal():
    given = {"name": "x' or displayName ne '", "match_type": "exact"}
    _, http = await on_tasks("find_task_list_by_name", given, {"value": []})
    assert "displayName%20eq%20%27x%27%27%20or%20displayName%20ne%20%27%27%27" in http.request.url


async def test_a_file_that_is_too_large_for_a_task_is_not_sent():
    given = {"task_list_id": "l1", "task_id": "t1", "file": "A" * (4 * 1024 * 1024)}
    with pytest.raises(InvalidInput, match="less than 3 MB"):
        await on_tasks("add_attachment", given)


async def test_a_file_on_a_task_says_what_kind_of_attachment_it_is():
    given = {"task_list_id": "l1", "task_id": "t1", "file": "data:text/plain;base64,bWlsaw=="}
    made, http = await on_tasks("add_attachment", given, {"id": "a1", "name": "attachment", "size": 4})
    assert sent_json(http.request)["@odata.type"] == "#microsoft.graph.taskFileAttachment"
    assert made == {"id": "a1", "name": "attachment", "contentType": None, "size": 4}
