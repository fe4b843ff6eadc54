"""Claims about knocking at what may be a remote MCP server."""

import pytest

from gateway.upstreams.challenges import Challenge, challenge_in
from gateway.upstreams.probing import NotUsable, closed_by
from integrations.ports import HttpResponse
from tests.gateway.upstreams.written_http import WrittenHttp, json_answer

URL = "https://mcp.example.com/mcp"
DISCOVERED = {"jsonrpc": "2.0", "id": 1, "result": {"supportedVersions": ["2026-07-28"], "capabilities": {}}}
INITIALIZED = {"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-11-25", "capabilities": {}}}


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(DISCOVERED),
        json_answer(INITIALIZED),
        HttpResponse(
            200,
            {"content-type": "text/event-stream; charset=utf-8"},
            b'event: message\r\ndata: {"jsonrpc": "2.0", "id": 1,\r\ndata: "result": {"protocolVersion": "x"}}\r\n\r\n',
        ),
    ],
)
async def test_a_server_that_answers_strangers_wants_no_credential(answer: HttpResponse) -> None:
    assert await closed_by(WrittenHttp({URL: answer}), URL, {}) is None


@pytest.mark.parametrize("status", [401, 403])
async def test_a_server_that_refuses_says_what_it_wants(status: int) -> None:
    said = 'Bearer error="invalid_token", resource_metadata="https://mcp.example.com/meta", scope="a b"'
    answer = json_answer({}, status, www_authenticate=said)
    assert await closed_by(WrittenHttp({URL: answer}), URL, {}) == Challenge(
        "https://mcp.example.com/meta", ("a", "b"), "invalid_token"
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (HttpResponse(404, {}, b""), "no MCP server"),
        (HttpResponse(200, {"content-type": "text/html"}, b"<h1>Welcome</h1>"), "no MCP server"),
        (HttpResponse(200, {"content-type": "application/json"}, b'{"result": {"protocolVersion"'), "no MCP server"),
        (json_answer([{"result": {"protocolVersion": "x"}}]), "no MCP server"),
        (json_answer({"result": "yes"}), "no MCP server"),
        (json_answer({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no"}}), "no MCP server"),
        (HttpResponse(308, {"location": "https://elsewhere.example.com"}, b""), "redirects"),
        (HttpResponse(500, {}, b""), "no MCP server"),
    ],
)
async def test_what_is_no_server_is_refused_with_the_reason(answer: HttpResponse, why: str) -> None:
    with pytest.raises(NotUsable, match=why):
        await closed_by(WrittenHttp({URL: answer}), URL, {})


async def test_a_server_that_nobody_can_ask_is_refused_with_the_reason() -> None:
    with pytest.raises(NotUsable, match="can't be asked"):
        await closed_by(WrittenHttp({}, dead=frozenset({URL})), URL, {})
    with pytest.raises(NotUsable, match="not a public address"):
        await closed_by(WrittenHttp({}, refused=frozenset({URL})), URL, {})


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, Challenge()),
        ("", Challenge()),
        ("Basic realm=x", Challenge()),
        ("Bearer", Challenge()),
        ("bearer scope=one", Challenge(scopes=("one",))),
        ('Basic realm="Bearer", Bearer scope="a"', Challenge(scopes=("a",))),
        ('Bearer scope="a", scope="b"', Challenge(scopes=("a",))),
        ('Bearer scope="a \\"b c', Challenge()),
        ('Bearer scope="fine wi\\\\th é x\ty"', Challenge(scopes=("fine", "x", "y"))),
        ('Bearer resource_metadata="https://a.example/\\"x"', Challenge('https://a.example/"x')),
        ("Bearer " + 'scope="' + "a " * 100_000 + '"', Challenge()),
    ],
)
def test_a_challenge_is_read_as_far_as_it_makes_sense(header: str | None, challenge: Challenge) -> None:
    assert challenge_in(header) == challenge
