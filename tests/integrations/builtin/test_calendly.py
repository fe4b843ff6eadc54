"""Lists of Calendly are asked for by the address of whoever is connected."""

from integrations.catalog import Catalog
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_query

CALENDLY = Catalog().get("calendly")
TOKEN = credentials("personal_token", secret_text="t")
ME = "https://api.calendly.com/users/AAA"


async def test_events_are_those_of_the_connected_person_and_tell_how_to_go_on():
    events = {"collection": [{"uri": "u", "name": "Intro"}], "pagination": {"next_page_token": "n1"}}
    http = RecordedHttp([json_response({"resource": {"uri": ME}}), json_response(events)])
    arguments = {"status": "active", "minStartTime": "2026-11-21T00:00:00Z"}
    found = await CALENDLY.actions["list_scheduled_events"].run(arguments, TOKEN, ports(http))
    assert sent_query(http.requests[1]) == {
        "user": [ME],
        "count": ["20"],
        "status": ["active"],
        "min_start_time": ["2026-11-21T00:00:00Z"],
    }
    assert found.output["next_page_token"] == "n1"


async def test_the_last_page_names_no_further_one():
    http = RecordedHttp([json_response({"resource": {"uri": ME}}), json_response({"collection": []})])
    found = await CALENDLY.actions["list_event_types"].run({}, TOKEN, ports(http))
    assert found.output == {"items": [], "next_page_token": None}
