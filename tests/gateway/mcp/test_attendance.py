"""Claims about calls under way: who leaves ends his, who waits for long is kept company."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.acme import BASE_URL
from gateway.mcp.attendance import attended
from tests.flows.slow_api import SlowApi, slow_api
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.mcp_wire import Wire
from tests.parts.served import serving

PATIENCE_SECONDS = 10
MORE_THAN_AT_ONCE = 33
BOTH = "application/json, text/event-stream"
CALL = "acme__get_note", {"id": "note-1"}


async def modern(wire: Wire, accept: str) -> httpx2.Response:
    name, arguments = CALL
    return await wire.modern("tools/call", {"name": name, "arguments": arguments}, Accept=accept)


async def handshake(wire: Wire, accept: str) -> httpx2.Response:
    name, arguments = CALL
    headers = {"MCP-Protocol-Version": "2025-11-25", "Accept": accept}
    return await wire.bare("tools/call", {"name": name, "arguments": arguments}, **headers)


async def bare(wire: Wire, accept: str) -> httpx2.Response:
    name, arguments = CALL
    return await wire.bare("tools/call", {"name": name, "arguments": arguments}, Accept=accept)


Era = Callable[[Wire, str], Awaitable[httpx2.Response]]
ERAS = (modern, handshake, bare)


@pytest.fixture
async def provider() -> AsyncIterator[SlowApi]:
    """An Acme that answers when it is told to."""
    async with slow_api() as api:
        yield api


@pytest.fixture
async def shop(provider: SlowApi, tmp_path: Path) -> AsyncIterator[Shop]:
    async with serving(tmp_path, urls={"acme": {BASE_URL: provider.url}}) as served:
        shop = await open_shop(served)
        await shop.add("acme")
        await shop.connect(shop.alice, "alice")
        yield shop


@pytest.mark.parametrize("accept", [BOTH, "application/json"], ids=["streams", "json"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_call_whose_client_leaves_is_given_up_at_the_provider(
    era: Era, accept: str, wire: Wire, provider: SlowApi
) -> None:
    calling = asyncio.ensure_future(era(wire, accept))
    await provider.has_received(1)
    calling.cancel()
    with suppress(asyncio.CancelledError):
        await calling
    await provider.is_left()


async def test_who_leaves_frees_the_place_of_the_call(wire: Wire, provider: SlowApi) -> None:
    for _ in range(MORE_THAN_AT_ONCE):
        calling = asyncio.ensure_future(modern(wire, BOTH))
        await provider.has_received(1)
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling
        await provider.is_left()


@pytest.mark.parametrize("accept", [BOTH, "application/json"], ids=["streams", "json"])
@pytest.mark.parametrize("era", ERAS)
async def test_a_quick_call_is_answered_in_json(era: Era, accept: str, wire: Wire, provider: SlowApi) -> None:
    provider.release.set()
    answer = await era(wire, accept)
    assert answer.headers["content-type"] == "application/json"
    assert "at last" in answer.json()["result"]["content"][0]["text"]


class Client:
    """The far side of one request, without a network: what it was sent, and a way to leave."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.is_watched = asyncio.Event()
        self._has_asked = False
        self._something = asyncio.Condition()

    async def receive(self) -> Message:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b"{}", "more_body": False}
        self.is_watched.set()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        async with self._something:
            self.sent.append(message)
            self._something.notify_all()

    async def has(self, messages: int) -> None:
        """Wait until so many messages have come."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._something:
            await self._something.wait_for(lambda: len(self.sent) >= messages)

    @property
    def start(self) -> Message:
        return self.sent[0]

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


def answers_when(released: asyncio.Event) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await released.wait()
        await JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {"text": "two\nlines"}})(scope, receive, send)

    return serve


async def run(app: ASGIApp, client: Client) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await app({"type": "http", "method": "POST", "headers": []}, client.receive, client.send)


async def test_a_long_call_becomes_a_stream_of_comments_and_one_event() -> None:
    client, released = Client(), asyncio.Event()
    running = asyncio.create_task(run(attended(answers_when(released), may_stream=True, ping_seconds=0.01), client))
    await client.has(4)
    released.set()
    await running
    assert client.start["status"] == 200
    assert (b"content-type", b"text/event-stream") in client.start["headers"]
    blocks = [block for block in client.body.decode().split("\r\n\r\n") if block]
    assert len([block for block in blocks if block == ": ping"]) >= 3
    (event,) = (block for block in blocks if not block.startswith(":"))
    fields = dict(line.split(": ", 1) for line in event.split("\r\n"))
    assert fields["event"] == "message"
    assert json.loads(fields["data"]) == {"jsonrpc": "2.0", "id": 1, "result": {"text": "two\nlines"}}
    assert blocks[-1] == event
    assert [message.get("more_body", False) for message in client.sent[-2:]] == [True, False]


async def test_who_takes_only_json_gets_json_however_long_it_takes() -> None:
    client, released = Client(), asyncio.Event()
    running = asyncio.create_task(run(attended(answers_when(released), may_stream=False, ping_seconds=0.001), client))
    await asyncio.wait_for(client.is_watched.wait(), PATIENCE_SECONDS)
    # Long enough for a hundred comments.
    await asyncio.sleep(0.1)
    assert client.sent == []
    released.set()
    await running
    assert (b"content-type", b"application/json") in client.start["headers"]
    assert json.loads(client.body)["id"] == 1


async def test_a_quick_call_is_over_before_anybody_is_watched() -> None:
    client, released = Client(), asyncio.Event()
    released.set()
    await run(attended(answers_when(released), may_stream=True, ping_seconds=0.001), client)
    assert not client.is_watched.is_set()
    assert (b"content-type", b"application/json") in client.start["headers"]
    assert len(client.sent) == 2


@pytest.mark.parametrize("has_waited", [False, True], ids=["in silence", "behind comments"])
async def test_who_leaves_ends_the_work_and_is_sent_nothing_more(has_waited: bool) -> None:
    client, ended = Client(), asyncio.Event()

    async def work(_scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            await asyncio.Future()
        finally:
            ended.set()

    running = asyncio.create_task(run(attended(work, may_stream=has_waited, ping_seconds=0.01), client))
    if has_waited:
        await client.has(3)
    client.left.set()
    await running
    assert ended.is_set()
    assert not [message for message in client.sent[1:] if not message.get("more_body")]


async def test_what_fails_in_the_work_is_not_taken_for_a_client_that_left() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("broken")

    with pytest.raises(ExceptionGroup) as caught:
        await run(attended(fail, may_stream=True), Client())
    assert caught.group_contains(ValueError, match="broken")


async def test_no_comment_comes_behind_the_answer() -> None:
    """A client so slow that the answer is still on its way when the next comment is due."""
    client, released, may_take = Client(), asyncio.Event(), asyncio.Event()

    async def send_slowly(message: Message) -> None:
        await client.send(message)
        if b"data:" in message.get("body", b""):
            await may_take.wait()

    app = attended(answers_when(released), may_stream=True, ping_seconds=0.005)
    scope: Scope = {"type": "http", "method": "POST", "headers": []}
    running = asyncio.ensure_future(app(scope, client.receive, send_slowly))
    await client.has(2)
    released.set()
    while not client.body.endswith(b"}}\r\n\r\n"):
        await client.has(len(client.sent) + 1)
    # Several comments would be due.
    await asyncio.sleep(0.05)
    may_take.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)
    assert client.sent[-1].get("more_body", False) is False
    assert b"data:" in client.sent[-1]["body"]
