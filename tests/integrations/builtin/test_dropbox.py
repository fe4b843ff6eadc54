from integrations.catalog import Catalog
from integrations.ports import HttpResponse
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

ACTIONS = Catalog().get("dropbox").actions
ADA = credentials("oauth", access_token="t0ken")


async def test_a_file_is_handed_on_as_a_file_under_the_name_that_dropbox_has_for_it():
    headers = {"content-type": "application/octet-stream", "dropbox-api-result": '{"name": "plan.pdf"}'}
    http = RecordedHttp([HttpResponse(200, headers, b"%PDF")])
    found = await ACTIONS["downloadFile"].run({"path": "id:a4ayc_80_OEAAAAAAAAAXw"}, ADA, ports(http))
    assert found.output == {"name": "plan.pdf", "mime_type": "application/pdf", "size": 4}
    assert [(file.name, file.content) for file in found.attachments] == [("plan.pdf", b"%PDF")]


async def test_a_name_is_written_in_the_header_as_ascii():
    http = RecordedHttp([HttpResponse(200, {"content-type": "application/octet-stream"}, b"x")])
    await ACTIONS["downloadFile"].run({"path": "/ä\x7f.txt"}, ADA, ports(http))
    assert http.request.headers["Dropbox-API-Arg"] == '{"path": "/\\u00e4\\u007f.txt"}'


async def test_the_next_page_of_a_folder_is_asked_for_by_its_cursor_alone():
    first = {"entries": [{".tag": "folder", "name": "a"}], "has_more": True, "cursor": "c1"}
    http = RecordedHttp([json_response(first), json_response({"entries": [], "has_more": False, "cursor": "c2"})])
    page = await ACTIONS["list_dropbox_folder"].run({"path": "", "recursive": False, "limit": 1}, ADA, ports(http))
    assert page.output == {"items": [{"type": "folder", "name": "a"}], "next_cursor": "c1"}
    last = await ACTIONS["list_dropbox_folder"].run({"path": "", "cursor": "c1"}, ADA, ports(http))
    assert http.requests[1].url == "https://api.dropboxapi.com/2/files/list_folder/continue"
    assert sent_json(http.requests[1]) == {"cursor": "c1"}
    assert "next_cursor" not in last.output
