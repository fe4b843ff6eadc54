"""A change to many issues at once must not hit all of them because something was left out."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

SENTRY = Catalog().get("sentry")
TOKEN = credentials("auth_token", secret_text="sntryu_1", host="sentry.example.com")


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("bulk_delete_issues", {"organization": "acme"}),
        ("bulk_delete_issues", {"organization": "acme", "query": "is:unresolved", "deleteAllMatching": False}),
        ("bulk_update_issues", {"organization": "acme", "status": "resolved"}),
        ("bulk_update_issues", {"organization": "acme", "issueIds": ["1"]}),
    ],
)
async def test_what_names_no_issues_or_no_change_is_refused_before_anything_is_sent(
    action: str, arguments: dict[str, object]
):
    http = RecordedHttp()
    with pytest.raises(InvalidInput):
        await SENTRY.actions[action].run(arguments, TOKEN, ports(http))
    assert http.requests == []


async def test_all_that_match_are_deleted_where_that_is_said():
    http = RecordedHttp([json_response({}, 204)])
    arguments = {"organization": "acme", "query": "level:debug", "deleteAllMatching": True}
    await SENTRY.actions["bulk_delete_issues"].run(arguments, TOKEN, ports(http))
    assert http.request.url.startswith("https://sentry.example.com/api/0/organizations/acme/issues/?")
    assert sent_query(http.request) == {"query": ["level:debug"]}


async def test_a_list_ends_where_sentry_says_that_nothing_follows():
    link = '<https://sentry.io/api/0/organizations/acme/projects/?cursor=0:100:0>; rel="next"; results="false"'
    http = RecordedHttp([json_response([{"id": "1", "slug": "web"}], link=link)])
    found = await SENTRY.actions["list_projects"].run({"organization": "acme"}, TOKEN, ports(http))
    assert [each["slug"] for each in found.output["items"]] == ["web"]
    assert "next_cursor" not in found.output
    assert len(http.requests) == 1


async def test_an_issue_is_changed_in_what_is_given_only():
    http = RecordedHttp([json_response({"id": "45"})])
    arguments = {"organization": "acme", "issueId": "45", "status": "ignored"}
    await SENTRY.actions["update_issue"].run(arguments, TOKEN, ports(http))
    assert sent_json(http.request) == {"status": "ignored"}
