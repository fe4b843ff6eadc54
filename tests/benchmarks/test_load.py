import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.cpu import _from_proc, _from_ps, cpu_seconds
from benchmarks.load import Target, UnexpectedAnswer, _end_of_answer, connected, percentile, tools_call

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"ok": 1}'


@asynccontextmanager
async def server(answer: Callable[[int], bytes]) -> AsyncGenerator[tuple[Target, list[bytes]]]:
    """A server that answers each request by its number, and hangs up where the answer is empty; requests are kept."""
    requests: list[bytes] = []
    visits: list[asyncio.Task[Any] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                requests.append(await reader.readuntil(b"\r\n\r\n"))
                if not (text := answer(len(requests))):
                    break
                writer.write(text)
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield Target("127.0.0.1", port, b"GET / HTTP/1.1\r\n\r\n", b'"ok"'), requests
        await asyncio.gather(*filter(None, visits))


async def test_the_first_round_of_answers_is_not_measured() -> None:
    async with server(lambda _number: ANSWER) as (target, requests), connected([target], clients=3) as clients:
        load = await clients.load(0.05)
    assert load.calls == len(requests) - 3
    assert 0.05 <= load.seconds < 1


async def test_every_client_has_its_own_target_as_long_as_there_are_enough() -> None:
    async with server(lambda _number: ANSWER) as (target, requests):
        others = [Target(target.host, target.port, b"GET /%d HTTP/1.1\r\n\r\n" % number, b"ok") for number in range(3)]
        async with connected(others, clients=4):
            pass
    assert {request.split()[1] for request in requests} == {b"/0", b"/1", b"/2"}


@pytest.mark.parametrize("wrong", [ANSWER.replace(b"200 OK", b"500 No"), ANSWER.replace(b"ok", b"no")])
async def test_a_wrong_answer_in_the_middle_ends_the_measurement(wrong: bytes) -> None:
    async with (
        server(lambda number: ANSWER if number < 5 else wrong) as (target, _requests),
        connected([target], clients=1) as clients,
    ):
        with pytest.raises(UnexpectedAnswer):
            await clients.load(5)


async def test_a_closed_connection_ends_the_measurement() -> None:
    async with (
        server(lambda number: ANSWER if number < 5 else b"") as (target, _requests),
        connected([target], clients=1) as clients,
    ):
        with pytest.raises(UnexpectedAnswer, match="closed"):
            await clients.load(5)


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_an_answer_ends_where_its_framing_says(answer: bytes) -> None:
    assert _end_of_answer(bytearray(answer + b"more")) == len(answer)
    for length in range(len(answer)):
        assert _end_of_answer(bytearray(answer[:length])) is None


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (51, 100, 100)
    assert percentile([7.0], 0.99) == 7


def test_a_call_has_the_headers_that_its_body_says() -> None:
    target = tools_call("http://127.0.0.1:80/mcp/1", "echo", {"text": "x"}, token="t", expected="x")
    head, _, body = target.request.decode().partition("\r\n\r\n")
    assert head.startswith("POST /mcp/1 HTTP/1.1\r\n")
    for line in ("Mcp-Method: tools/call", "Mcp-Name: echo", "Authorization: Bearer t", f"Content-Length: {len(body)}"):
        assert line in head.split("\r\n")


def test_processor_time_grows_with_work() -> None:
    before, end = cpu_seconds(os.getpid()), time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert 0.05 <= cpu_seconds(os.getpid()) - before < 5


def test_a_command_with_parentheses_is_no_trouble() -> None:
    assert _from_proc("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0") == pytest.approx(300 / os.sysconf("SC_CLK_TCK"))


@pytest.mark.parametrize(("said", "seconds"), [("  0:01.25\n", 1.25), ("1:02:03.50", 3723.5)])
def test_the_time_of_ps_is_read(said: str, seconds: float) -> None:
    assert _from_ps(subprocess.CompletedProcess([], 0, stdout=said)) == seconds
