import json
import time
from typing import Any

import pytest

from gateway.upstreams.frames import Notice, Question, Reply, printable, read, written
from integrations.failures import ProviderUnavailable
from integrations.ports import McpAnswer


def frame(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (frame(id=1, result={"a": [1]}), Reply(1, McpAnswer({"a": [1]}))),
        (frame(id=1, error={"code": -1, "message": "m"}), Reply(1, McpAnswer(error={"code": -1, "message": "m"}))),
        (
            frame(id=None, error={"code": -1, "message": "m", "data": {"x": 1}}),
            Reply(None, McpAnswer(error={"code": -1, "message": "m", "data": {"x": 1}})),
        ),
        (frame(id=1, result={"a": 1}, error=None), Reply(1, McpAnswer({"a": 1}))),
        (
            frame(id=1, result=None, error={"code": -1, "message": "m"}),
            Reply(1, McpAnswer(error={"code": -1, "message": "m"})),
        ),
        (frame(method="n/o", params={"a": 1}), Notice("n/o", {"a": 1})),
        (
            frame(id=1, error={"code": -1, "message": "m", "data": "x" * 70_000}),
            Reply(1, McpAnswer(error={"code": -1, "message": "m"})),
        ),
        (frame(method="n/o"), Notice("n/o", {})),
        (frame(method="n/o", params=None), Notice("n/o", {})),
        (frame(method="q", id="x"), Question("x", "q", {})),
        (frame(method="q", id=0, params={}), Question(0, "q", {})),
    ],
)
def test_messages_are_told_apart(body: bytes, message: Any) -> None:
    assert read(body, host="example.com") == message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        frame(),
        frame(id=1),
        frame(id=1, result=[]),
        frame(id=1, result={}, error={"code": 1, "message": "m"}),
        frame(id=1, error={"code": "1", "message": "m"}),
        frame(id=1, error={"code": True, "message": "m"}),
        frame(id=1, error="no"),
        frame(method="q", id=None),
        frame(method="q", id=True),
        frame(method="q", id=1.5),
        frame(method="q", id="x" * 300),
        frame(method="q", id=10**30),
        frame(method="q", params=[1]),
        frame(method=7),
        b'{"jsonrpc":"2.0","id":1,"id":2,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud800"}}',
        b"\xff\xfe",
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(ProviderUnavailable, match=r"^example\.com sent JSON that") as caught:
        read(body, host="example.com")
    assert len(caught.value.message) < 300


def test_unknown_members_and_large_texts_are_kept() -> None:
    text = 'a,"b",[c],{d}\n' * 100_000
    result = {"content": [{"type": "text", "text": text, "further": {"kept": True}}], "_meta": {"x/y": 1}}
    message = read(frame(id=1, result=result), host="example.com")
    assert message == Reply(1, McpAnswer(result))


@pytest.mark.parametrize("piece", [b"{},", b"[],", b"0,", b'"",', b'""'])
def test_many_small_parts_are_refused_before_they_are_read(piece: bytes) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"result":{"a":[' + piece * (4_000_000 // len(piece)) + b"0]}}"
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable, match="more than 200000 parts"):
        read(body, host="example.com")
    assert time.monotonic() - began < 2


def test_what_is_written_can_be_read() -> None:
    message = {"id": 1, "result": {"number": 10**40, "text": "é🙂\u2028"}}
    assert read(written(message), host="example.com") == Reply(1, McpAnswer(message["result"]))  # type: ignore[arg-type]


def test_what_somebody_else_wrote_is_bounded_and_printable() -> None:
    assert printable("a\x1b[31m\x00\x7fb") == "a [31m b"
    assert printable("é🙂 ok") == "é🙂 ok"
    assert printable("x" * 300) == "x" * 200 + "…"
