"""Following remote servers: what of their streams is taken, and what is not."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from gateway.upstreams.follow import LISTEN, PROMPTS_CHANGED, RESOURCES_CHANGED, TOOLS_CHANGED, UPDATED, Follow
from gateway.upstreams.following import NOT_OFFERED
from integrations.failures import CredentialsRejected, ProviderUnavailable
from integrations.ports import McpAnswer
from tests.gateway.upstreams.hostile import Misbehaving, misbehaving
from tests.parts.eras import HandshakeOnly, ModernOnly
from tests.parts.gated import Gated
from tests.parts.talking import Servers, Talk, servers, serving
from tests.support.everything.changes import WATCHED
from tests.support.everything.server import create_app

# The server has what 2026-07-28 deprecates, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

ERAS = pytest.mark.parametrize("only", [HandshakeOnly, ModernOnly])
SSE = (b"content-type", b"text/event-stream")
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


class Heard(list[tuple[str, str | None]]):
    """What was passed on."""

    def note(self, method: str, uri: str | None) -> None:
        self.append((method, uri))

    async def until(self, claim: Callable[[], bool]) -> None:
        with anyio.fail_after(10):
            while not claim():  # noqa: ASYNC110 - the claim is about another task's list
                await anyio.sleep(0.01)


def follow(heard: Heard, *uris: str) -> Follow:
    wanted = Follow(heard.note)
    wanted.want(frozenset({TOOLS_CHANGED, PROMPTS_CHANGED, RESOURCES_CHANGED}), frozenset(uris))
    return wanted


@asynccontextmanager
async def followed(
    remote: Servers, url: str, wanted: Follow, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[asyncio.Task[McpAnswer]]:
    """Follow a server for as long as the block lasts; all that is wanted would be heard from its beginning on."""
    task = asyncio.create_task(remote.ask(url, LISTEN, talk=wanted, headers=headers))
    settled = asyncio.create_task(wanted.settled())
    await asyncio.wait((task, settled), return_when=asyncio.FIRST_COMPLETED)
    settled.cancel()
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@ERAS
async def test_changes_are_heard_and_tools_are_listed_again(remote: Servers, only: Callable[[Any], Any]) -> None:
    heard = Heard()
    async with serving(only(create_app())) as url, followed(remote, url, follow(heard, WATCHED)):
        await remote.call(url, "test_trigger_prompt_change")
        await remote.call(url, "test_update_watched_resource")
        await remote.call(url, "test_update_watched_resource", {"uri": "test://another"})
        await remote.call(url, "test_trigger_tool_change")
        await heard.until(lambda: len(remote.lists) > 0)

    assert heard == [(PROMPTS_CHANGED, None), (UPDATED, WATCHED), (TOOLS_CHANGED, None)]
    assert "test_simple_text" in {tool["name"] for tool in remote.lists[0]}


@ERAS
async def test_other_resources_can_be_wanted_while_a_server_is_followed(
    remote: Servers, only: Callable[[Any], Any]
) -> None:
    heard = Heard()
    wanted = follow(heard)
    async with serving(only(create_app())) as url, followed(remote, url, wanted):
        await remote.call(url, "test_update_watched_resource")
        for uris in ({WATCHED}, {"test://another"}):
            wanted.want(wanted.kinds, frozenset(uris))
            await wanted.settled()
            await remote.call(url, "test_update_watched_resource")
            await remote.call(url, "test_update_watched_resource", {"uri": "test://another"})
        await heard.until(lambda: len(heard) == 2)

    assert heard == [(UPDATED, WATCHED), (UPDATED, "test://another")]


@ERAS
async def test_a_credential_that_is_refused_is_said_to_be(remote: Servers, only: Callable[[Any], Any]) -> None:
    async with serving(Gated(only(create_app()), "right")) as url:
        with pytest.raises(CredentialsRejected):
            await remote.ask(url, LISTEN, talk=follow(Heard()), headers={"authorization": "Bearer wrong"})


async def test_a_subscription_of_a_handshake_caller_is_no_business_of_a_server_without(remote: Servers) -> None:
    async with serving(ModernOnly(create_app())) as url:
        answer = await remote.ask(url, "resources/subscribe", {"uri": WATCHED}, talk=Talk("2025-11-25"))
    assert answer == McpAnswer()


async def test_a_server_that_has_no_such_stream_is_not_followed(remote: Servers) -> None:
    async with handshaking() as server:
        server.on_get = saying(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
        assert await remote.ask(server.url, LISTEN, talk=follow(Heard())) == NOT_OFFERED


async def test_a_server_that_refuses_the_stream_alone_is_not_followed_and_the_account_stands(remote: Servers) -> None:
    everything = HandshakeOnly(create_app())

    async def without_stream(scope: Any, receive: Any, send: Any) -> None:
        refuses = scope["type"] == "http" and scope["method"] == "GET"
        await (PlainTextResponse("", 401) if refuses else everything)(scope, receive, send)

    async with serving(without_stream) as url:
        assert await remote.ask(url, LISTEN, talk=follow(Heard())) == NOT_OFFERED


async def test_a_stream_that_the_server_ends_is_over(remote: Servers) -> None:
    async with handshaking() as server:
        server.on_get = saying(STREAM)
        assert await remote.ask(server.url, LISTEN, talk=follow(Heard())) == McpAnswer()


async def test_a_server_that_does_not_acknowledge_is_given_up() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = json.loads((await receive())["body"])
        if body["method"] == "server/discover":
            result = {"supportedVersions": ["2026-07-28"], "capabilities": {}}
            await JSONResponse({"jsonrpc": "2.0", "id": body["id"], "result": result})(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [SSE]})
            await send({"type": "http.response.body", "body": b": here\n\n", "more_body": True})
            await receive()

    async with servers(timeout_seconds=0.2) as hasty, serving(app) as url:
        with pytest.raises(ProviderUnavailable, match="acknowledge"):
            await hasty.ask(url, LISTEN, talk=follow(Heard()))


async def test_nothing_but_the_four_kinds_is_taken_and_questions_are_refused(remote: Servers) -> None:
    heard = Heard()
    said = [
        {"id": "q1", "method": "elicitation/create", "params": {"message": "Your password?"}},
        {"id": "q2", "method": "sampling/createMessage", "params": {}},
        {"id": "q3", "method": "ping"},
        {"method": "notifications/message", "params": {"level": "alert", "data": "!"}},
        {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 1}},
        {"method": "notifications/resources/updated", "params": {"uri": "test://nobody-asked"}},
        {"method": "notifications/resources/updated", "params": {"uri": ["test://wanted"]}},
        {"method": "notifications/resources/list_changed"},
    ]
    async with handshaking() as server:
        server.on_get = saying(STREAM + b"".join(map(event, said)), stays=True)
        async with followed(remote, server.url, follow(heard, "test://wanted")):
            answers = {
                key: await server.until(lambda each, key=key: each.get("id") == key) for key in ("q1", "q2", "q3")
            }
            await heard.until(lambda: len(heard) > 0)

    assert heard == [(RESOURCES_CHANGED, None)]
    assert [answers[key].get("error", {}).get("code") for key in ("q1", "q2")] == [-32601, -32601]
    assert answers["q3"]["result"] == {}


async def test_who_asks_without_end_gets_no_answers_without_end(remote: Servers) -> None:
    questions = [{"id": f"q{number}", "method": "roots/list"} for number in range(40)]
    heard = Heard()
    async with handshaking() as server:
        server.on_get = saying(STREAM + b"".join(map(event, [*questions, {"method": PROMPTS_CHANGED}])), stays=True)
        async with followed(remote, server.url, follow(heard)):
            await heard.until(lambda: len(heard) > 0)
        answered = [each for each in server.requests if "error" in each]

    assert 0 < len(answered) <= 16


@asynccontextmanager
async def handshaking() -> AsyncGenerator[Misbehaving]:
    """A server that wants a handshake, and answers everything asked in its session."""

    async def on_call(_: Any, __: Any) -> None:
        return

    async with misbehaving(on_call) as server:
        server.session_id = "session"
        server.further = {
            "server/discover": lambda _: {"no": "evidence"},
            "resources/subscribe": lambda _: {},
        }
        yield server


def saying(words: bytes, *, stays: bool = False) -> Callable[[str, asyncio.StreamWriter], Any]:
    async def on_get(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()
        if stays:
            await asyncio.Event().wait()
        writer.close()

    return on_get


def event(message: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n\n"
