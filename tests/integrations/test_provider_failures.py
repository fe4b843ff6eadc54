from datetime import UTC, datetime

import pytest

from integrations.failures import (
    ActionFailed,
    CredentialsRejected,
    InvalidInput,
    NotFound,
    PermissionMissing,
    ProviderTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from integrations.integration import Integration
from integrations.loading import load
from integrations.manifest import Retry
from integrations.ports import (
    HttpBroken,
    HttpError,
    HttpRefused,
    HttpResponse,
    HttpTimedOut,
    HttpTooLarge,
    HttpUnreachable,
    Json,
)
from integrations.provider_failures import wait_asked_for
from integrations.testing import RecordedHttp, credentials, json_response, ports

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SLACK = """failure: {when: {/ok: false}, message: /error, needed: /needed,
            reconnect_on: [invalid_auth], permission_on: [missing_scope], not_found_on: [channel_not_found],
            rate_on: [ratelimited], invalid_on: [no_text]}"""
GOOGLE = """failure: {message: /error/message, code: [/error/status, /error/errors/0/reason, /error/code],
            rate_on: [userRateLimitExceeded, 4290]}"""
GITHUB = """failure: {message: [/message, /errors/0/message]}
  retry: {remaining_header: X-RateLimit-Remaining, reset_header: x-ratelimit-reset}"""


def posting(api: str = "") -> Integration:
    """An integration whose one action posts, so that nothing is tried twice."""
    text = f"""
name: acme
title: Acme
auth: [{{key: main, type: secret_text}}]
api:
  base_url: https://api.example.com/
  {api}
actions:
  - {{name: act, title: Act, request: {{post: act}}}}
"""
    return Integration(load(text, "acme.yaml"))


async def failure(reply: HttpResponse | HttpError, api: str = "", *, secret: str = "s3cret-value") -> ActionFailed:
    with pytest.raises(ActionFailed) as caught:
        await posting(api).actions["act"].run({}, credentials("main", secret_text=secret), ports(RecordedHttp([reply])))
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ActionFailed),
        (400, InvalidInput),
        (401, CredentialsRejected),
        (402, ActionFailed),
        (403, PermissionMissing),
        (404, NotFound),
        (405, ActionFailed),
        (408, ProviderTimedOut),
        (409, ActionFailed),
        (410, NotFound),
        (422, InvalidInput),
        (429, RateLimited),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
        (599, ProviderUnavailable),
    ],
)
async def test_a_status_has_its_meaning(status: int, kind: type[ActionFailed]):
    error = await failure(json_response({"message": "Because."}, status))
    assert type(error) is kind
    assert (error.message, error.status) == ("Because.", status)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_auth", CredentialsRejected),
        ("missing_scope", PermissionMissing),
        ("channel_not_found", NotFound),
        ("ratelimited", RateLimited),
        ("no_text", InvalidInput),
        ("anything_else", ActionFailed),
    ],
)
async def test_a_code_in_a_200_answer_has_the_meaning_that_the_manifest_gives_it(code: str, kind: type[ActionFailed]):
    error = await failure(json_response({"ok": False, "error": code}), SLACK)
    assert type(error) is kind
    assert error.message == code


async def test_a_missing_permission_names_the_scopes_that_would_do():
    error = await failure(
        json_response({"ok": False, "error": "missing_scope", "needed": "chat:write,users:read"}), SLACK
    )
    assert isinstance(error, PermissionMissing)
    assert error.needed == ("chat:write", "users:read")


async def test_codes_win_over_the_status_and_numbers_count_as_codes():
    body = {"error": {"message": "Slow down", "errors": [{"reason": "userRateLimitExceeded"}]}}
    assert type(await failure(json_response(body, 403), GOOGLE)) is RateLimited
    assert type(await failure(json_response({"error": {"message": "Slow", "code": 4290}}, 400), GOOGLE)) is RateLimited


@pytest.mark.parametrize(
    ("ok", "is_failure"), [(False, True), (0, False), (None, False), ("false", False), (True, False)]
)
async def test_the_failure_marker_must_be_exactly_the_value(ok: Json, is_failure: bool):
    http = RecordedHttp([json_response({"ok": ok})])
    run = posting(SLACK).actions["act"].run({}, credentials("main", secret_text="key"), ports(http))
    if is_failure:
        with pytest.raises(ActionFailed):
            await run
    else:
        assert (await run).output == {"ok": ok}


async def test_errors_in_a_graphql_answer_are_a_failure():
    error = await failure(
        json_response({"data": None, "errors": [{"message": "No such field"}]}),
        "failure: {when_present: /errors/0, message: /errors/0/message}",
    )
    assert (type(error), error.message) == (ActionFailed, "No such field")


async def test_several_messages_are_joined():
    body = {"message": "Validation failed", "errors": [{"message": "title is missing"}]}
    assert (await failure(json_response(body, 422), GITHUB)).message == "Validation failed: title is missing"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error_description": "Token is old", "error": "invalid"}, "Token is old"),
        ({"error": {"message": "Nested"}}, "Nested"),
        ({"errors": [{"detail": "JSON:API"}]}, "JSON:API"),
        ({"detail": "Problem"}, "Problem"),
        ({"something": "else"}, "The provider answered 404 Not Found."),
        ([], "The provider answered 404 Not Found."),
    ],
)
async def test_without_a_pointer_the_usual_places_are_tried(body: Json, message: str):
    assert (await failure(json_response(body, 404))).message == message


async def test_a_plain_text_answer_is_the_message_and_a_page_is_not():
    text = HttpResponse(500, {"content-type": "text/plain; charset=utf-8"}, b"Database is down")
    page = HttpResponse(502, {"content-type": "text/html"}, b"<html><h1>Bad gateway</h1>")
    assert (await failure(text)).message == "Database is down"
    assert (await failure(page)).message == "The provider answered 502 Bad Gateway."


async def test_the_message_is_one_bounded_line_without_control_characters():
    noisy = "a\x00b\r\nSet-Cookie: x\x1b[31m\u202egnp\u200b" + "x" * 5000
    message = (await failure(json_response({"message": noisy}, 400))).message
    assert message.startswith("a b Set-Cookie: x [31m gnp x")
    assert len(message) == 500


@pytest.mark.parametrize(
    ("secret", "echo"),
    [
        ("s3cret-value", "Bad token s3cret-value."),
        ("s3cret/v?lue", "Bad url https://e.com/?k=s3cret%2Fv%3Flue."),
    ],
)
async def test_a_credential_that_the_provider_echoes_is_blotted_out(secret: str, echo: str):
    error = await failure(json_response({"message": echo}, 401), secret=secret)
    assert "s3cret" not in error.message
    assert "[hidden]" in error.message


async def test_basic_credentials_are_blotted_out_in_their_encoded_form_too():
    text = "name: a\ntitle: A\nauth: [{key: main, type: basic}]\napi: {base_url: 'https://e.com'}\n"
    integration = Integration(load(text + "actions: [{name: act, title: A, request: {post: x}}]", "a"))
    http = RecordedHttp([lambda request: json_response({"message": request.headers["Authorization"]}, 401)])
    with pytest.raises(CredentialsRejected) as caught:
        await integration.actions["act"].run({}, credentials("main", username="ann", password="longpass"), ports(http))
    assert caught.value.message == "Basic [hidden]"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (HttpTimedOut("No answer within 30 s"), ProviderTimedOut),
        (HttpTooLarge("Larger than 5 MiB"), ActionFailed),
        (HttpRefused("Private address"), ActionFailed),
        (HttpBroken("Connection reset"), ProviderUnavailable),
    ],
)
async def test_a_request_without_an_answer_has_its_meaning(error: HttpError, kind: type[ActionFailed]):
    found = await failure(error)
    assert type(found) is kind
    assert found.message == error.message


async def test_an_unreachable_provider_is_unavailable():
    http = RecordedHttp([HttpUnreachable("No such host")] * 3)
    with pytest.raises(ProviderUnavailable):
        await posting().actions["act"].run({}, credentials("main", secret_text="key"), ports(http))


async def test_a_success_that_is_no_json_is_an_unavailable_provider():
    broken = HttpResponse(200, {"content-type": "application/json"}, b'{"ok": tr')
    assert type(await failure(broken)) is ProviderUnavailable


async def test_a_403_with_nothing_remaining_is_a_rate_limit_with_its_end():
    reset = str(int(NOW.timestamp()) + 90)
    limited = json_response(
        {"message": "API rate limit exceeded"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=reset
    )
    error = await failure(limited, GITHUB)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 90
    allowed = json_response({"message": "Not yours"}, 403, x_ratelimit_remaining="12")
    assert type(await failure(allowed, GITHUB)) is PermissionMissing


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:00 GMT"}, 60),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"x-reset": "30"}, 30),
        ({"x-reset": str(int(NOW.timestamp()) + 30)}, 30),
        ({"x-reset": str(int(NOW.timestamp() + 30) * 1000)}, 30),
        ({}, None),
    ],
)
def test_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float | None):
    assert wait_asked_for(headers, Retry(reset_header="X-Reset"), NOW) == seconds


async def test_missing_scopes_are_bounded_and_never_repeat_the_credential():
    """They stand in the message, and the provider words them."""
    scopes = ["s3cret-value", "x" * 10_000, *("scope" for _ in range(1000))]
    error = await failure(json_response({"ok": False, "error": "missing_scope", "needed": scopes}), SLACK)
    assert isinstance(error, PermissionMissing)
    assert (error.needed[0], len(error.needed[1]), len(error.needed)) == ("[hidden]", 500, 20)


@pytest.mark.parametrize("year", ["99999999999999999999", "10000", "0"])
def test_a_moment_that_no_calendar_has_is_no_wait(year: str):
    assert wait_asked_for({"retry-after": f"Mon, 01 Jan {year} 00:00:00 GMT"}, Retry(), NOW) in (None, 0.0)
