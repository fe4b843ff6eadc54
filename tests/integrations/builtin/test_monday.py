"""Values travel as JSON in text, a cursor goes on with its board, and files as multipart/form-data."""

import json
from base64 import b64encode
from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput, NotFound
from integrations.ports import HttpResponse
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

MONDAY = Catalog().get("monday")
TOKEN = credentials("api_token", secret_text="token1")
FILE = {"workspace_id": "1", "board_id": "2", "item_id": "3", "file_column_id": 'fi"les', "file_name": 'pl"an.pdf'}
UPLOADED = {"data": {"add_file_to_column": {"id": "9"}}}


async def test_values_travel_as_json_in_text():
    http = RecordedHttp([json_response({"data": {"create_item": {"id": "5"}}})])
    arguments = {"board_id": "2", "item_name": "Call", "column_values": {"status": {"label": "Done"}}}
    await MONDAY.actions["monday_create_item"].run(arguments, TOKEN, ports(http))
    assert json.loads(sent_json(http.request)["variables"]["values"]) == {"status": {"label": "Done"}}
    assert http.request.headers["Authorization"] == "token1"


async def test_a_cursor_goes_on_and_the_answer_has_the_next():
    value = {"id": "status", "type": "status", "text": "Done", "column": {"title": "Status"}}
    page = {"cursor": "c2", "items": [{"id": "5", "name": "Call", "column_values": [value]}]}
    http = RecordedHttp([json_response({"data": {"next_items_page": page}})])
    arguments = {"board_id": "2", "limit": 10, "cursor": "c1"}
    result = await MONDAY.actions["monday_get_board_values"].run(arguments, TOKEN, ports(http))
    assert sent_json(http.request)["variables"]["cursor"] == "c1"
    assert result.output["next_cursor"] == "c2"
    assert result.output["items"][0]["columns"][0]["text"] == "Done"


async def test_a_board_that_nobody_sees_is_not_found():
    http = RecordedHttp([json_response({"data": {"boards": []}})])
    with pytest.raises(NotFound, match="no board 2"):
        await MONDAY.actions["monday_get_board_values"].run({"board_id": "2", "limit": 10}, TOKEN, ports(http))


@pytest.mark.parametrize("file", [b64encode(b"%PDF").decode(), "https://example.com/plan.pdf"])
async def test_a_file_is_uploaded_beside_its_document(file: str):
    fetched: list[Any] = [HttpResponse(200, {}, b"%PDF")] if file.startswith("https") else []
    http = RecordedHttp([*fetched, json_response(UPLOADED)])
    await MONDAY.actions["monday_upload_file_to_column"].run({**FILE, "file": file}, TOKEN, ports(http))
    sent = http.requests[-1]
    assert sent.url == "https://api.monday.com/v2/file"
    content_type = next(value for name, value in sent.headers.items() if name.lower() == "content-type")
    query, content = parts_of(content_type, sent.body or b"")
    assert r'column_id: "fi\"les"' in str(query.get_payload())
    assert content.get_payload(decode=True) == b"%PDF"
    assert content.get_filename() == "pl'an.pdf"


def parts_of(content_type: str, body: bytes) -> list[Message]:
    parsed = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return [part for part in parsed.walk() if not part.is_multipart()]


async def test_what_is_neither_an_address_nor_base64_is_refused():
    with pytest.raises(InvalidInput, match="neither"):
        await MONDAY.actions["monday_upload_file_to_column"].run({**FILE, "file": "%%"}, TOKEN, ports(RecordedHttp()))
