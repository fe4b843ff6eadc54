"""Paths of OneDrive stay below its root, words stay inside their literal, and recipients are taken from one line."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

CATALOG = Catalog()
ME = credentials("oauth", access_token="token1")
ROOT = "https://graph.microsoft.com/v1.0/me/drive/root"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (None, f"{ROOT}/children?%24top=50"),
        ("/", f"{ROOT}/children?%24top=50"),
        ("/Documents/Q1 & Q2", f"{ROOT}:/Documents/Q1%20%26%20Q2:/children?%24top=50"),
    ],
)
async def test_a_folder_is_named_by_its_path(path: str | None, address: str):
    http = RecordedHttp([json_response({"value": []})])
    arguments = {} if path is None else {"path": path}
    await CATALOG.get("microsoft-onedrive").actions["list_files"].run(arguments, ME, ports(http))
    assert http.request.url == address


async def test_a_path_does_not_climb():
    http = RecordedHttp()
    with pytest.raises(InvalidInput):
        await CATALOG.get("microsoft-onedrive").actions["list_files"].run({"path": "/../x"}, ME, ports(http))
    assert http.requests == []


async def test_a_quote_in_a_search_does_not_end_its_literal():
    http = RecordedHttp([json_response({"value": []})])
    await CATALOG.get("microsoft-onedrive").actions["search_files"].run({"query": "Ada's"}, ME, ports(http))
    assert http.request.url.startswith(f"{ROOT}/search(q='Ada%27%27s')")


async def test_a_mail_goes_to_everybody_on_the_line():
    http = RecordedHttp([json_response({}, 202)])
    arguments = {"to": "ada@example.com, bob@example.com", "subject": "Hi", "body": "Hello", "cc": "eve@example.com"}
    await CATALOG.get("microsoft-outlook").actions["send_email"].run(arguments, ME, ports(http))
    message = sent_json(http.request)["message"]
    assert [each["emailAddress"]["address"] for each in message["toRecipients"]] == [
        "ada@example.com",
        "bob@example.com",
    ]
    assert message["body"] == {"contentType": "Text", "content": "Hello"}
    assert len(message["ccRecipients"]) == 1
