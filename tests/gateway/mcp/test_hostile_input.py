"""Claims about what no well-behaved client sends."""

from typing import Any

import pytest

from tests.gateway.mcp.shop import Shop
from tests.parts.mcp_wire import MODERN, Wire

MODERN_HEADERS = {"MCP-Protocol-Version": MODERN, "Accept": "application/json, text/event-stream"}


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


BODIES: list[Any] = [
    b"",
    b"{",
    b"not json",
    b"[]",
    b"[{}]",
    b"null",
    b"5",
    b'"text"',
    b"{}",
    deep(10_000),
    b"[" * 100_000,
    b'{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":NaN}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":1e999}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":"\\ud800"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":"a\\u0000"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":' + b"9" * 5000 + b"}}",
    b'\xff\xfe{"jsonrpc":"2.0"}',
    {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
    {"jsonrpc": "2.0", "id": None, "method": "tools/list"},
    {"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"},
    {"jsonrpc": "2.0", "id": {"a": 1}, "method": "tools/list"},
    {"jsonrpc": "2.0", "id": 1, "method": 5},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x", "arguments": []}},
    {"jsonrpc": "2.0", "id": 1, "result": {}},
    {"jsonrpc": "2.0", "id": 1, "method": "no/such/method"},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "made up"}},
]


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json, text/event-stream"}, MODERN_HEADERS])
async def test_nothing_that_comes_in_is_a_server_failure(wire: Wire, headers: dict[str, str]) -> None:
    for body in BODIES:
        answer = await wire.post(body, **headers)

        assert answer.status_code < 500, body
        assert "pydantic" not in answer.text.lower(), body
    assert (await wire.modern("tools/list")).status_code == 200


async def test_a_body_that_is_too_large_is_refused(wire: Wire) -> None:
    assert (await wire.post(b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_a_compressed_body_is_refused(wire: Wire) -> None:
    assert (await wire.post(b"x", **{"Content-Encoding": "gzip"})).status_code == 415


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "DELETE", "GET", "HEAD"])
async def test_only_post_is_served_without_a_session(wire: Wire, method: str) -> None:
    headers = {"Authorization": f"Bearer {wire.token}"}

    answer = await wire.client.request(method, wire.url, headers=headers)

    assert answer.status_code == 405
    assert answer.headers["allow"]


async def test_a_header_that_says_something_else_than_the_body_is_refused(shop: Shop, wire: Wire) -> None:
    await shop.add("kv-store", "fixed")

    answer = await wire.modern(
        "tools/call", {"name": "kv_store__put", "arguments": {}}, **{"Mcp-Name": "kv_store__get"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32020


@pytest.mark.parametrize("version", ["2099-01-01", "x"])
async def test_a_version_that_is_not_spoken_is_told_those_that_are(wire: Wire, version: str) -> None:
    answer = await wire.modern("tools/list", **{"MCP-Protocol-Version": version})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in {-32022, -32020}


async def test_tools_of_thousands_of_wrong_inputs_leave_the_server_well(shop: Shop, wire: Wire) -> None:
    await shop.add("kv-store", "fixed")

    for number in range(300):
        result = await wire.call("kv_store__put", {"key": number, "value": {"x": [number]}, str(number): None})
        assert result["isError"] is True
    assert (await wire.call("kv_store__put", {"key": "a", "value": 1}))["isError"] is False
