import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.egress_stream import ServerEvent
from integrations.ports import HttpBroken, HttpRefused, HttpRequest, HttpTooLarge, HttpUnreachable
from tests.parts.loopback import answer, answering, loopback, read_request
from tests.parts.ports import free_port

_EVENTS = "content-type: text/event-stream; charset=utf-8"


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(EgressPolicy(("127.0.0.1",))) as opened:
        yield opened


def get(port: int) -> HttpRequest:
    return HttpRequest("GET", f"http://127.0.0.1:{port}/path?key=s3cret")


async def events_of(egress: Egress, port: int) -> list[ServerEvent]:
    async with egress.stream(get(port)) as streamed:
        return [event async for event in streamed.events(max_event_bytes=1_000, max_bytes=100_000)]


async def test_an_answer_is_read_whole_within_its_limit(egress: Egress) -> None:
    async with answering(answer(b"x" * 100, "Content-Type: Application/JSON ; a=b")) as served:
        async with egress.stream(get(served.port)) as streamed:
            assert (streamed.status, streamed.content_type) == (200, "application/json")
            assert await streamed.read(100) == b"x" * 100
        async with egress.stream(get(served.port)) as streamed:
            with pytest.raises(HttpTooLarge, match=r"127\.0\.0\.1 is larger than 99 bytes"):
                await streamed.read(99)
        # Read to its end, the first one left its connection to the second.
        assert served.connections == 1


async def test_events_keep_every_byte(egress: Egress) -> None:
    body = 'id: 7\nretry: 5\nevent: note\ndata: {"a":\ndata: "é🙂\u2028"}\n\n: comment\n\ndata: last\n\n'.encode()
    async with answering(answer(body, _EVENTS)) as served:
        assert await events_of(egress, served.port) == [
            ServerEvent("note", '{"a":\n"é🙂\u2028"}'.encode(), "7", 5),
            ServerEvent("message", b"last", "7", None),
        ]


async def test_events_arrive_before_the_stream_ends(egress: Egress) -> None:
    heard = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n")
        await heard.wait()
        writer.write(b"data: 2\n\n")
        writer.close()

    async with loopback(handler) as served, egress.stream(get(served.port)) as streamed:
        seen: list[bytes] = []
        async for event in streamed.events(max_event_bytes=1_000, max_bytes=1_000):
            seen.append(event.data)
            heard.set()
    assert seen == [b"1", b"2"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"data: " + b"x" * 3_000 + b"\n\n", "an event larger than 1000 bytes"),
        (b"data: " + b"x" * 1_500 + b"\n\n", "an event larger than 1000 bytes"),
        (b"data: x\n\n" * 20_000, "larger than 100000 bytes"),
    ],
)
async def test_events_and_streams_are_bounded(egress: Egress, body: bytes, said: str) -> None:
    async with answering(answer(body, _EVENTS)) as served:
        with pytest.raises(HttpTooLarge, match=said):
            await events_of(egress, served.port)


async def test_a_compressed_stream_is_refused(egress: Egress) -> None:
    async with answering(answer(b"..", _EVENTS, "content-encoding: gzip")) as served:
        with pytest.raises(HttpBroken, match="compressed although that was not asked for"):
            await events_of(egress, served.port)
        assert b"accept-encoding: identity" in served.requests[0].lower()


async def test_leaving_the_block_ends_the_connection(egress: Egress) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        await reader.read()

    async with loopback(handler) as served:
        async with egress.stream(get(served.port)) as streamed:
            assert streamed.status == 200
        await served.hung_up.wait()


async def test_a_stream_obeys_the_policy_and_failures_name_the_host_alone(egress: Egress) -> None:
    port = free_port()
    for request, failure in [
        (get(port), HttpUnreachable),
        (HttpRequest("GET", "https://10.0.0.1/path?key=s3cret"), HttpRefused),
        (HttpRequest("CONNECT", "http://127.0.0.1/"), HttpRefused),
        (HttpRequest("GET", "http://127.0.0.1/", {"host": "example.com"}), HttpRefused),
    ]:
        with pytest.raises(failure) as caught:
            async with egress.stream(request):
                pass
        assert "s3cret" not in str(caught.value)
        assert caught.value.__cause__ is None


async def test_a_redirect_is_an_answer(egress: Egress) -> None:
    async with (
        answering(answer(b"", "location: http://169.254.169.254/", status="302 Found")) as served,
        egress.stream(get(served.port)) as streamed,
    ):
        assert streamed.status == 302
