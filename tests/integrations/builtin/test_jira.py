import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

ACTIONS = Catalog().get("jira-cloud").actions
ADA = credentials("api_token", username="ada@example.com", password="token", site="acme")
TRANSITIONS = json_response(
    {
        "transitions": [
            {"id": "11", "name": "Start", "to": {"name": "In Progress"}},
            {"id": "31", "name": "Finish", "to": {"name": "Done"}},
        ]
    }
)


async def test_a_project_and_a_status_are_literals_of_the_query():
    http = RecordedHttp([json_response({"issues": [{"key": "P-1", "fields": {"summary": "x", "assignee": None}}]})])
    found = await ACTIONS["list_issues"].run(
        {"project": 'P" OR 1=1', "status": "a\\b", "max_results": 5}, ADA, ports(http)
    )
    assert http.request.url == "https://acme.atlassian.net/rest/api/2/search/jql"
    assert sent_json(http.request)["jql"] == 'project = "P\\" OR 1=1" AND status = "a\\\\b" ORDER BY updated DESC'
    assert found.output[0]["assignee"] is None


async def test_another_status_is_reached_by_the_transition_that_leads_there_after_the_fields():
    http = RecordedHttp([TRANSITIONS, json_response({}), json_response({})])
    await ACTIONS["update_issue"].run(
        {"issue_key": "P-1", "status": "done", "labels": "a, b", "assignee": "u1"}, ADA, ports(http)
    )
    assert [request.method for request in http.requests] == ["GET", "PUT", "POST"]
    assert sent_json(http.requests[1]) == {"fields": {"labels": ["a", "b"], "assignee": {"accountId": "u1"}}}
    assert sent_json(http.requests[2]) == {"transition": {"id": "31"}}


async def test_a_status_that_can_not_be_reached_changes_nothing_and_names_those_that_can():
    http = RecordedHttp([TRANSITIONS])
    with pytest.raises(InvalidInput, match="Done, In Progress"):
        await ACTIONS["update_issue"].run({"issue_key": "P-1", "summary": "x", "status": "Gone"}, ADA, ports(http))


async def test_a_project_and_a_type_are_named_by_key_and_name_or_by_id():
    http = RecordedHttp([json_response({"id": "1", "key": "P-1"}), json_response({"id": "2", "key": "P-2"})])
    for project, kind in (("P", "Task"), ("10001", "3")):
        await ACTIONS["create_issue"].run({"project": project, "issue_type": kind, "summary": "x"}, ADA, ports(http))
    sent = [sent_json(request)["fields"] for request in http.requests]
    assert [fields["project"] for fields in sent] == [{"key": "P"}, {"id": "10001"}]
    assert [fields["issuetype"] for fields in sent] == [{"name": "Task"}, {"id": "3"}]


async def test_a_watcher_is_the_whole_body():
    http = RecordedHttp([json_response({})])
    await ACTIONS["add_watcher"].run({"issue_key": "P-1", "account_id": "u1"}, ADA, ports(http))
    assert sent_json(http.request) == "u1"
