import pytest

from integrations.failures import ActionFailed, CredentialsRejected, ProviderTimedOut, ProviderUnavailable, RateLimited
from integrations.integration import Integration
from integrations.loading import load
from integrations.ports import HttpBroken, HttpError, HttpResponse, HttpTimedOut, HttpUnreachable
from integrations.testing import Moment, RecordedHttp, credentials, json_response, ports

OK = json_response({"ok": True})
ACME = Integration(
    load(
        """
name: acme
title: Acme
auth: [{key: main, type: secret_text}]
api: {base_url: "https://api.example.com/"}
actions:
  - {name: read, title: Read, request: {get: a}}
  - {name: write, title: Write, request: {post: a}}
  - {name: write_twice, title: Write, request: {post: a}, hints: {idempotent: true}}
""",
        "acme.yaml",
    )
)


async def outcome(action: str, *replies: HttpResponse | HttpError) -> tuple[object, list[float], int]:
    """What came of it, the waits between, and how many requests were sent."""
    moment, http = Moment(), RecordedHttp([*replies])
    run = ACME.actions[action].run({}, credentials("main", secret_text="key"), ports(http, moment=moment))
    try:
        result: object = (await run).output
    except ActionFailed as error:
        result = type(error)
    return result, moment.slept, len(http.requests)


def limited(status: int, **headers: str) -> HttpResponse:
    return json_response({"message": "later"}, status, **headers)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_with_a_short_wait_is_tried_again_after_it(status: int):
    assert await outcome("read", limited(status, retry_after="2"), OK) == ({"ok": True}, [2.0], 2)


async def test_without_a_wish_the_waits_grow():
    assert await outcome("read", limited(503), limited(429), OK) == ({"ok": True}, [0.5, 1.0], 3)


async def test_a_long_wait_is_handed_to_the_caller_instead():
    moment = Moment()
    http = RecordedHttp([limited(429, retry_after="60")])
    with pytest.raises(RateLimited) as caught:
        await ACME.actions["read"].run({}, credentials("main", secret_text="key"), ports(http, moment=moment))
    assert (caught.value.retry_after, moment.slept) == (60, [])


async def test_all_waits_together_are_bounded():
    refusals = [limited(429, retry_after="6"), limited(429, retry_after="6")]
    assert await outcome("read", *refusals) == (RateLimited, [6.0], 2)


async def test_it_gives_up_after_three_tries():
    assert await outcome("read", *[limited(503, retry_after="1")] * 3) == (ProviderUnavailable, [1.0, 1.0], 3)


@pytest.mark.parametrize("reply", [limited(429, retry_after="1"), limited(503, retry_after="1"), HttpBroken("reset")])
async def test_what_may_have_happened_is_not_done_twice(reply: HttpResponse | HttpError):
    result, slept, sent = await outcome("write", reply)
    assert result in {RateLimited, ProviderUnavailable}
    assert (slept, sent) == ([], 1)


async def test_an_action_that_says_it_is_idempotent_is_tried_again():
    assert await outcome("write_twice", limited(429, retry_after="1"), OK) == ({"ok": True}, [1.0], 2)


async def test_what_never_left_is_tried_again_even_if_it_writes():
    assert await outcome("write", HttpUnreachable("refused"), OK) == ({"ok": True}, [0.5], 2)


async def test_a_broken_connection_is_tried_again_where_that_is_safe():
    assert await outcome("read", HttpBroken("reset"), OK) == ({"ok": True}, [0.5], 2)


async def test_a_timeout_is_not_tried_again():
    assert await outcome("read", HttpTimedOut("30 s")) == (ProviderTimedOut, [], 1)


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialsRejected), (500, ProviderUnavailable)])
async def test_other_refusals_are_final(status: int, kind: type[ActionFailed]):
    assert await outcome("read", limited(status, retry_after="1")) == (kind, [], 1)
