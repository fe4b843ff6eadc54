from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports

KEY = credentials("api_key", api_key="key", server="us21")
CAMPAIGN = {
    "campaign_type": "regular",
    "list_id": "l1",
    "subject_line": "March",
    "title": "March",
    "from_name": "Acme",
    "from_email": "news@acme.example",
    "reply_to": "news@acme.example",
}


async def run(name: str, http: RecordedHttp, **arguments: Any) -> Any:
    return (await Catalog().get("mailchimp").actions[name].run(arguments, KEY, ports(http))).output


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"content_type": "html"}, "/html_content"),
        ({"content_type": "url", "html_content": "<p>"}, "/content_url"),
        ({"content_type": "template", "template_id": "seven"}, "/template_id"),
    ],
)
async def test_a_campaign_without_its_content_is_not_even_begun(content: dict[str, str], path: str):
    http = RecordedHttp([])
    with pytest.raises(InvalidInput) as caught:
        await run("create_campaign", http, **CAMPAIGN, **content)
    assert (caught.value.path, http.requests) == (path, [])


async def test_a_member_is_told_without_the_links_of_the_api():
    http = RecordedHttp([json_response({"id": "m1", "_links": [{"rel": "self"}]})])
    found = await run("find_subscriber", http, list_id="l1", email="Ada+x@example.com")
    assert found == {"id": "m1"}
    assert http.request.url == "https://us21.api.mailchimp.com/3.0/lists/l1/members/Ada%2Bx%40example.com"
