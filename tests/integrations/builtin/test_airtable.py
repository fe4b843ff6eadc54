"""Attachments are added to those that are there; bases and tables are found by parts of their names."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput, NotFound
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

AIRTABLE = Catalog().get("airtable")
TOKEN = credentials("personal_access_token", secret_text="pat1")
FILE = {"base": "app1", "table": "Tasks", "record_id": "rec1", "field_name": "Files", "url": "https://x.example/b.pdf"}
TABLES = {"tables": [{"id": "tbl1", "name": "Tasks", "fields": []}, {"id": "tbl2", "name": "People", "fields": []}]}


async def test_a_file_is_added_beside_those_that_are_there():
    http = RecordedHttp([json_response({"fields": {"Files": [{"id": "att1", "url": "u"}]}}), json_response({})])
    await AIRTABLE.actions["upload_attachment"].run(FILE, TOKEN, ports(http))
    assert sent_json(http.requests[1]) == {"fields": {"Files": [{"id": "att1"}, {"url": "https://x.example/b.pdf"}]}}


@pytest.mark.parametrize("value", ["text", ["a choice"], [3]])
async def test_a_field_of_another_kind_is_not_overwritten_with_a_file(value: object):
    http = RecordedHttp([json_response({"fields": {"Files": value}})])
    with pytest.raises(InvalidInput, match="not an attachment field"):
        await AIRTABLE.actions["upload_attachment"].run(FILE, TOKEN, ports(http))


async def test_a_base_is_found_by_a_part_of_its_name_on_any_page():
    first = json_response({"bases": [{"id": "app1", "name": "Sales"}], "offset": "next"})
    second = json_response({"bases": [{"id": "app2", "name": "Our Projects"}]})
    found = await AIRTABLE.actions["find_base"].run({"name": "proj"}, TOKEN, ports(RecordedHttp([first, second])))
    assert found.output == {"bases": [{"id": "app2", "name": "Our Projects"}]}


async def test_a_table_is_known_by_id_and_by_name_and_else_the_names_are_told():
    schema = AIRTABLE.actions["get_table_schema"]
    for table in ("tbl2", "People"):
        http = RecordedHttp([json_response(TABLES)])
        found = await schema.run({"base": "app1", "table": table}, TOKEN, ports(http))
        assert found.output["name"] == "People"
    with pytest.raises(NotFound, match="It has: Tasks, People"):
        await schema.run({"base": "app1", "table": "Peple"}, TOKEN, ports(RecordedHttp([json_response(TABLES)])))
