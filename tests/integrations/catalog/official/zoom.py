"""Zoom's own client, for Node."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_PAGE: Final = {"page_size": 50.0, "next_page_token": "t1"}
_WEBINAR: Final = {"topic": "Launch", "type": 5}

OFFICIAL = Official(
    integration="zoom",
    package="@zoom/rivet",
    credentials=Credentials("oauth", {"access_token": "token1"}),
    calls={
        "list_meetings": Call({"type": "upcoming", **_PAGE}),
        "get_meeting": Call({"meeting_id": "85", "occurrence_id": "o1", "show_previous_occurrences": True}),
        "zoom_create_meeting": Call(
            {
                "topic": "Launch",
                "start_time": "2026-12-01T10:00:00Z",
                "duration": 30.0,
                "timezone": "Europe/Paris",
                "agenda": "All of it",
                "password": "secret",
                "type": "2",
                "auto_recording": "cloud",
                "settings": {"waiting_room": True},
            }
        ),
        "update_meeting": Call({"meeting_id": "85", "payload": {"topic": "Launch"}, "occurrence_id": "o1"}),
        "delete_meeting": Call({"meeting_id": "85", "occurrence_id": "o1", "schedule_for_reminder": False}),
        "get_meeting_invitation": Call({"meeting_id": "85"}),
        "list_meeting_registrants": Call({"meeting_id": "85", "status": "approved", **_PAGE}),
        "zoom_create_meeting_registrant": Call(
            {"meeting_id": "85", "email": "ada@example.com", "first_name": "Ada", "payload": {"org": "Acme"}}
        ),
        "update_meeting_registrant_status": Call(
            {"meeting_id": "85", "action": "approve", "registrants": [{"id": "r1", "email": "ada@example.com"}]}
        ),
        "list_user_recordings": Call(
            {"userId": "u1", "from": "2026-11-01", "to": "2026-11-21", "trash": True, **_PAGE}
        ),
        "get_meeting_recordings": Call({"meeting_id": "85"}),
        "get_recording_settings": Call({"meeting_id": "85"}),
        "list_webinars": Call({"userId": "u1", **_PAGE}),
        "get_webinar": Call({"webinarId": "95"}),
        "create_webinar": Call({"payload": _WEBINAR}),
        "update_webinar": Call({"webinarId": "95", "payload": _WEBINAR}),
        "delete_webinar": Call({"webinarId": "95", "occurrence_id": "o1"}),
        "list_webinar_registrants": Call({"webinarId": "95", "status": "pending", **_PAGE}),
        "create_webinar_registrant": Call(
            {"webinarId": "95", "payload": {"email": "ada@example.com", "first_name": "Ada"}}
        ),
        "list_users": Call({"status": "active", **_PAGE}),
        "get_user": Call({"userId": "ada@example.com"}),
    },
)
