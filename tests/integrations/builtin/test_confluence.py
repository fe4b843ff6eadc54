import pytest

from integrations.builtin.confluence import stored
from integrations.catalog import Catalog
from integrations.failures import InvalidInput, NotFound
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

ACTIONS = Catalog().get("confluence").actions
ADA = credentials("api_token", username="ada@example.com", password="token", site="acme")
PAGE = {"id": "7", "title": "Plan", "version": {"number": 4}, "body": {"storage": {"value": "<p>Old</p>"}}}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("<p>As <b>is</b></p>", "<p>As <b>is</b></p>"),
        ("One & two\nthree\n\nFour < five", "<p>One &amp; two<br/>three</p><p>Four &lt; five</p>"),
        ("", ""),
    ],
)
def test_plain_text_becomes_paragraphs_and_markup_stays(given: str, value: str):
    assert stored(given) == {"representation": "storage", "value": value}


async def test_a_page_is_made_in_the_space_of_a_key():
    http = RecordedHttp([json_response({"results": [{"id": "12"}]}), json_response(PAGE)])
    made = await ACTIONS["create_page"].run({"space": "DEV", "title": "Plan", "body": "x"}, ADA, ports(http))
    assert http.requests[0].url == "https://acme.atlassian.net/wiki/api/v2/spaces?keys=DEV"
    assert sent_json(http.requests[1])["spaceId"] == "12"
    assert made.output["id"] == "7"


async def test_an_update_is_the_next_version_and_keeps_what_was_not_given():
    http = RecordedHttp([json_response(PAGE), json_response(PAGE)])
    await ACTIONS["update_page"].run({"pageId": "7", "title": "Plans", "versionMessage": "Named"}, ADA, ports(http))
    assert sent_json(http.requests[1]) == {
        "id": "7",
        "status": "current",
        "title": "Plans",
        "body": {"representation": "storage", "value": "<p>Old</p>"},
        "version": {"number": 5, "message": "Named"},
    }


async def test_a_title_finds_its_page_unless_several_have_it():
    several = {"results": [PAGE, PAGE]}
    http = RecordedHttp([json_response({"results": [PAGE]}), json_response(several), json_response({"results": []})])
    found = await ACTIONS["get_page"].run({"pageId": "Plan"}, ADA, ports(http))
    assert found.output["body"] == "<p>Old</p>"
    for failure in (InvalidInput, NotFound):
        with pytest.raises(failure):
            await ACTIONS["get_page"].run({"pageId": "Plan"}, ADA, ports(http))
