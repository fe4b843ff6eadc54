"""Ids that callers write as text reach Pipedrive as numbers; kinds of activities are told apart here."""

from integrations.catalog import Catalog
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

PIPEDRIVE = Catalog().get("pipedrive")
TOKEN = credentials("api_token", secret_text="token1")


async def test_ids_are_sent_as_numbers_and_what_is_not_named_is_not_sent():
    http = RecordedHttp([json_response({"data": {"id": 1}})])
    result = await PIPEDRIVE.actions["create_deal"].run({"title": "Big", "person": "42"}, TOKEN, ports(http))
    assert sent_json(http.request) == {"title": "Big", "person_id": 42}
    assert result.output == {"id": 1}


async def test_activities_are_told_apart_by_their_kind():
    activities = [{"id": 2, "type": "call"}, {"id": 1, "type": "task"}]
    http = RecordedHttp([json_response({"data": activities})])
    found = await PIPEDRIVE.actions["find_activity"].run({"type": "task", "done": "1"}, TOKEN, ports(http))
    assert [each["id"] for each in found.output["activities"]] == [1]
    assert sent_query(http.request)["done"] == ["true"]


async def test_a_signed_in_account_is_reached_at_the_companys_own_address():
    signed_in = credentials("oauth", access_token="a", api_domain="https://acme.pipedrive.com")
    http = RecordedHttp([json_response({"data": {"id": 1}})])
    await PIPEDRIVE.actions["get_deal"].run({"deal_id": "1"}, signed_in, ports(http))
    assert http.request.url == "https://acme.pipedrive.com/api/v2/deals/1"
