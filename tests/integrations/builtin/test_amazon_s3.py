from typing import Any

import pytest

from integrations.action import ActionResult
from integrations.catalog import Catalog
from integrations.failures import ActionFailed, InvalidInput
from integrations.ports import HttpResponse
from integrations.testing import RecordedHttp, credentials, ports

KEY = credentials("access_key", access_key_id="AKIA", secret_access_key="s", region="eu-central-1", bucket="acme")
COMPATIBLE = credentials(
    "compatible",
    endpoint="https://s3.example.com/",
    access_key_id="a",
    secret_access_key="s",
    region="auto",
    bucket="b",
)
XML = {"content-type": "application/xml"}
LISTING = b"""<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n=</NextContinuationToken>
<Contents><Key>a+b%2Bc</Key><Size>2</Size><LastModified>2026-01-31T00:00:00.000Z</LastModified><ETag>"e"</ETag></Contents>
</ListBucketResult>"""


async def run(name: str, *replies: HttpResponse, **arguments: Any) -> tuple[ActionResult, RecordedHttp]:
    http = RecordedHttp([*replies])
    return await Catalog().get("amazon-s3").actions[name].run(arguments, KEY, ports(http)), http


async def test_keys_come_back_as_they_are_and_a_single_file_is_a_list_too():
    result, _ = await run("list-files", HttpResponse(200, XML, LISTING))
    assert result.output == {
        "files": [{"key": "a b+c", "size": 2, "last_modified": "2026-01-31T00:00:00.000Z", "etag": "e"}],
        "next_cursor": "n=",
    }


async def test_a_text_is_read_as_text_and_all_else_as_a_file():
    result, _ = await run("read-file", HttpResponse(200, {"content-type": "text/csv"}, "ü".encode()), key="a/b.csv")
    assert result.output == {"key": "a/b.csv", "content_type": "text/csv", "size": 2, "content": "ü"}
    result, _ = await run("read-file", HttpResponse(200, {"content-type": "text/plain"}, b"\xff"), key="a/b.txt")
    assert [(file.name, file.content) for file in result.attachments] == [("b.txt", b"\xff")]


async def test_a_file_that_could_not_be_copied_stays_where_it_is():
    failed = b"<Error><Code>InternalError</Code><Message>We had trouble.</Message></Error>"
    with pytest.raises(ActionFailed, match="We had trouble"):
        await run("moveFile", HttpResponse(200, XML, failed), fileKey="in/a.txt", folderKey="out/")


async def test_moving_a_file_to_where_it_is_would_delete_it_and_is_refused():
    with pytest.raises(InvalidInput) as caught:
        await run("moveFile", fileKey="in/a.txt", folderKey="/in/")
    assert caught.value.path == "/folderKey"


@pytest.mark.parametrize("key", ["/a", "a//b", "../a", "a/./b"])
async def test_a_key_that_an_address_cannot_say_is_refused(key: str):
    with pytest.raises(InvalidInput) as caught:
        await run("deleteFile", key=key)
    assert caught.value.path == "/key"


async def test_an_upload_is_a_file_or_a_text_and_a_text_needs_a_key():
    _, http = await run("upload-file", HttpResponse(200, {}, b""), text="a,b", fileName="in/a.csv")
    assert (http.request.body, http.request.headers["Content-Type"]) == (b"a,b", "text/csv")
    with pytest.raises(InvalidInput, match="fileName"):
        await run("upload-file", text="a,b")
    with pytest.raises(InvalidInput, match="either file or text"):
        await run("upload-file", text="a,b", file="YQ==", fileName="a")


async def test_a_compatible_storage_is_asked_at_its_own_address():
    http = RecordedHttp([HttpResponse(204, {}, b"")])
    await Catalog().get("amazon-s3").actions["deleteFile"].run({"key": "a/b c"}, COMPATIBLE, ports(http))
    assert http.request.url == "https://s3.example.com/b/a/b%20c"
    assert "/auto/s3/aws4_request" in http.request.headers["Authorization"]
