"""Values under keys: the actions of `kv-store`. Whose values they are was decided before."""

import json
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

MAX_VALUE_BYTES: Final = 256 * 1024


async def put(call: ActionCall) -> Json:
    """Store a value, replacing what was there."""
    key = call.arguments["key"]
    await call.state.put(key, _fitting(call.arguments["value"]))
    return {"key": key, "stored": True}


async def get(call: ActionCall) -> Json:
    """The value; `found` is false and `value` null where there is none."""
    value = await call.state.get(call.arguments["key"])
    return {"key": call.arguments["key"], "found": value is not None, "value": value}


async def delete(call: ActionCall) -> Json:
    """Forget a key; `deleted` is false where there was none."""
    return {"key": call.arguments["key"], "deleted": await call.state.delete(call.arguments["key"])}


async def add_to_list(call: ActionCall) -> Json:
    """Append to the list under a key."""
    return _list_answer(call, await call.state.add_to_list(call.arguments["key"], _fitting(call.arguments["value"])))


async def remove_from_list(call: ActionCall) -> Json:
    """Remove every element of a list that equals the value."""
    return _list_answer(call, await call.state.remove_from_list(call.arguments["key"], call.arguments["value"]))


def _list_answer(call: ActionCall, items: list[Json]) -> Json:
    return {"key": call.arguments["key"], "value": items, "length": len(items)}


def _fitting(value: Json) -> Json:
    # Not orjson: JSON's whole numbers have no end at 64 bits.
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_VALUE_BYTES:
        raise InvalidInput(f"value takes {size} bytes as JSON; at most {MAX_VALUE_BYTES} can be stored", path="/value")
    return value
