import asyncio
import gzip

import httpx2
import pytest

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from tests.parts.loopback import answer, answering, loopback, read_request

LOOPBACK = EgressPolicy(allowed_hosts=("127.0.0.1",))


async def test_the_map_applies_and_the_host_header_is_the_targets() -> None:
    async with answering(answer()) as server:
        policy = EgressPolicy(url_map={"https://slack.com/api/": f"http://127.0.0.1:{server.port}/emulated/"})
        async with Egress(policy) as egress, egress.httpx_client() as client:
            response = await client.post("https://slack.com/api/oauth?a=b", data={"code": "c"})
    assert response.text == "ok"
    assert server.requests[0].startswith(b"POST /emulated/oauth?a=b HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}".encode() in server.requests[0].lower()
    assert server.requests[0].endswith(b"code=c")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "https://localhost/", "https://[::1]/", "http://0x7f.1/"])
async def test_what_the_policy_refuses_is_a_connect_error(url: str) -> None:
    async with answering(answer()) as server, Egress(EgressPolicy()) as egress, egress.httpx_client() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(url.format(port=server.port))
    assert server.connections == 0


async def test_a_redirect_is_not_followed_and_closing_a_client_keeps_the_connections() -> None:
    async with (
        answering(answer(b"", "Location: http://127.0.0.1:1/", status="302 Found")) as server,
        Egress(LOOPBACK) as egress,
    ):
        for _ in range(3):
            async with egress.httpx_client() as client:
                assert (await client.get(f"http://127.0.0.1:{server.port}/")).status_code == 302
    assert server.connections == 1


async def test_nothing_compressed_is_inflated() -> None:
    bomb = answer(gzip.compress(b"0" * 30_000_000), "Content-Encoding: gzip")
    async with answering(bomb) as server, Egress(LOOPBACK) as egress, egress.httpx_client() as client:
        with pytest.raises(httpx2.DecodingError):
            await client.get(f"http://127.0.0.1:{server.port}/")
    assert b"accept-encoding: identity" in server.requests[0].lower()


async def test_a_large_answer_ends_unless_it_is_a_stream_of_events() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind = b"text/event-stream" if b"/events" in await read_request(reader) else b"text/plain"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(b"data: " + b"x" * 100_000 + b"\n\n")
            await writer.drain()

    async with loopback(endless) as server, Egress(LOOPBACK) as egress, egress.httpx_client() as client:
        with pytest.raises(httpx2.ReadError, match="larger"):
            await client.get(f"http://127.0.0.1:{server.port}/")
        size = 0
        async with client.stream("GET", f"http://127.0.0.1:{server.port}/events") as response:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > 10_000_000:
                    break
    assert size > 10_000_000


async def test_failures_are_httpx_failures() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with (
        loopback(silent) as slow,
        loopback(hang_up) as rude,
        Egress(LOOPBACK) as egress,
        egress.httpx_client(timeout_seconds=0.2) as client,
    ):
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(f"http://127.0.0.1:{slow.port}/")
        with pytest.raises(httpx2.TransportError):
            await client.get(f"http://127.0.0.1:{rude.port}/")
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://127.0.0.1:1/")


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with answering(answer()) as server:
        policy = EgressPolicy(allowed_hosts=("api.example",))
        async with Egress(policy, resolve=resolve) as egress, egress.httpx_client() as client:
            assert (await client.get(f"http://api.example:{server.port}/")).text == "ok"
