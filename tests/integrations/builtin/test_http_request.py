import asyncio
from collections.abc import AsyncIterator
from typing import Any

import jsonschema_rs
import pytest

from integrations.failures import ActionFailed, InvalidInput, ProviderTimedOut, ProviderUnavailable
from integrations.ports import (
    HttpBroken,
    HttpError,
    HttpRefused,
    HttpRequest,
    HttpResponse,
    HttpTimedOut,
    HttpTooLarge,
    HttpUnreachable,
)
from integrations.testing import RecordedHttp, json_response, sent_query
from tests.integrations.builtin.calling import BuiltIn
from tests.integrations.catalog.accounts import LoopbackHttp
from tests.parts.loopback import Loopback, answer, answering

URL = "https://api.example/things"


async def sent(**arguments: Any) -> HttpRequest:
    """The request that these arguments make."""
    http = RecordedHttp([json_response({})])
    await BuiltIn("http", http=http).run("send_request", **{"method": "GET", "url": URL, **arguments})
    return http.request


async def answered(response: HttpResponse | HttpError, **arguments: Any) -> Any:
    """The output when this comes back."""
    http = RecordedHttp([response])
    return await BuiltIn("http", http=http).run("send_request", **{"method": "GET", "url": URL, **arguments})


async def test_a_request_goes_out_as_it_was_worded():
    request = await sent(
        method="POST",
        url=URL + "?a=1#part",
        headers={"X-Trace": "abc", "X-Count": 5},
        queryParams={"q": "ä b", "tag": ["x", "y"], "n": 5, "yes": True},
        body_type="json",
        body={"data": {"name": "Zoë"}},
        timeout=5,
    )
    assert request.url == URL + "?a=1&q=%C3%A4+b&tag=x&tag=y&n=5&yes=true"
    assert request.headers == {"x-trace": "abc", "x-count": "5", "content-type": "application/json"}
    assert request.body == '{"name":"Zoë"}'.encode()
    assert request.timeout_seconds == 5


@pytest.mark.parametrize(
    ("body_type", "data", "body", "content_type"),
    [
        ("json", [1, None], b"[1,null]", "application/json"),
        ("form_data", {"a": "1 2", "b": ["x", "y"], "c": True}, b"a=1+2&b=x&b=y&c=true", "application/x-www-form-urlencoded"),
        ("raw", "plain", b"plain", "text/plain; charset=utf-8"),
    ],
)  # fmt: skip
async def test_a_body_is_encoded_by_its_type(body_type: str, data: object, body: bytes, content_type: str):
    request = await sent(method="PUT", body_type=body_type, body={"data": data})
    assert (request.body, request.headers["content-type"]) == (body, content_type)
    assert (await sent(body_type="none", body={"data": data})).body is None


async def test_the_callers_own_content_type_is_kept():
    request = await sent(headers={"Content-Type": "application/xml"}, body_type="raw", body={"data": "<a/>"})
    assert request.headers["content-type"] == "application/xml"


@pytest.mark.parametrize(
    ("kind", "fields", "header"),
    [
        ("BASIC", {"username": "ada", "password": "p:w"}, "Basic YWRhOnA6dw=="),
        ("BEARER_TOKEN", {"token": "secret"}, "Bearer secret"),
    ],
)
async def test_authorization_is_made_from_its_fields(kind: str, fields: dict[str, str], header: str):
    assert (await sent(authType=kind, authFields=fields)).headers["authorization"] == header
    with pytest.raises(InvalidInput) as caught:
        await sent(authType=kind, authFields={})
    assert caught.value.path == "/authFields"


@pytest.mark.parametrize(
    "name",
    ["Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Proxy-Authorization"],
)
async def test_headers_of_the_connection_are_refused(name: str):
    with pytest.raises(InvalidInput, match="cannot be given") as caught:
        await sent(headers={name: "x"})
    assert caught.value.path == f"/headers/{name}"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nHost: evil"},
        {"X-A": "a\0b"},
        {"X A": "1"},
        {"": "1"},
        {"X-A\r\n": "1"},
        {"X-A": "→"},
        {"X-A": ["b"]},
    ],
)
async def test_what_is_no_header_is_refused(headers: dict[str, Any]):
    with pytest.raises(InvalidInput):
        await sent(headers=headers)


async def test_a_token_cannot_add_a_header():
    with pytest.raises(InvalidInput) as caught:
        await sent(authType="BEARER_TOKEN", authFields={"token": "a\r\nX-Evil: 1"})
    assert "X-Evil" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.example/",
        "file:///etc/passwd",
        "//api.example/",
        "things",
        "http://",
        "https://user:secret@api.example/",
        "https://api.example/a b",
        "https://api.example/\\..",
        "https://api.example:99999/",
        "https://[::1/",
        "https://api.example/\r\nHost: evil",
    ],
)
async def test_only_an_absolute_web_address_is_asked_for(url: str):
    with pytest.raises(InvalidInput) as caught:
        await sent(url=url)
    assert caught.value.path == "/url"
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(("name", "value"), [("followRedirects", True), ("use_proxy", True)])
async def test_what_would_lead_elsewhere_is_refused_openly(name: str, value: bool):
    with pytest.raises(InvalidInput) as caught:
        await sent(**{name: value})
    assert caught.value.path == f"/{name}"
    assert await sent(**{name: False})


@pytest.mark.parametrize(
    ("content_type", "body", "shown", "encoding"),
    [
        ("application/json", b'{"a": [1, null]}', {"a": [1, None]}, "json"),
        ("application/problem+json; charset=utf-8", b'{"a": 1}', {"a": 1}, "json"),
        ("application/json", b"not json", "not json", "text"),
        ("application/json", b"NaN", "NaN", "text"),
        ("text/plain", "Zoë".encode(), "Zoë", "text"),
        ("text/plain; charset=latin-1", "Zoë".encode("latin-1"), "Zoë", "text"),
        ("text/plain; charset=nonsense", b"abc", "YWJj", "base64"),
        ("image/png", b"\x89PNG\xff", "iVBOR/8=", "base64"),
        ("", b"", "", "text"),
    ],
)
async def test_a_body_is_shown_as_what_it_is(content_type: str, body: bytes, shown: object, encoding: str):
    output = await answered(HttpResponse(200, {"content-type": content_type} if content_type else {}, body))
    assert (output["body"], output["bodyEncoding"]) == (shown, encoding)
    binary = await answered(HttpResponse(200, {"content-type": content_type}, body), response_is_binary=True)
    assert binary["bodyEncoding"] == "base64"


@pytest.mark.parametrize(
    ("mode", "failing"),
    [
        (None, set[int]()),
        ("continue_all", set[int]()),
        ("continue_4xx", {503}),
        ("continue_none", {404, 503}),
        ("retry_none", {404, 503}),
        ("retry_5xx", {404, 503}),
        ("retry_all", {404, 503}),
    ],
)
async def test_a_bad_status_is_an_answer_or_a_failure_as_the_caller_wants(mode: str | None, failing: set[int]):
    for status in (200, 302, 404, 503):
        arguments = {"failureMode": mode} if mode else {}
        if status in failing:
            with pytest.raises(ActionFailed, match="gone") as caught:
                await answered(json_response({"why": "gone"}, status), **arguments)
            assert caught.value.status == status
        else:
            assert (await answered(json_response({}, status), **arguments))["status"] == status


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (HttpRefused("not there"), InvalidInput),
        (HttpTimedOut("too late"), ProviderTimedOut),
        (HttpUnreachable("no way"), ProviderUnavailable),
        (HttpBroken("in two"), ProviderUnavailable),
        (HttpTooLarge("a lot"), ActionFailed),
    ],
)
async def test_no_answer_is_told_by_its_reason(error: HttpError, failure: type[ActionFailed]):
    with pytest.raises(failure, match=error.message):
        await answered(error)


@pytest.mark.parametrize("arguments", [{"method": "TRACE"}, {"timeout": 0}, {"timeout": 121}])
async def test_the_schema_refuses_what_makes_no_request(arguments: dict[str, Any]):
    with pytest.raises(jsonschema_rs.ValidationError):
        await sent(**arguments)


@pytest.fixture
async def redirecting() -> AsyncIterator[Loopback]:
    async with answering(answer(b"", "location: http://127.0.0.1:1/elsewhere", status="302 Found")) as served:
        yield served


async def test_a_redirect_is_shown_and_not_followed(redirecting: Loopback):
    http = BuiltIn("http", http=LoopbackHttp())
    async with asyncio.timeout(10):
        output = await http.run("send_request", method="GET", url=f"http://127.0.0.1:{redirecting.port}/")
    assert output["status"] == 302
    assert output["headers"]["location"] == "http://127.0.0.1:1/elsewhere"
    assert len(redirecting.requests) == 1


async def test_a_query_is_added_to_one_that_is_there():
    assert sent_query(await sent(url=URL + "?a=1", queryParams={"a": "2"})) == {"a": ["1", "2"]}


async def test_whole_numbers_have_no_end():
    big = 10**30
    request = await sent(method="POST", queryParams={"n": big}, body_type="json", body={"data": {"n": big}})
    assert request.url == f"{URL}?n={big}"
    assert request.body == b'{"n":%d}' % big


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "undefined", "rot13", "no-such"])
async def test_a_stranger_cannot_choose_how_hard_its_answer_is_to_read(charset: str):
    """punycode takes hours for what an answer may hold, utf-7 makes text that can't be sent on."""
    body = b"+2AA-" + b"b" * 1_000_000
    response = HttpResponse(200, {"content-type": f"text/plain; charset={charset}"}, body)
    output = await answered(response)
    assert output["bodyEncoding"] == "base64"


async def test_json_that_is_nested_too_deeply_is_handed_on_as_text():
    body = b"[" * 900 + b"]" * 900
    output = await answered(HttpResponse(200, {"content-type": "application/json"}, body))
    assert (output["bodyEncoding"], output["body"]) == ("text", body.decode())
