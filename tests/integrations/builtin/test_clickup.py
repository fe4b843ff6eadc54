"""Dates, numbers and lists come as text and reach ClickUp as what it takes."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

CLICKUP = Catalog().get("clickup")
TOKEN = credentials("personal_token", secret_text="pk_1")
LIST = {"workspace": "1", "space": "2", "list": "3"}


@pytest.mark.parametrize("due", ["2026-12-01", "2026-12-01T00:00:00Z", "2026-12-01T01:00:00+01:00", "1796083200000"])
async def test_a_task_is_due_at_the_same_moment_however_it_is_written(due: str):
    http = RecordedHttp([json_response({"id": "t1"})])
    arguments = {**LIST, "name": "Call", "due_date": due, "assignees": "183, 184", "priority": "2", "tags": "a,b"}
    await CLICKUP.actions["create_task"].run(arguments, TOKEN, ports(http))
    assert sent_json(http.request) == {
        "name": "Call",
        "due_date": 1796083200000,
        "assignees": [183, 184],
        "priority": 2,
        "tags": ["a", "b"],
    }
    assert http.request.headers["Authorization"] == "pk_1"


@pytest.mark.parametrize("wrong", [{"due_date": "soon"}, {"assignees": "ada"}])
async def test_what_is_no_date_or_no_id_is_refused(wrong: dict[str, str]):
    http = RecordedHttp()
    with pytest.raises(InvalidInput):
        await CLICKUP.actions["create_task"].run({**LIST, "name": "Call", **wrong}, TOKEN, ports(http))
    assert http.requests == []


async def test_tasks_are_short_and_filtered():
    task = {
        "id": "t1",
        "name": "Call",
        "status": {"status": "open"},
        "priority": None,
        "assignees": [{"username": "Ada"}],
    }
    http = RecordedHttp([json_response({"tasks": [task, task]})])
    arguments = {**LIST, "statuses": "open,review", "limit": 1}
    found = await CLICKUP.actions["get_list_tasks"].run(arguments, TOKEN, ports(http))
    assert sent_query(http.request) == {"statuses[]": ["open", "review"]}
    (brief,) = found.output
    assert (brief["status"], brief["priority"], brief["assignees"]) == ("open", None, ["Ada"])
