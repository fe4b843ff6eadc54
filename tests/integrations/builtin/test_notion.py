"""Notion's values written, searched for and read; pages of blocks read to a bounded depth."""

from typing import Any

import pytest

from integrations.builtin.notion_values import brief_page, conditions, plain, properties
from integrations.catalog import Catalog
from integrations.failures import ActionFailed, InvalidInput, NotFound
from integrations.testing import RecordedHttp, credentials, json_response, ports

NOTION = Catalog().get("notion")
TOKEN = credentials("internal_token", secret_text="ntn_1")


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("title", "Launch", [{"text": {"content": "Launch"}}]),
        ("rich_text", "a" * 2001, [{"text": {"content": "a" * 2000}}, {"text": {"content": "a"}}]),
        ("number", 12.5, 12.5),
        ("checkbox", False, False),
        ("select", "Blue", {"name": "Blue"}),
        ("status", "Done", {"name": "Done"}),
        ("multi_select", ["a", "b"], [{"name": "a"}, {"name": "b"}]),
        ("multi_select", "a", [{"name": "a"}]),
        ("people", "u1", [{"id": "u1"}]),
        ("relation", ["p1"], [{"id": "p1"}]),
        ("files", "https://x.example/a.pdf", [{"name": "a.pdf", "external": {"url": "https://x.example/a.pdf"}}]),
        ("date", "2026-11-21", {"start": "2026-11-21"}),
        ("date", {"start": "2026-11-21", "end": "2026-11-22"}, {"start": "2026-11-21", "end": "2026-11-22"}),
        ("date", {"date": {"start": "2026-11-21"}}, {"start": "2026-11-21"}),
        ("date", None, None),
        ("relation", None, []),
    ],
)
def test_a_plain_value_becomes_what_the_property_takes(kind: str, value: Any, written: Any):
    assert properties({"Field": value}, {"Field": {"type": kind}}) == {"Field": {kind: written}}


def test_a_property_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InvalidInput, match=r"no property 'Stauts'.*Name, Status"):
        properties({"Stauts": "Done"}, {"Status": {"type": "status"}, "Name": {"type": "title"}})


def test_a_computed_property_can_be_neither_written_nor_searched_by_value():
    schema = {"Sum": {"type": "formula"}}
    with pytest.raises(InvalidInput, match="formula can't be written"):
        properties({"Sum": 1}, schema)
    with pytest.raises(InvalidInput, match="query_database"):
        conditions({"Sum": 1}, schema)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"type": "title", "title": [{"plain_text": "La"}, {"plain_text": "unch"}]}, "Launch"),
        ({"type": "status", "status": {"id": "1", "name": "Done"}}, "Done"),
        ({"type": "select", "select": None}, None),
        ({"type": "multi_select", "multi_select": [{"name": "a"}, {"name": "b"}]}, ["a", "b"]),
        ({"type": "people", "people": [{"id": "u1"}]}, ["u1"]),
        ({"type": "date", "date": {"start": "2026-11-21", "end": None}}, "2026-11-21"),
        ({"type": "formula", "formula": {"type": "number", "number": 3}}, 3),
        ({"type": "rollup", "rollup": {"type": "array", "array": [{"type": "number", "number": 3}]}}, [3]),
        ({"type": "unique_id", "unique_id": {"prefix": "TASK", "number": 7}}, "TASK-7"),
        ({"type": "number", "number": 0}, 0),
    ],
)
def test_a_property_is_read_as_a_plain_value(value: dict[str, Any], read: Any):
    assert plain(value) == read


def test_a_page_is_named_by_its_title_wherever_that_stands():
    page = {"id": "p1", "url": "u", "properties": {"Task": {"type": "title", "title": [{"plain_text": "Launch"}]}}}
    assert brief_page(page)["title"] == "Launch"


async def test_blocks_are_read_as_deep_as_asked_and_no_deeper():
    def block(name: str) -> dict[str, Any]:
        text = {"rich_text": [{"plain_text": name}]}
        return {"id": name, "type": "paragraph", "paragraph": text, "has_children": True}

    http = RecordedHttp([json_response({"results": [block("outer")]}), json_response({"results": [block("inner")]})])
    arguments = {"parentId": "p1", "markdown": False, "dynamic": {"depth": 2}}
    result = await NOTION.actions["getPageOrBlockChildren"].run(arguments, TOKEN, ports(http))
    (outer,) = result.output["blocks"]
    (inner,) = outer["children"]
    assert (outer["text"], inner["text"]) == ("outer", "inner")
    assert inner["has_children"] is True


async def test_a_page_without_end_is_given_up_with_a_reason():
    http = RecordedHttp([json_response({"results": [], "next_cursor": "more"}) for _ in range(30)])
    with pytest.raises(ActionFailed, match="too many blocks"):
        await NOTION.actions["getPageOrBlockChildren"].run({"parentId": "p1", "markdown": False}, TOKEN, ports(http))


TWO_SOURCES = {"id": "d1", "data_sources": [{"id": "s1", "name": "Tasks"}, {"id": "s2", "name": "Bugs"}]}


async def test_a_database_with_several_data_sources_asks_which_one():
    http = RecordedHttp([json_response(TWO_SOURCES)])
    with pytest.raises(InvalidInput, match=r"Tasks \(s1\), Bugs \(s2\)"):
        await NOTION.actions["retrieve_database"].run({"database_id": "d1"}, TOKEN, ports(http))


async def test_one_of_several_data_sources_can_be_named():
    http = RecordedHttp([json_response(TWO_SOURCES), json_response({"results": []})])
    arguments = {"database_id": "d1", "data_source_id": "s2", "limit": 10}
    await NOTION.actions["query_database"].run(arguments, TOKEN, ports(http))
    assert http.requests[1].url == "https://api.notion.com/v1/data_sources/s2/query"


async def test_a_data_source_of_another_database_is_not_found():
    http = RecordedHttp([json_response(TWO_SOURCES)])
    with pytest.raises(NotFound):
        await NOTION.actions["retrieve_database"].run({"database_id": "d1", "data_source_id": "s3"}, TOKEN, ports(http))


async def test_comments_are_read_as_text_without_its_formatting():
    comment = {
        "id": "c1",
        "rich_text": [{"plain_text": "Well "}, {"plain_text": "done", "annotations": {"bold": True}}],
    }
    http = RecordedHttp([json_response({"results": [comment], "next_cursor": "more"})])
    result = await NOTION.actions["get_page_comments"].run({"page_id": "p1"}, TOKEN, ports(http))
    assert (result.output["comments"][0]["text"], result.output["next_cursor"]) == ("Well done", "more")
