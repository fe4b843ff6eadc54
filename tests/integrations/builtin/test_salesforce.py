"""Values stay values inside a query, an organization's address is Salesforce's, and answers are short."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import CredentialsRejected
from integrations.ports import Credentials
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

SALESFORCE = Catalog().get("salesforce")


def signed_in(instance: str = "https://acme.my.salesforce.com") -> Credentials:
    return credentials("oauth", access_token="token1", instance_url=instance, domain="login")


async def test_a_quote_in_a_value_does_not_end_it():
    http = RecordedHttp([json_response({"records": []})])
    arguments = {"object": "Contact", "field": "LastName", "search_value": "x' OR Name != '\\"}
    await SALESFORCE.actions["find_record"].run(arguments, signed_in(), ports(http))
    condition = sent_query(http.request)["q"][0].partition(" WHERE ")[2]
    assert condition == "LastName = 'x\\' OR Name != \\'\\\\' LIMIT 20"


async def test_empty_fields_are_left_out_of_records():
    record = {"attributes": {"type": "Account"}, "Id": "001A", "Name": "Acme", "Fax": None}
    http = RecordedHttp([json_response(record)])
    arguments = {"object": "Account", "record_id": "001A"}
    result = await SALESFORCE.actions["get_record"].run(arguments, signed_in(), ports(http))
    assert result.output == {"Id": "001A", "Name": "Acme"}


async def test_an_input_of_its_own_counts_more_than_the_further_fields():
    http = RecordedHttp([json_response({"id": "003A", "success": True})])
    arguments = {"LastName": "Lovelace", "other_fields": {"LastName": "Byron", "Department": "R&D"}}
    await SALESFORCE.actions["create_contact"].run(arguments, signed_in(), ports(http))
    assert sent_json(http.request) == {"LastName": "Lovelace", "Department": "R&D"}


async def test_a_token_is_sent_to_no_address_that_is_not_salesforces():
    http = RecordedHttp()
    with pytest.raises(CredentialsRejected):
        await SALESFORCE.actions["list_objects"].run({}, signed_in("https://evil.example"), ports(http))
    assert http.requests == []


async def test_an_ended_session_asks_to_connect_again():
    http = RecordedHttp([json_response([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], 401)])
    with pytest.raises(CredentialsRejected, match="Session expired"):
        await SALESFORCE.actions["list_objects"].run({}, signed_in(), ports(http))
