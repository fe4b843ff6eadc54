from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import CredentialsRejected, InvalidInput
from integrations.integration import Integration
from integrations.loading import load
from integrations.ports import HttpResponse, HttpTimedOut
from integrations.testing import RecordedHttp, Reply, credentials, json_response, ports, sent_json, sent_query

GITHUB = Catalog().get("github")
BASE = "https://api.github.com/"


async def send(*replies: Reply, **arguments: Any) -> tuple[Any, RecordedHttp]:
    """What a request answers, and what was sent."""
    http = RecordedHttp([*replies] or [json_response({})])
    action = GITHUB.any_request
    assert action is not None
    result = await action.run(arguments, credentials("oauth", access_token="gho_secret"), ports(http))
    return result.output, http


async def test_a_request_goes_below_the_apis_address_with_the_credential():
    answer = json_response([{"id": 1}], 200, x_ratelimit_remaining="9", set_cookie="sid=1")
    given = {"method": "GET", "path": "/repos/acme/my site/labels", "query": {"page": 2, "label": ["a", "b"]}}
    output, http = await send(answer, **given, headers={"X-Trace": "1"})
    assert http.request.url == f"{BASE}repos/acme/my%20site/labels?page=2&label=a&label=b"
    assert http.request.headers["Authorization"] == "Bearer gho_secret"
    assert http.request.headers["X-Trace"] == "1"
    headers = {"content-type": "application/json", "x-ratelimit-remaining": "9"}
    assert output == {"status": 200, "headers": headers, "body": [{"id": 1}]}


async def test_a_body_is_json_a_form_or_text_as_its_type_says():
    _, http = await send(method="POST", path="a", body={"x": [1, None]})
    assert sent_json(http.request) == {"x": [1, None]}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    _, http = await send(method="POST", path="a", body={"x": {"y": 1}}, headers=form)
    assert http.request.body == b"x%5By%5D=1"
    _, http = await send(method="PUT", path="a", body="<x/>", headers={"content-type": "text/xml"})
    assert http.request.body == b"<x/>"
    _, http = await send(method="POST", path="a", body=None)
    assert http.request.body == b"null"


async def test_what_is_encoded_already_stays_encoded():
    _, http = await send(method="GET", path="projects/group%2Fsite/a+b@c")
    assert http.request.url == f"{BASE}projects/group%2Fsite/a+b@c"
    _, http = await send(method="GET", path="")
    assert http.request.url == BASE


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "a/%2e%2e/x",
        "a/%252e%252E/x",
        "a/..%2fx",
        "a/%5c..%5cx",
        "//evil.example/x",
        "a?x=1",
        "a#x",
        "a\\..\\b",
        "a\nb",
        "a\x00",
        "./a",
        "a/..;/..;x=1/admin",
        "a/%2e%2e%3b/x",
        "a/.. /x",
        "a/..%00/x",
        "a/%0d%0aHost: x",
    ],
)
async def test_a_path_that_could_lead_elsewhere_is_refused(path: str):
    with pytest.raises(InvalidInput):
        await send(method="GET", path=path)


@pytest.mark.parametrize("path", ["https://evil.example/x", "@evil.example/x", ":80/x"])
async def test_no_path_changes_the_host(path: str):
    _, http = await send(method="GET", path=path)
    assert http.request.url.startswith(BASE)


ELSEWHERE = ["X-Original-URL", "x-rewrite-url", "X-Forwarded-Host", "Forwarded"]


@pytest.mark.parametrize(
    "name", ["Authorization", "cookie", "Host", "X-GitHub-Api-Version", "Content-Length", "a b", *ELSEWHERE]
)
async def test_a_header_that_the_connection_or_http_decides_is_refused(name: str):
    with pytest.raises(InvalidInput):
        await send(method="GET", path="a", headers={name: "x"})


@pytest.mark.parametrize("name", ["_method", ".method", " _Method", "[method", "$httpMethod", "X-HTTP-Method-Override"])
async def test_no_parameter_makes_it_a_request_of_another_method(name: str):
    with pytest.raises(InvalidInput):
        await send(method="GET", path="posts/1", query={name: "DELETE"})
    with pytest.raises(InvalidInput):
        await send(method="POST", path="posts/1", body={name: "DELETE"})


async def test_no_line_break_gets_into_a_header():
    with pytest.raises(InvalidInput):
        await send(method="GET", path="a", headers={"X-A": "b\r\nAuthorization: c"})


@pytest.mark.parametrize("status", [302, 403, 404, 422, 429, 500, 503])
async def test_a_refusal_is_handed_on_and_nothing_is_sent_twice(status: int):
    output, http = await send(json_response({"message": "no"}, status, retry_after="1"), method="GET", path="a")
    assert (output["status"], output["body"]) == (status, {"message": "no"})
    assert output["headers"]["retry-after"] == "1"
    assert len(http.requests) == 1


REFUSED = json_response({"message": "Bad credentials"}, 401)


async def test_a_dead_credential_is_told_as_such():
    with pytest.raises(CredentialsRejected):
        await send(REFUSED, REFUSED, method="GET", path="a")


async def test_an_endpoint_that_refuses_a_good_credential_is_no_dead_account():
    output, http = await send(REFUSED, json_response({"id": 1}), method="POST", path="app/installations")
    assert (output["status"], output["body"]) == (401, {"message": "Bad credentials"})
    assert [request.url for request in http.requests] == [f"{BASE}app/installations", f"{BASE}user"]


async def test_a_provider_that_can_not_be_asked_just_now_ends_no_account():
    output, _ = await send(REFUSED, json_response({}, 422), method="GET", path="app")
    assert output["status"] == 401


@pytest.mark.parametrize(
    "auth",
    ["type: secret_text", "type: oauth2, authorize: {url: 'https://e.com/a'}, token: {url: 'https://e.com/t'}"],
)
async def test_where_nothing_can_be_tried_no_endpoint_ends_an_account(auth: str):
    text = f'name: acme\ntitle: Acme\nauth: [{{key: main, {auth}}}]\napi: {{base_url: "https://api.example.com/"}}'
    action = Integration(load(text, "acme.yaml")).any_request
    assert action is not None
    held = credentials("main", secret_text="key", access_token="token")
    result = await action.run({"method": "GET", "path": "a"}, held, ports(RecordedHttp([REFUSED])))
    assert result.output["status"] == 401


async def test_an_endpoint_that_repeats_the_credential_does_not_give_it_away():
    answer = json_response({"you_sent": "Bearer gho_secret"}, link="<https://x/?t=gho_secret>")
    output, _ = await send(answer, method="GET", path="a")
    assert "gho_secret" not in repr(output)
    assert output["body"] == {"you_sent": "Bearer [hidden]"}


@pytest.mark.parametrize("written", ["gho/se+cret=", r"gho\/se+cret=", "gho%2Fse%2Bcret%3D", "gho/se%2Bcret%3D"])
async def test_no_way_to_write_the_credential_gives_it_away(written: str):
    http = RecordedHttp([HttpResponse(200, {"content-type": "application/json"}, f'{{"a":"{written}"}}'.encode())])
    action = GITHUB.any_request
    assert action is not None
    held = credentials("oauth", access_token="gho/se+cret=")
    result = await action.run({"method": "GET", "path": "a"}, held, ports(http))
    assert result.output["body"] == {"a": "[hidden]"}


async def test_a_file_is_handed_on_as_one():
    output, _ = await send(HttpResponse(200, {"content-type": "image/png"}, b"\x89PNG"), method="GET", path="logo")
    assert output["body"] == {"name": "response", "mime_type": "image/png", "size": 4}


async def test_no_answer_is_a_failure():
    with pytest.raises(Exception, match="in time"):
        await send(HttpTimedOut("GitHub did not answer in time"), method="POST", path="a")


def test_a_tool_takes_no_headers_and_only_the_methods_that_are_wanted():
    reading = GITHUB.requesting(["GET"])
    assert reading is not None
    # Clients call without asking what only reads, and some APIs write by GET.
    assert (reading.hints.read_only, reading.hints.destructive, reading.hints.idempotent) == (False, True, False)
    assert reading.input_schema["properties"].keys() == {"method", "path", "query", "body"}
    assert reading.input_schema["properties"]["method"]["enum"] == ["GET"]
    writing = GITHUB.requesting(["POST", "GET"])
    assert writing is not None
    assert writing.input_schema["properties"]["method"]["enum"] == ["GET", "POST"]
    assert GITHUB.requesting(["GET"]) is reading


def test_what_has_no_account_has_no_such_request():
    assert Catalog().get("kv-store").any_request is None
    assert Catalog().get("http").any_request is None
    assert GITHUB.requesting([]) is None


async def test_a_parameter_that_carries_the_credential_is_not_for_callers():
    assert sent_query((await send(method="GET", path="a", query={"q": True}))[1].request) == {"q": ["true"]}
