"""What the emulators can't show: requests of methods that they lack, and answers that only the real providers give."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import ActionFailed, CredentialsRejected, InvalidInput, PermissionMissing, RateLimited
from integrations.ports import HttpResponse
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

CATALOG = Catalog()
METHODS = {"slack": "user", "github": "oauth", "gmail": "oauth"}


async def run(name: str, action: str, /, *replies: HttpResponse, **arguments: Any) -> tuple[Any, RecordedHttp]:
    """The output of an action, and what was sent for it."""
    http = RecordedHttp([*replies])
    declared = CATALOG.get(name).actions[action]
    account = credentials(METHODS[name], access_token="secret-token")
    return (await declared.run(arguments, account, ports(http))).output, http


@pytest.mark.parametrize(
    ("action", "arguments", "method", "body"),
    [
        ("search_messages", {"query": "hi"}, "search.messages", b"count=20&query=hi"),
        ("list_usergroups", {"include_users": True}, "usergroups.list", b"include_users=true"),
        ("create_usergroup", {"name": "A", "handle": "a"}, "usergroups.create", b'{"name":"A","handle":"a"}'),
        ("update_usergroup", {"usergroup": "S1", "name": "B"}, "usergroups.update", b'{"usergroup":"S1","name":"B"}'),
        (
            "update_usergroup_users",
            {"usergroup": "S1", "users": "U1,U2"},
            "usergroups.users.update",
            b'{"usergroup":"S1","users":"U1,U2"}',
        ),
        ("enable_usergroup", {"usergroup": "S1"}, "usergroups.enable", b'{"usergroup":"S1"}'),
        ("disable_usergroup", {"usergroup": "S1"}, "usergroups.disable", b'{"usergroup":"S1"}'),
    ],
)
async def test_slack_is_asked_as_its_reference_says(action: str, arguments: dict[str, Any], method: str, body: bytes):
    answer = json_response({"ok": True, "messages": {"total": 0, "matches": []}, "usergroups": [], "usergroup": {}})
    _, http = await run("slack", action, answer, **arguments)
    assert (http.request.url, http.request.body) == (f"https://slack.com/api/{method}", body)
    assert http.request.headers["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("token_expired", CredentialsRejected),
        ("account_inactive", CredentialsRejected),
        ("missing_scope", PermissionMissing),
        ("not_allowed_token_type", PermissionMissing),
        ("ratelimited", RateLimited),
        ("no_text", InvalidInput),
        ("fatal_error", ActionFailed),
    ],
)
async def test_slacks_errors_mean_what_its_reference_says(error: str, failure: type[ActionFailed]):
    with pytest.raises(failure, match=error) as caught:
        await run("slack", "send_channel_message", json_response({"ok": False, "error": error}), channel="C", text="x")
    assert type(caught.value) is failure


async def test_a_handle_is_looked_for_on_every_page():
    def page(cursor: str, *names: str) -> HttpResponse:
        members = [{"id": f"U{name}", "name": name, "profile": {"display_name": f"the {name}"}} for name in names]
        return json_response({"ok": True, "members": members, "response_metadata": {"next_cursor": cursor}})

    found, http = await run("slack", "find_user_by_handle", page("c1", "ada", "bob"), page("", "cleo"), handle="Cleo")
    assert found["id"] == "Ucleo"
    assert http.requests[1].body == b"limit=200&cursor=c1"
    found, _ = await run("slack", "find_user_by_handle", page("", "ada", "bob"), handle="the bob")
    assert found["id"] == "Ubob"


async def test_bots_and_former_members_are_not_listed_unless_bots_are_wanted():
    members = [
        {"id": "U1", "name": "ada", "profile": {"email": "ada@example.com"}},
        {"id": "U2", "name": "gone", "deleted": True},
        {"id": "U3", "name": "ci", "is_bot": True},
        {"id": "USLACKBOT", "name": "slackbot"},
    ]
    answer = json_response({"ok": True, "members": members})
    people, _ = await run("slack", "list_users", answer)
    assert [person["name"] for person in people["users"]] == ["ada"]
    everyone, _ = await run("slack", "list_users", answer, include_bots=True)
    assert [person["name"] for person in everyone["users"]] == ["ada", "ci", "slackbot"]


async def test_a_slack_file_goes_to_the_address_it_was_given_without_the_token():
    ticket = json_response({"ok": True, "upload_url": "https://files.slack.com/upload/v1/abc", "file_id": "F1"})
    source = HttpResponse(200, {}, b"\x89PNG")
    done = json_response({"ok": True, "files": [{"id": "F1"}]})
    replies = (source, ticket, HttpResponse(200, {}, b"OK - 4"), done)
    arguments = {"channels": "C1, C2", "file_url": "https://example.com/a.png", "filename": "a.png"}
    _, http = await run("slack", "upload_file", *replies, **arguments)
    fetched, _, upload, complete = http.requests
    assert (upload.url, upload.body) == ("https://files.slack.com/upload/v1/abc", b"\x89PNG")
    assert "secret-token" not in repr((fetched.headers, upload.headers))
    assert sent_json(complete) == {"files": [{"id": "F1", "title": "a.png"}], "channels": "C1,C2"}


async def test_github_says_which_field_is_wrong():
    problem = {
        "message": "Validation Failed",
        "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}],
    }
    with pytest.raises(InvalidInput, match="Validation Failed: title: missing_field"):
        await run("github", "create_issue", json_response(problem, 422), repository="a/b", title="x")


async def test_githubs_primary_limit_is_a_403_with_nothing_remaining():
    limited = HttpResponse(
        403,
        {"content-type": "application/json", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795262460"},
        b'{"message": "API rate limit exceeded for user ID 1."}',
    )
    with pytest.raises(RateLimited) as caught:
        await run("github", "create_issue", limited, repository="a/b", title="x")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 0


async def test_github_is_spoken_to_in_one_version_of_its_api():
    _, http = await run("github", "get_repository", json_response({}), repository="acme/my repo")
    assert http.request.url == "https://api.github.com/repos/acme/my%20repo"
    assert http.request.headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert http.request.headers["Accept"] == "application/vnd.github+json"


async def test_a_github_file_too_large_for_json_is_asked_for_by_itself():
    about = json_response({"type": "file", "path": "a.txt", "sha": "1", "size": 2_000_000, "encoding": "none"})
    blob = json_response({"encoding": "base64", "content": b64encode("Zoë".encode()).decode()})
    found, http = await run("github", "get_file_contents", about, blob, repository="a/b", path="dir/a.txt", ref="main")
    assert (found["content"], found["encoding"]) == ("Zoë", "utf-8")
    assert [request.url.removeprefix("https://api.github.com/repos/a/b/") for request in http.requests] == [
        "contents/dir/a.txt?ref=main",
        "git/blobs/1",
    ]


@pytest.mark.parametrize(
    ("reason", "status", "failure"),
    [
        ("authError", 401, CredentialsRejected),
        ("insufficientPermissions", 403, PermissionMissing),
        ("userRateLimitExceeded", 403, RateLimited),
        ("rateLimitExceeded", 403, RateLimited),
        ("invalidArgument", 400, InvalidInput),
    ],
)
async def test_googles_reasons_mean_what_its_reference_says(reason: str, status: int, failure: type[ActionFailed]):
    error = {"code": status, "message": "Because.", "errors": [{"reason": reason, "domain": "global"}]}
    with pytest.raises(failure, match="Because") as caught:
        await run("gmail", "send_draft", json_response({"error": error}, status), draftId="d1")
    assert type(caught.value) is failure


async def test_gmails_profile_and_aliases_are_read():
    profile, http = await run("gmail", "get_profile", json_response({"emailAddress": "ada@example.com"}))
    assert profile == {"emailAddress": "ada@example.com"}
    assert http.request.url == "https://gmail.googleapis.com/gmail/v1/users/me/profile"
    _, http = await run("gmail", "get_send_as_alias", json_response({}), sendAsEmail="a/b@example.com")
    assert http.request.url.endswith("/settings/sendAs/a%2Fb%40example.com")


def gmail_headers(**headers: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()]


@pytest.mark.parametrize(
    ("labels", "headers", "recipient"),
    [
        (["INBOX"], {"From": "Ada <ada@example.com>", "To": "me@example.com"}, "Ada <ada@example.com>"),
        (["INBOX"], {"From": "ada@example.com", "Reply_To": "list@example.com"}, "list@example.com"),
        (["SENT"], {"From": "me@example.com", "To": "bob@example.com"}, "bob@example.com"),
        (["INBOX"], {"From": "=?UTF-8?Q?Doe=2C_Jane?= <jane@example.com>"}, '"Doe, Jane" <jane@example.com>'),
        (["INBOX"], {"From": "=?UTF-8?Q?a=0D=0ABcc=3A_b?= <a@example.com>"}, '"a  Bcc: b" <a@example.com>'),
        (["INBOX"], {"From": "=?UTF-8?B?R3LDvMOfZQ==?= <zoe@example.com>"}, "=?utf-8?b?R3LDvMOfZQ==?= <zoe@example.com>"),
    ],
)  # fmt: skip
async def test_a_reply_goes_to_whoever_is_waiting_for_it(labels: list[str], headers: dict[str, str], recipient: str):
    original = {
        "threadId": "t1",
        "labelIds": labels,
        "payload": {"headers": gmail_headers(Subject="re: Hi", **headers)},
    }
    _, http = await run(
        "gmail", "reply_to_email", json_response(original), json_response({"id": "m2"}), messageId="m1", body="Yes"
    )
    sent = sent_json(http.requests[1])
    assert sent["threadId"] == "t1"
    assert f"To: {recipient}\r\nSubject: re: Hi\r\n" in mail_source(sent["raw"])


def mail_source(raw: str) -> str:
    return urlsafe_b64decode(raw).decode()


async def test_a_hostile_original_cannot_steer_a_reply():
    headers = gmail_headers(From="eve@example.com\r\nBcc: eve2@example.com", Subject="Hi\r\nBcc: eve3@example.com")
    original = json_response({"threadId": "t1", "payload": {"headers": headers}})
    with pytest.raises(InvalidInput) as caught:
        await run("gmail", "reply_to_email", original, messageId="m1", body="Yes")
    assert caught.value.path == "/messageId"
    headers[0]["value"] = "eve@example.com"
    original = json_response({"threadId": "t1", "payload": {"headers": headers}})
    _, http = await run("gmail", "reply_to_email", original, json_response({}), messageId="m1", body="Yes")
    assert "\r\nBcc:" not in mail_source(sent_json(http.requests[1])["raw"])


async def test_a_mail_that_is_html_is_forwarded_with_its_words_and_its_files():
    data = urlsafe_b64encode(b"<p>1 &lt; 2</p>").decode()
    parts = [
        {"mimeType": "text/html", "body": {"data": data}},
        {"mimeType": "text/plain", "filename": "a.txt", "body": {"data": urlsafe_b64encode(b"small").decode()}},
        {"mimeType": "text/plain", "filename": "b.txt", "body": {"attachmentId": "a1"}},
    ]
    original = json_response({"payload": {"headers": gmail_headers(Subject="<b>Hi</b>"), "parts": parts}})
    file = json_response({"data": urlsafe_b64encode(b"large").decode()})
    arguments = {"messageId": "m1", "to": "bob@example.com", "additionalMessage": "<i>FYI</i>", "isHtml": True}
    _, http = await run("gmail", "forward_email", original, file, json_response({}), **arguments)
    written = mail_source(sent_json(http.requests[2])["raw"])
    assert "Subject: Fwd: <b>Hi</b>" in written
    for expected in ("<i>FYI</i>", "Subject: &lt;b&gt;Hi&lt;/b&gt;", "1 &lt; 2", "c21hbGw=", "bGFyZ2U="):
        assert expected in written


async def test_an_attachment_is_handed_on_in_plain_base64():
    content = bytes(range(250, 256))
    answer = json_response({"size": 6, "data": urlsafe_b64encode(content).decode().rstrip("=")})
    found, http = await run("gmail", "get_attachment", answer, messageId="m1", attachmentId="a/1")
    assert found == {"size": 6, "encoding": "base64", "content": b64encode(content).decode()}
    assert http.request.url.endswith("/messages/m1/attachments/a%2F1")


async def test_a_list_asks_for_no_more_than_the_main_headers():
    listed = json_response({"messages": [{"id": "m1"}], "nextPageToken": "p2"})
    message = json_response({"id": "m1", "payload": {"headers": gmail_headers(From="ada@example.com")}})
    arguments = {"query": "is:unread", "labelIds": ["TRASH"], "maxResults": 1.0}
    found, http = await run("gmail", "list_messages", listed, message, **arguments)
    assert found == {"messages": [{"id": "m1", "from": "ada@example.com"}], "nextPageToken": "p2"}
    assert sent_query(http.requests[0]) == {
        "q": ["is:unread"],
        "labelIds": ["TRASH"],
        "maxResults": ["1"],
        "includeSpamTrash": ["true"],
    }
    assert sent_query(http.requests[1])["metadataHeaders"] == ["From", "To", "Subject", "Date"]
