"""Microsoft's own client for Python, for calendars."""

from datetime import timedelta

from msgraph.generated.models.activity_domain import ActivityDomain
from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.attendee_base import AttendeeBase
from msgraph.generated.models.attendee_type import AttendeeType
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.calendar import Calendar
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.location import Location
from msgraph.generated.models.online_meeting_provider_type import OnlineMeetingProviderType
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.time_constraint import TimeConstraint
from msgraph.generated.models.time_slot import TimeSlot
from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
    GetSchedulePostRequestBody,
)
from msgraph.generated.users.item.events.item.cancel.cancel_post_request_body import CancelPostRequestBody
from msgraph.generated.users.item.events.item.forward.forward_post_request_body import ForwardPostRequestBody
from msgraph.generated.users.item.events.item.tentatively_accept.tentatively_accept_post_request_body import (
    TentativelyAcceptPostRequestBody,
)
from msgraph.generated.users.item.find_meeting_times.find_meeting_times_post_request_body import (
    FindMeetingTimesPostRequestBody,
)

from integrations.builtin.microsoft_outlook_calendar import FIELDS
from tests.integrations.catalog.microsoft_client import (
    asks,
    having,
    of_graph,
    preferring,
)

BERLIN = {"timezone": "Europe/Berlin"}
IN_BERLIN = 'outlook.timezone="Europe/Berlin"'
SELECTED = FIELDS.split(",")
NONE = ({"value": []},)


def at(moment: str) -> DateTimeTimeZone:
    return DateTimeTimeZone(date_time=moment, time_zone="Europe/Berlin")


def guest(address: str) -> Attendee:
    return Attendee(email_address=EmailAddress(address=address), type=AttendeeType.Required)


OFFICIAL = of_graph(
    "microsoft-outlook-calendar",
    {
        "list_calendars": asks(
            {"max_items": 50},
            lambda client: client.me.calendars.get(having(client.me.calendars, top=50)),
            answers=NONE,
        ),
        "list_calendar_view": asks(
            {"calendarId": "c1", "start": "2026-12-01", "end": "2026-12-02", "top": 5, "skip": 5, **BERLIN},
            lambda client: (view := client.me.calendars.by_calendar_id("c1").calendar_view).get(
                having(
                    view,
                    prefer=IN_BERLIN,
                    start_date_time="2026-12-01",
                    end_date_time="2026-12-02",
                    orderby=["start/dateTime"],
                    select=SELECTED,
                    top=5,
                    skip=5,
                )
            ),
            answers=NONE,
        ),
        "list_events": asks(
            {"filter": "startsWith(subject,'Plan')", "top": 5, **BERLIN},
            lambda client: (events := client.me.calendar.events).get(
                having(events, prefer=IN_BERLIN, filter="startsWith(subject,'Plan')", select=SELECTED, top=5)
            ),
            answers=NONE,
        ),
        "get_event": asks(
            {"eventId": "e1", **BERLIN},
            lambda client: (event := client.me.events.by_event_id("e1")).get(
                having(
                    event,
                    prefer=f'{IN_BERLIN}, outlook.body-content-type="text"',
                    select=[*SELECTED, "body"],
                )
            ),
        ),
        "list_event_instances": asks(
            {"eventId": "e1", "start": "2026-12-01", "end": "2027-01-01", "top": 5, **BERLIN},
            lambda client: (instances := client.me.events.by_event_id("e1").instances).get(
                having(
                    instances,
                    prefer=IN_BERLIN,
                    start_date_time="2026-12-01",
                    end_date_time="2027-01-01",
                    select=SELECTED,
                    top=5,
                )
            ),
            answers=NONE,
        ),
        "get_schedule": asks(
            {
                "schedules": ["ada@example.com"],
                "start": "2026-12-01T08:00:00",
                "end": "2026-12-01T18:00:00",
                "interval": 60,
                **BERLIN,
            },
            lambda client: client.me.calendar.get_schedule.post(
                GetSchedulePostRequestBody(
                    schedules=["ada@example.com"],
                    start_time=at("2026-12-01T08:00:00"),
                    end_time=at("2026-12-01T18:00:00"),
                    availability_view_interval=60,
                ),
                preferring(IN_BERLIN),
            ),
            answers=NONE,
        ),
        "find_meeting_times": asks(
            {
                "attendees": "ada@example.com",
                "start": "2026-12-01T08:00:00",
                "end": "2026-12-05T18:00:00",
                "minutes": 45,
                "hours": "personal",
                "top": 3,
                **BERLIN,
            },
            lambda client: client.me.find_meeting_times.post(
                FindMeetingTimesPostRequestBody(
                    attendees=[
                        AttendeeBase(email_address=EmailAddress(address="ada@example.com"), type=AttendeeType.Required)
                    ],
                    time_constraint=TimeConstraint(
                        activity_domain=ActivityDomain.Personal,
                        time_slots=[TimeSlot(start=at("2026-12-01T08:00:00"), end=at("2026-12-05T18:00:00"))],
                    ),
                    meeting_duration=timedelta(minutes=45),
                    max_candidates=3,
                ),
                preferring(IN_BERLIN),
            ),
            # The client says no where nobody asked, and writes a length as Python does; Microsoft documents ISO 8601.
            only_theirs=("isOrganizerOptional", "returnSuggestionReasons", "meetingDuration"),
            only_ours=("meetingDuration",),
        ),
        "create_event": asks(
            {
                "calendarId": "c1",
                "title": "Plan",
                "start": "2026-12-01T10:00:00",
                "location": "Room 1",
                "body": "<p>Bring ideas</p>",
                "contentType": "HTML",
                "attendees": "ada@example.com",
                "onlineMeeting": True,
                "showAs": "busy",
                **BERLIN,
            },
            lambda client: client.me.calendars.by_calendar_id("c1").events.post(
                Event(
                    subject="Plan",
                    start=at("2026-12-01T10:00:00"),
                    end=at("2026-12-01T10:30:00"),
                    is_all_day=False,
                    location=Location(display_name="Room 1"),
                    body=ItemBody(content_type=BodyType.Html, content="<p>Bring ideas</p>"),
                    attendees=[guest("ada@example.com")],
                    is_online_meeting=True,
                    online_meeting_provider=OnlineMeetingProviderType.TeamsForBusiness,
                    show_as=FreeBusyStatus.Busy,
                )
            ),
        ),
        "update_event": asks(
            {"eventId": "e1", "start": "2026-12-01", "end": "2026-12-03", "attendees": "ada@example.com", **BERLIN},
            lambda client: client.me.events.by_event_id("e1").patch(
                Event(
                    start=at("2026-12-01T00:00:00"),
                    end=at("2026-12-03T00:00:00"),
                    is_all_day=True,
                    attendees=[guest("ada@example.com")],
                )
            ),
        ),
        "delete_event": asks(
            {"calendarId": "c1", "eventId": "e1"},
            lambda client: client.me.calendars.by_calendar_id("c1").events.by_event_id("e1").delete(),
        ),
        "cancel_event": asks(
            {"eventId": "e1", "comment": "Snow"},
            lambda client: client.me.events.by_event_id("e1").cancel.post(CancelPostRequestBody(comment="Snow")),
        ),
        "respond_to_event": asks(
            {"eventId": "e1", "response": "tentativelyAccept", "comment": "Maybe", "sendResponse": True},
            lambda client: client.me.events.by_event_id("e1").tentatively_accept.post(
                TentativelyAcceptPostRequestBody(comment="Maybe", send_response=True)
            ),
        ),
        "forward_event": asks(
            {"eventId": "e1", "to": "ada@example.com", "comment": "Come too"},
            lambda client: client.me.events.by_event_id("e1").forward.post(
                ForwardPostRequestBody(
                    comment="Come too",
                    to_recipients=[Recipient(email_address=EmailAddress(address="ada@example.com"))],
                )
            ),
        ),
        "create_calendar": asks({"name": "Travel"}, lambda client: client.me.calendars.post(Calendar(name="Travel"))),
    },
)
