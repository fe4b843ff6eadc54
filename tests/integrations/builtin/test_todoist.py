import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

ACTIONS = Catalog().get("todoist").actions
ADA = credentials("api_token", secret_text="t0ken")


async def test_a_filter_asks_the_list_that_understands_it():
    page = {"results": [{"id": "t1", "content": "Call", "labels": [], "due": None}], "next_cursor": "c1"}
    http = RecordedHttp([json_response(page)])
    found = await ACTIONS["list_tasks"].run({"filter": "today | p1", "limit": 50}, ADA, ports(http))
    assert http.request.url == "https://api.todoist.com/api/v1/tasks/filter?query=today%20%7C%20p1&limit=50"
    assert found.output == {"items": [{"id": "t1", "content": "Call"}], "next_cursor": "c1"}


async def test_a_filter_stands_alone():
    with pytest.raises(InvalidInput, match="alone"):
        await ACTIONS["list_tasks"].run({"filter": "today", "projectId": "p1"}, ADA, ports(RecordedHttp([])))


@pytest.mark.parametrize("given", [{}, {"taskId": "t1", "projectId": "p1"}])
async def test_a_comment_is_about_one_thing(given: dict[str, str]):
    with pytest.raises(InvalidInput, match="task or a project"):
        await ACTIONS["add_comment"].run({"content": "x", **given}, ADA, ports(RecordedHttp([])))


async def test_inputs_go_before_additional_fields_of_the_same_name():
    http = RecordedHttp([json_response({"id": "t1"})])
    given = {"content": "Call", "priority": 4, "additionalFields": {"priority": 1, "deadline_date": "2026-12-01"}}
    await ACTIONS["create_task"].run(given, ADA, ports(http))
    assert sent_json(http.request) == {"content": "Call", "priority": 4, "deadline_date": "2026-12-01"}
