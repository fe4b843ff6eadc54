import io
import json
import re
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from gateway.kit.log import get_logger
from gateway.kit.request_log import RequestLog, current_request_id

CANARY = "c4n4ryc4n4ryc4n4ry"


async def greet(_request: Request) -> Response:
    get_logger("gateway.test").info("greeting")
    return PlainTextResponse(current_request_id(), headers={"X-Request-Id": "the app's own"})


async def fail(_request: Request) -> Response:
    raise ValueError(f"password={CANARY}")


ROUTES = [
    Route("/health", greet),
    Route("/fail", fail),
    Route("/{rest:path}", greet, methods=["GET", "POST"]),
]


@pytest.fixture
async def client(log_output: io.StringIO) -> Any:
    app = RequestLog(Starlette(routes=ROUTES))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def lines_of(log_output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_output.getvalue().splitlines()]


async def test_a_request_has_one_line_and_its_id_stands_in_every_line_and_in_the_answer(
    client: httpx2.AsyncClient, log_output: io.StringIO
) -> None:
    answer = await client.post(f"/api/v1/things?token={CANARY}")
    greeting, request = lines_of(log_output)
    assert answer.headers.get_list("x-request-id") == [answer.text]
    assert greeting["request_id"] == request["request_id"] == answer.text
    assert request["event"] == "request"
    assert (request["method"], request["path"], request["status"]) == ("POST", "/api/v1/things", 200)
    assert request["duration_ms"] >= 0
    assert CANARY not in log_output.getvalue()


async def test_the_id_of_the_client_is_taken_over(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/", headers={"X-Request-Id": "trace-0123.a_b"})
    assert answer.headers["x-request-id"] == "trace-0123.a_b"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space", 'quote"in-it', "line\tfeed", "ünicode-id", ""])
async def test_an_id_that_could_mislead_a_reader_is_replaced(client: httpx2.AsyncClient, given: str) -> None:
    answer = await client.get("/", headers=[(b"X-Request-Id", given.encode())])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_an_exception_is_logged_once_and_answered_without_its_message(
    client: httpx2.AsyncClient, log_output: io.StringIO
) -> None:
    answer = await client.get("/fail")
    failure, request = lines_of(log_output)
    assert answer.status_code == 500
    assert CANARY not in answer.text + log_output.getvalue()
    assert "ValueError: password=[redacted]" in failure["exception"]
    assert (request["level"], request["status"]) == ("warning", 500)


async def test_outside_of_any_framework_the_answer_to_an_exception_is_the_envelope(log_output: io.StringIO) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("lost")

    transport = httpx2.ASGITransport(RequestLog(broken))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/")
    assert answer.json()["code"] == "INTERNAL_ERROR"
    assert answer.json()["details"] == {"requestId": answer.headers["x-request-id"]}


async def test_an_answer_that_breaks_midway_keeps_the_status_it_had(log_output: io.StringIO) -> None:
    sent: list[Message] = []

    async def break_midway(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 206})
        raise ValueError("lost")

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await RequestLog(break_midway)({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    failure, request = lines_of(log_output)
    assert len(sent) == 1
    assert "ValueError: lost" in failure["exception"]
    assert request["status"] == 206


async def test_a_long_segment_of_a_path_is_cut_because_it_may_be_a_secret(
    client: httpx2.AsyncClient, log_output: io.StringIO
) -> None:
    secret = CANARY * 3
    server = "srv_0b1e5e58-0000-4000-8000-000000000000"
    await client.get(f"/mcp/{server}/{secret}/end")
    request = lines_of(log_output)[-1]
    assert request["path"] == f"/mcp/{server}/{secret[:8]}…/end"


@pytest.mark.parametrize(("trusted", "client"), [((), "127.0.0.1"), ((ip_network("127.0.0.0/8"),), "192.0.2.7")])
async def test_the_client_behind_a_proxy_is_named_only_where_the_proxy_is_trusted(
    log_output: io.StringIO, trusted: Any, client: str
) -> None:
    app = RequestLog(Starlette(routes=ROUTES), trusted_proxies=trusted)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1") as caller:
        await caller.get("/", headers={"X-Forwarded-For": "192.0.2.7"})
    assert lines_of(log_output)[-1]["client"] == client


async def test_health_checks_do_not_fill_the_log(client: httpx2.AsyncClient, log_output: io.StringIO) -> None:
    await client.get("/health")
    assert lines_of(log_output)[-1]["level"] == "debug"
