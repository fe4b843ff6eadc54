from integrations.catalog import Catalog
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

SEARCH = Catalog().get("sendgrid").actions["search_contacts_by_email"]
KEY = credentials("api_key", secret_text="SG.key")


async def test_addresses_that_nobody_has_are_told_apart_from_those_that_were_found():
    answer = json_response(
        {"result": {"ada@example.com": {"contact": {"id": "c1"}}, "bob@example.com": {"error": "x"}}}
    )
    http = RecordedHttp([answer])
    found = await SEARCH.run({"emails": "ada@example.com, bob@example.com"}, KEY, ports(http))
    assert sent_json(http.request) == {"emails": ["ada@example.com", "bob@example.com"]}
    assert found.output == {"contacts": [{"id": "c1"}], "unknown": ["bob@example.com"]}


async def test_an_address_that_nobody_has_is_no_failure_though_sendgrid_answers_404():
    http = RecordedHttp([json_response({"errors": [{"message": "no contacts found"}]}, 404)])
    found = await SEARCH.run({"emails": "eve@example.com"}, KEY, ports(http))
    assert found.output == {"contacts": [], "unknown": ["eve@example.com"]}
