"""JSON-RPC messages of remote servers: read within bounds, told apart by what they are."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

from gateway.kit.json import JsonRefused, parse
from integrations.failures import ProviderUnavailable
from integrations.ports import Json, McpAnswer

_MAX_PARTS: Final = 200_000
"""Strings, brackets and commas of one message: what it costs in memory grows with these."""
_FEW_BYTES: Final = 64 * 1024
_PART: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]},]', re.DOTALL)
_MAX_ID: Final = 256
_MAX_MESSAGE: Final = 2_000
_MAX_ERROR_BYTES: Final = 64 * 1024
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\uffff\U00010000-\U0010ffff\n]+")

RequestId: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Question:
    """A request of the server to the client."""

    id: RequestId
    method: str
    params: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification of the server."""

    method: str
    params: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's answer to the request `id`, which is None where the server could not read it."""

    id: Json
    answer: McpAnswer


Message: TypeAlias = Question | Notice | Reply


def written(message: Mapping[str, Json]) -> bytes:
    """Return a message of ours as it travels."""
    # Not orjson: a caller's integer may have more than 64 bits.
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"), default=dict).encode()


def read(body: bytes, *, host: str) -> Message:
    """Return the one message in `body`. Raises `ProviderUnavailable`, with what is wrong with it."""
    try:
        _refuse_many_parts(body)
        value = parse(body)
    except JsonRefused as error:
        raise ProviderUnavailable(f"{host} sent JSON that can't be accepted: {printable(str(error))}") from None
    if not isinstance(value, dict):
        raise ProviderUnavailable(f"{host} sent JSON that is no JSON-RPC message")
    return _told_apart(cast("dict[str, Json]", value), host)


def printable(text: str, *, length: int = 200) -> str:
    """Return what somebody else wrote as it may stand in a message: bounded, and nothing in it but text."""
    text = _UNPRINTABLE.sub(" ", text[: length + 1])
    return text if len(text) <= length else f"{text[:length]}…"


def _refuse_many_parts(body: bytes) -> None:
    if len(body) <= _FEW_BYTES:
        return
    # Cheap, and enough for nearly all: only what holds many commas in its strings is counted one by one.
    if sum(map(body.count, (b'"', b"[", b"{", b","))) <= _MAX_PARTS:
        return
    if sum(1 for _ in zip(_PART.finditer(body), range(_MAX_PARTS + 1), strict=False)) > _MAX_PARTS:
        raise JsonRefused(f"it has more than {_MAX_PARTS} parts")


def _told_apart(value: dict[str, Json], host: str) -> Message:
    method, given = value.get("method"), value.get("id")
    params: Json = {} if value.get("params") is None else value["params"]
    match value:
        case {"method": str(method), "id": str() | int()} if isinstance(params, dict) and _is_short(given):
            return Question(cast("RequestId", given), method, cast("dict[str, Json]", params))
        case {"method": str(method)} if "id" not in value and isinstance(params, dict):
            return Notice(method, cast("dict[str, Json]", params))
        case {"result": dict()} if value.get("error") is None:
            return Reply(given, McpAnswer(result=value["result"]))
        case {"error": {"code": int(code), "message": str(message)}} if (
            not isinstance(code, bool) and value.get("result") is None
        ):
            return Reply(given, McpAnswer(error=_bounded(code, message, value["error"].get("data"))))
        case _:
            raise ProviderUnavailable(f"{host} sent JSON that is no JSON-RPC message")


def _bounded(code: int, message: str, data: Json) -> dict[str, Json]:
    """Return an error as it is passed on: a large `data` explains nothing to anybody."""
    error = {"code": code, "message": printable(message, length=_MAX_MESSAGE)}
    is_large = data is not None and len(written({"data": data})) > _MAX_ERROR_BYTES
    return error if data is None or is_large else {**error, "data": data}


def _is_short(given: Json) -> bool:
    if isinstance(given, str):
        return len(given) <= _MAX_ID
    return not isinstance(given, bool) and abs(given) < 2**63
