"""Statuses of projects are found by name, labels are added, and what Linear would refuse is said before."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import CredentialsRejected, InvalidInput, RateLimited
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

LINEAR = Catalog().get("linear")
TOKEN = credentials("api_key", secret_text="lin_api_1")
STATUSES = {"data": {"projectStatuses": {"nodes": [{"id": "s1", "name": "Under way", "type": "started"}]}}}


@pytest.mark.parametrize("state", ["under way", "started"])
async def test_a_project_status_is_found_by_name_and_by_type(state: str):
    made = {"data": {"projectCreate": {"project": {"id": "p1"}}}}
    http = RecordedHttp([json_response(STATUSES), json_response(made)])
    arguments = {"team": "t1", "name": "Launch", "state": state}
    result = await LINEAR.actions["create_project"].run(arguments, TOKEN, ports(http))
    sent = sent_json(http.requests[1])["variables"]
    assert sent == {"input": {"teamIds": ["t1"], "name": "Launch", "statusId": "s1"}}
    assert result.output == {"id": "p1"}


async def test_a_project_status_that_is_not_there_is_answered_with_those_that_are():
    http = RecordedHttp([json_response(STATUSES)])
    with pytest.raises(InvalidInput, match="There are: Under way"):
        await LINEAR.actions["update_project"].run({"project_id": "p1", "state": "nope"}, TOKEN, ports(http))


async def test_a_project_without_a_team_is_refused_before_anything_is_sent():
    with pytest.raises(InvalidInput, match="belongs to a team"):
        await LINEAR.actions["create_project"].run({"name": "Launch"}, TOKEN, ports(RecordedHttp()))


async def test_a_label_is_added_to_those_that_an_issue_has():
    http = RecordedHttp([json_response({"data": {"issueUpdate": {"issue": {"id": "i1"}}}})])
    await LINEAR.actions["update_issue"].run({"issue_id": "ENG-1", "label_dropdown": "l1"}, TOKEN, ports(http))
    assert sent_json(http.request)["variables"] == {"id": "ENG-1", "input": {"addedLabelIds": ["l1"]}}


@pytest.mark.parametrize(
    ("code", "failure"), [("AUTHENTICATION_ERROR", CredentialsRejected), ("RATELIMITED", RateLimited)]
)
async def test_failures_are_told_by_their_codes_though_the_status_is_400(code: str, failure: type[Exception]):
    refused = {"errors": [{"message": "No.", "extensions": {"code": code}}]}
    attempts = RecordedHttp([json_response(refused, status=400)] * 3)
    with pytest.raises(failure):
        await LINEAR.actions["get_me"].run({}, TOKEN, ports(attempts))
