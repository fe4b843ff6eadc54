"""Files of Drive, documents and contacts: what callers get of them."""

from typing import Any

import pytest

from integrations.failures import InvalidInput, NotFound
from integrations.testing import json_response, sent_json, sent_query
from tests.integrations.builtin.google import answers, run, text

APPS = "application/vnd.google-apps."


async def test_a_sheet_is_read_as_the_csv_that_drive_makes_of_it():
    http = answers({"id": "f1", "name": "Plan", "mimeType": f"{APPS}spreadsheet"}, text("a,b\n1,2\n", "text/csv"))
    found = await run("google-drive.read_file", http, fileId="f1")
    assert found["text"] == "a,b\n1,2\n"
    assert sent_query(http.requests[1]) == {"mimeType": ["text/csv"]}


async def test_a_long_text_comes_in_parts_that_join_without_a_gap():
    whole, parts, start = "".join(chr(ord("a") + index % 26) for index in range(250)), list[str](), 0
    while True:
        http = answers({"id": "f1", "name": "a.txt", "mimeType": "text/plain"}, text(whole))
        found = await run("google-drive.read_file", http, fileId="f1", offset=start, maxCharacters=100)
        parts.append(found["text"])
        if "nextOffset" not in found:
            break
        start = found["nextOffset"]
    assert ([len(part) for part in parts], "".join(parts)) == ([100, 100, 50], whole)


async def test_a_picture_has_no_text():
    http = answers({"id": "f1", "name": "cat.png", "mimeType": "image/png"})
    with pytest.raises(InvalidInput, match="use download_file"):
        await run("google-drive.read_file", http, fileId="f1")


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"content": "n/a!", "encoding": "base64"}, "/content"),
        ({"content": "x", "mimeType": "text/plain\r\nX-Evil: 1"}, "/mimeType"),
    ],
)
async def test_an_upload_that_is_not_what_it_says_is_not_sent(arguments: dict[str, str], path: str):
    http = answers({})
    with pytest.raises(InvalidInput) as caught:
        await run("google-drive.upload_file", http, name="a", **arguments)
    assert (caught.value.path, http.requests) == (path, [])


async def test_a_file_that_is_in_the_folder_already_is_not_taken_out_of_it():
    http = answers({"parents": ["d1"]}, {"id": "f1"})
    await run("google-drive.move_file", http, fileId="f1", folderId="d1")
    assert "removeParents" not in sent_query(http.requests[1])


def paragraph(content: str, start: int, style: str = "NORMAL_TEXT", **more: Any) -> dict[str, Any]:
    """A paragraph as Google describes it."""
    place = {"startIndex": start, "endIndex": start + len(content)}
    run_of_text = {"elements": [{"textRun": {"content": content}}], "paragraphStyle": {"namedStyleType": style}}
    return place | {"paragraph": run_of_text | more}


TABLE = {"table": {"tableRows": [{"tableCells": [{"content": [paragraph("a|b\n", 30)]}, {"content": []}]}]}}
LINK = {"elements": [{"richLink": {"richLinkProperties": {"title": "Plan", "uri": "https://example.com/"}}}]}
DOCUMENT = {
    "documentId": "d1",
    "title": "Notes",
    "revisionId": "r1",
    "tabs": [
        {
            "tabProperties": {"tabId": "t1", "title": "One"},
            "documentTab": {
                "body": {
                    "content": [
                        {"sectionBreak": {}, "endIndex": 1},
                        paragraph("Notes\n", 1, "HEADING_1"),
                        paragraph("milk\n", 7, bullet={"listId": "l"}),
                        paragraph("oat\n", 12, bullet={"listId": "l", "nestingLevel": 1}),
                        {"startIndex": 16, "endIndex": 18, "paragraph": LINK},
                        TABLE,
                    ]
                }
            },
            "childTabs": [
                {
                    "tabProperties": {"tabId": "t2", "title": "Two"},
                    "documentTab": {"body": {"content": [paragraph("Inside\n", 1)]}},
                }
            ],
        }
    ],
}


async def test_a_document_reads_as_markdown():
    found = await run("google-docs.get_document", answers(DOCUMENT), documentId="d1")
    assert found["text"] == "# Notes\n- milk\n  - oat\n[Plan](https://example.com/)\n\n| a\\|b |  |\n| --- | --- |\n"
    assert found["tabs"] == [{"tabId": "t1", "title": "One"}, {"tabId": "t2", "title": "Two"}]


async def test_a_tab_within_a_tab_is_read_by_its_id():
    found = await run("google-docs.get_document", answers(DOCUMENT), documentId="d1", tabId="t2")
    assert found["text"] == "Inside\n"
    with pytest.raises(NotFound):
        await run("google-docs.get_document", answers(DOCUMENT), documentId="d1", tabId="t9")


async def test_paragraphs_come_with_their_places_a_part_at_a_time():
    asked = {"documentId": "d1", "format": "paragraphs", "maxCharacters": 8}
    first = await run("google-docs.get_document", answers(DOCUMENT), **asked)
    assert first["paragraphs"] == [{"startIndex": 1, "endIndex": 7, "style": "HEADING_1", "text": "Notes\n"}]
    second = await run("google-docs.get_document", answers(DOCUMENT), **asked, offset=first["nextOffset"])
    assert [each["text"] for each in second["paragraphs"]] == ["milk\n"]


async def test_formatting_says_what_to_format():
    with pytest.raises(InvalidInput, match="at least one of bold"):
        await run("google-docs.format_text", answers(), documentId="d1", startIndex=1, endIndex=2)


async def test_a_question_to_choose_from_has_choices():
    with pytest.raises(InvalidInput) as caught:
        await run("google-forms.add_question", answers(), formId="f1", title="Which?", type="radio", index=0)
    assert caught.value.path == "/options"


async def test_a_question_goes_behind_the_last_one():
    http = answers({"items": [{"itemId": "a"}, {"itemId": "b"}]}, {"replies": [{"createItem": {"itemId": "c"}}]})
    assert await run("google-forms.add_question", http, formId="f1", title="How?", type="scale", high=7) == {
        "itemId": "c"
    }
    created = sent_json(http.requests[1])["requests"][0]["createItem"]
    assert created["location"] == {"index": 2}
    assert created["item"]["questionItem"]["question"]["scaleQuestion"] == {"low": 1, "high": 7}


async def test_a_colleague_who_is_no_contact_is_not_changed():
    http = answers({"metadata": {"sources": [{"type": "DOMAIN_PROFILE", "id": "1"}]}})
    with pytest.raises(NotFound):
        await run("google-contacts.update_contact", http, resourceName="people/c1", phone="+41 44 668 18 00")
    assert len(http.requests) == 1


async def test_a_file_of_googles_own_is_not_taken_for_one_that_needs_another_permission():
    said = {"error": {"code": 403, "message": "Use Export.", "errors": [{"reason": "fileNotDownloadable"}]}}
    with pytest.raises(InvalidInput, match="Use Export"):
        await run("google-drive.download_file", answers(json_response(said, status=403)), fileId="f1")
