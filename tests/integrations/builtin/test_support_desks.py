"""Zendesk's searches are put together from what is asked for; Freshdesk's states are numbers."""

from integrations.catalog import Catalog
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

ZENDESK, FRESHDESK = Catalog().get("zendesk"), Catalog().get("freshdesk")
AGENT = credentials("api_token", username="ada@example.com", password="t", subdomain="acme")
KEY = credentials("api_key", api_key="k", subdomain="acme")


async def test_a_search_holds_each_condition_as_one_word():
    http = RecordedHttp([json_response({"count": 0, "results": []})])
    arguments = {"query": "refund", "status": "open", "tag": 'vip" status:closed', "limit": 10.0}
    await ZENDESK.actions["search_tickets"].run(arguments, AGENT, ports(http))
    sent = sent_query(http.request)
    assert sent["query"] == ['type:ticket refund status:open tags:"vip\\" status:closed"']
    assert sent["per_page"] == ["10"]


async def test_comments_are_read_only_where_they_are_asked_for():
    http = RecordedHttp([json_response({"ticket": {"id": 1}}), json_response({"comments": [{"id": 5}]})])
    read = ZENDESK.actions["get_ticket"]
    found = await read.run({"ticket_id": 1, "include_comments": True, "comments_limit": 5}, AGENT, ports(http))
    assert [each["id"] for each in found.output["comments"]] == [5]
    http = RecordedHttp([json_response({"ticket": {"id": 1}})])
    assert "comments" not in (await read.run({"ticket_id": 1}, AGENT, ports(http))).output


async def test_states_and_priorities_are_sent_as_numbers():
    http = RecordedHttp([json_response({"id": 1})])
    arguments = {"subject": "Broken", "description": "All", "requester_email": "bob@example.com", "priority": "3"}
    await FRESHDESK.actions["create_ticket"].run({**arguments, "status": "2"}, KEY, ports(http))
    assert sent_json(http.request) == {
        "subject": "Broken",
        "description": "All",
        "email": "bob@example.com",
        "status": 2,
        "priority": 3,
    }
    assert http.request.url == "https://acme.freshdesk.com/api/v2/tickets"
