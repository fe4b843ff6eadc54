"""Servers that hang, lie, flood and change their minds: an error within the time, and nobody else is affected."""

import asyncio
import gzip
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from integrations.failures import (
    ActionFailed,
    CredentialsRejected,
    PermissionMissing,
    ProviderTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from tests.gateway.upstreams.hostile import (
    OnCall,
    as_event,
    as_json,
    begins_a_stream,
    for_ever,
    misbehaving,
    reply,
    says,
)
from tests.parts.talking import BOTH, MODERN, Servers, Talk, servers

# The server beside the hostile ones has what 2026-07-28 deprecates, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

_SECONDS = 1.0
_ROOT = Path(__file__).parents[3]


@pytest.fixture
async def hurried() -> AsyncIterator[Servers]:
    """The way to servers that have one second."""
    async with servers(_SECONDS) as reaching:
        yield reaching


@pytest.fixture(params=BOTH)
def talk(request: pytest.FixtureRequest) -> Talk:
    """A caller of each era, who wants to hear of progress."""
    return Talk(request.param, meta={"progressToken": 7})


async def answers(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(reply(message)))


async def hangs(_: Any, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def hangs_inside(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
    await hangs(_, writer)


async def hangs_in_the_head(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, b"HTTP/1.1 200 OK\r\ncontent-")
    await hangs(_, writer)


async def drips(message: Any, writer: asyncio.StreamWriter) -> None:
    body = as_json(reply(message, content=[], padding="x" * 10_000))
    await says(writer, *(body[place : place + 1] for place in range(len(body))), after=0.01)


async def drips_comments(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer)
    while True:
        await says(writer, b": still here\n\n", after=0.01)


async def drips_pings(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer)
    while True:
        await says(writer, b"event: ping\ndata: {}\n\n", after=0.01)


async def drips_other_notifications(_: Any, writer: asyncio.StreamWriter) -> None:
    notice = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "still here"}}
    await begins_a_stream(writer)
    while True:
        await says(writer, as_event(notice), after=0.01)


async def tells_of_someone_else_s_progress(_: Any, writer: asyncio.StreamWriter) -> None:
    params = {"progressToken": "another", "progress": 1}
    await begins_a_stream(writer)
    while True:
        await says(
            writer, as_event({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}), after=0.01
        )


@pytest.mark.parametrize(
    "on_call",
    [
        hangs,
        hangs_inside,
        hangs_in_the_head,
        drips,
        drips_comments,
        drips_pings,
        drips_other_notifications,
        tells_of_someone_else_s_progress,
    ],
)
async def test_a_server_that_makes_no_progress_is_left_in_time(hurried: Servers, talk: Talk, on_call: OnCall) -> None:
    async with misbehaving(on_call) as server:
        began = time.monotonic()
        with pytest.raises(ProviderTimedOut, match=r"127\.0\.0\.1 made no progress within 1 seconds"):
            await hurried.call(server.url, "act", talk=talk)
        assert time.monotonic() - began < 2 * _SECONDS
        await server.hung_up.wait()


async def sends_a_gigabyte(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n")
    await for_ever(writer, b"x" * 65_536)


async def sends_a_gigabyte_in_chunks(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    await for_ever(writer, b"10000\r\n" + b"x" * 65_536 + b"\r\n")


async def sends_one_endless_event(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer, b"data: ")
    await for_ever(writer, b"x" * 65_536)


async def sends_one_event_of_endless_lines(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer)
    await for_ever(writer, b"data: x\n" * 8_192)


async def sends_endless_comments(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer)
    await for_ever(writer, b": x\n" * 16_384)


async def sends_one_endless_comment(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer, b": ")
    await for_ever(writer, b"x" * 65_536)


async def sends_large_notifications(_: Any, writer: asyncio.StreamWriter) -> None:
    params = {"level": "info", "data": "x" * 1_000_000}
    await begins_a_stream(writer)
    await for_ever(writer, as_event({"jsonrpc": "2.0", "method": "notifications/message", "params": params}))


async def sends_endless_notifications(_: Any, writer: asyncio.StreamWriter) -> None:
    params = {"progressToken": 2, "progress": 1}
    await begins_a_stream(writer)
    await for_ever(writer, as_event({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}) * 500)


async def sends_a_compressed_bomb(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(gzip.compress(b" " * 50_000_000), "content-encoding: gzip"))


async def sends_a_compressed_stream(_: Any, writer: asyncio.StreamWriter) -> None:
    body = zlib.compress(b"data: {}\n\n" * 5_000_000)
    await says(writer, as_json(body, "content-encoding: deflate", kind="text/event-stream"))


async def sends_deep_json(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b'{"jsonrpc":"2.0","id":1,"result":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"))


async def sends_millions_of_values(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b'{"jsonrpc":"2.0","id":1,"result":{"a":[' + b"{}," * 1_500_000 + b"{}]}}"))


async def sends_no_json(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b'{"jsonrpc": "2.0", '))


async def sends_html_as_json(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b"<html>Sign in</html>"))


async def sends_html(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b"<html>Sign in</html>", kind="text/html; charset=utf-8"))


async def sends_json_as_events(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(reply(message), kind="text/event-stream"))


async def sends_a_list(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json([reply(message)]))


async def answers_another_request(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json({**reply(message), "id": 999}))


async def answers_with_text_for_an_id(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json({**reply(message), "id": str(message["id"])}))


async def answers_with_a_huge_id(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json({**reply(message), "id": "9" * 1_000_000}))


async def answers_with_a_huge_number_for_an_id(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b'{"jsonrpc":"2.0","id":' + b"9" * 4_000 + b',"result":{}}'))


async def redirects(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json({}, "location: http://169.254.169.254/latest", status="307 Temporary Redirect"))


async def fails(_: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(b"<html>boom</html>", status="502 Bad Gateway", kind="text/html"))


async def hangs_up(_: Any, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def ends_the_stream(_: Any, writer: asyncio.StreamWriter) -> None:
    await begins_a_stream(writer)
    writer.close()


@pytest.mark.parametrize(
    ("on_call", "said"),
    [
        (sends_a_gigabyte, "larger than 5242880 bytes"),
        (sends_a_gigabyte_in_chunks, "larger than 5242880 bytes"),
        (sends_one_endless_event, "event larger than 5242880 bytes"),
        (sends_one_event_of_endless_lines, "more than 200000 lines"),
        (sends_endless_comments, "more than 200000 lines"),
        (sends_one_endless_comment, "event larger than 5242880 bytes"),
        (sends_large_notifications, "larger than 33554432 bytes"),
        (sends_endless_notifications, "more than 10000 events"),
        (sends_a_compressed_bomb, "larger than 5242880 bytes|grows more than"),
        (sends_a_compressed_stream, "compressed although that was not asked for"),
        (sends_deep_json, "nested deeper"),
        (sends_millions_of_values, "more than 200000 parts"),
        (sends_no_json, "JSON that can't be accepted"),
        (sends_html_as_json, "JSON that can't be accepted"),
        (sends_html, "answered with text/html and status 200"),
        (sends_json_as_events, "ended the stream before its answer"),
        (sends_a_list, "no JSON-RPC message"),
        (answers_another_request, "answered another request"),
        (answers_with_text_for_an_id, "answered another request"),
        (answers_with_a_huge_id, "answered another request"),
        (answers_with_a_huge_number_for_an_id, "answered another request"),
        (redirects, "redirects to another address"),
        (fails, "failed with status 502"),
        (hangs_up, "broke, or its answer was not HTTP"),
        (ends_the_stream, "ended the stream before its answer"),
    ],
)
async def test_an_answer_that_is_none_is_said_to_be_so(talk: Talk, on_call: OnCall, said: str) -> None:
    async with servers(20) as remote, misbehaving(on_call) as server:
        with pytest.raises(ProviderUnavailable, match=said) as caught:
            await remote.call(server.url, "act", talk=talk)
    assert len(caught.value.message) < 400
    assert "/mcp" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "headers", "failure"),
    [
        ("401 Unauthorized", ['www-authenticate: Bearer error="invalid_token"'], CredentialsRejected),
        ("403 Forbidden", ['www-authenticate: Bearer error="insufficient_scope", scope="a:b c"'], PermissionMissing),
        ("429 Too Many Requests", ["retry-after: 17"], RateLimited),
    ],
)
async def test_refusals_keep_their_meaning(
    remote: Servers, talk: Talk, status: str, headers: list[str], failure: type[ActionFailed]
) -> None:
    async def refuses(_: Any, writer: asyncio.StreamWriter) -> None:
        await says(writer, as_json({}, *headers, status=status))

    async with misbehaving(refuses) as server:
        with pytest.raises(failure) as caught:
            await remote.call(server.url, "act", talk=talk)
    match caught.value:
        case PermissionMissing() as missing:
            assert missing.needed == ("a:b", "c")
        case RateLimited() as limited:
            assert limited.retry_after == 17
        case other:
            assert isinstance(other, CredentialsRejected)


async def test_progress_gives_more_time_but_not_for_ever(talk: Talk) -> None:
    async def never_done(message: Any, writer: asyncio.StreamWriter) -> None:
        token = message["params"]["_meta"]["progressToken"]
        await begins_a_stream(writer)
        for done in range(1_000):
            params = {"progressToken": token, "progress": done}
            notice = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
            await says(writer, as_event(notice), after=0.05)

    async with servers(0.2) as remote, misbehaving(never_done) as server:
        began = time.monotonic()
        with pytest.raises(ProviderTimedOut):
            await remote.call(server.url, "act", talk=talk)
        assert 1.5 < time.monotonic() - began < 3.5
    assert len(talk.heard) > 10


async def test_other_servers_are_not_affected_meanwhile(remote: Servers, everything: str) -> None:
    slowest = 0.0
    async with (
        misbehaving(sends_endless_comments) as flooding,
        misbehaving(hangs) as hanging,
        asyncio.TaskGroup() as calls,
    ):
        for url in [flooding.url, hanging.url] * 10:
            calls.create_task(_fails(remote, url))
        for _ in range(50):
            began = time.monotonic()
            assert (await remote.call(everything, "test_simple_text")).error is None
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2


async def test_messages_of_servers_are_bounded_and_printable(remote: Servers) -> None:
    async def errs(message: Any, writer: asyncio.StreamWriter) -> None:
        words = "\x1b[31mred\u202e" + "y" * 100_000
        error = {"code": -32000, "message": words, "data": {"why": "so"}}
        await says(writer, as_json({"jsonrpc": "2.0", "id": message["id"], "error": error}))

    async with misbehaving(errs) as server:
        answer = await remote.call(server.url, "act", talk=Talk(MODERN))
    assert answer.error is not None
    assert len(json.dumps(answer.error["message"])) < 2_100
    assert "\x1b" not in answer.error["message"]
    assert answer.error["data"] == {"why": "so"}


async def _fails(remote: Servers, url: str) -> None:
    with pytest.raises(ActionFailed):
        await remote.call(url, "act")


async def test_floods_take_less_than_50_megabytes() -> None:
    floods = [
        sends_a_gigabyte,
        sends_a_gigabyte_in_chunks,
        sends_one_endless_event,
        sends_one_event_of_endless_lines,
        sends_endless_comments,
        sends_one_endless_comment,
        sends_large_notifications,
        sends_endless_notifications,
        sends_a_compressed_bomb,
        sends_a_compressed_stream,
        sends_deep_json,
        sends_millions_of_values,
    ]
    async with AsyncExitStack() as stack:
        calm = await stack.enter_async_context(misbehaving(answers))
        urls = {flood.__name__: (await stack.enter_async_context(misbehaving(flood))).url for flood in floods}
        command = [sys.executable, "-m", "tests.gateway.upstreams.measured_calls", calm.url, *urls.values()]
        process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
    grown = json.loads(said)
    # The peak only grows: what stands beside each is the most up to there.
    assert max(grown.values()) < 50, {name: grown[url] for name, url in urls.items()}
