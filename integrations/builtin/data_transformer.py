"""JSON reshaped without code: the actions of `data-transformer`."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeGuard, cast

from integrations.action import ActionCall
from integrations.builtin.json_path import select
from integrations.failures import InvalidInput
from integrations.ports import Json

MAX_DEPTH: Final = 100
"""Levels of objects that a deep merge goes down."""


async def transform_json(call: ActionCall) -> Json:
    """A new object: each key of `mapping` with what its selector finds in `input`."""
    document, mapping = call.arguments["input"], call.arguments["mapping"]
    return {key: select(document, selector, where=f"/mapping/{key}") for key, selector in mapping.items()}


async def merge_objects(call: ActionCall) -> Json:
    """All objects in one; later ones win."""
    is_deep = call.arguments["strategy"] == "deep"
    merged: dict[str, Json] = {}
    for each in call.arguments["objects"]:
        merged = merged_deeply(merged, each) if is_deep else merged | each
    return merged


async def filter_array(call: ActionCall) -> Json:
    """The elements that meet every condition."""
    conditions = {name: operators_of(name, wanted) for name, wanted in call.arguments["conditions"].items()}
    items = [element for element in call.arguments["array"] if meets(element, conditions)]
    return {"items": items, "count": len(items)}


async def batch_array(call: ActionCall) -> Json:
    """The array cut into batches; the last one may be shorter."""
    array, size = call.arguments["array"], int(call.arguments["batchSize"])
    batches = [array[start : start + size] for start in range(0, len(array), size)]
    return {"batches": batches, "count": len(batches)}


def merged_deeply(first: Mapping[str, Json], second: Mapping[str, Json], depth: int = 1) -> dict[str, Json]:
    """`second` over `first`: objects are merged, everything else (arrays too) is replaced."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"the objects are nested more than {MAX_DEPTH} levels deep", path="/objects")
    merged = dict(first)
    for key, value in second.items():
        below = merged.get(key)
        merged[key] = merged_deeply(below, value, depth + 1) if is_object(below) and is_object(value) else value
    return merged


def meets(element: Json, conditions: Mapping[str, Mapping[str, Json]]) -> bool:
    """Whether `element` is an object whose fields hold up to all operators of all `conditions`."""
    return is_object(element) and all(
        OPERATORS[name](field_of(element, field), operand)
        for field, operators in conditions.items()
        for name, operand in operators.items()
    )


def operators_of(field: str, condition: Json) -> Mapping[str, Json]:
    """The operators in `condition` with their operands; a plain value has to be equal.

    Raises InvalidInput, pointing to the condition of `field`, on an operator that there is none of.
    """
    if not is_object(condition) or not any(key.startswith("$") for key in condition):
        return {"$eq": condition}
    for name, operand in condition.items():
        if name not in OPERATORS:
            known = ", ".join(OPERATORS)
            raise InvalidInput(f"unknown operator {name!r}: there are {known}", path=f"/conditions/{field}")
        if name in ("$in", "$nin") and not isinstance(operand, list):
            raise InvalidInput(f"{name} takes an array", path=f"/conditions/{field}/{name}")
    return condition


def field_of(element: Mapping[str, Json], field: str) -> Json:
    """The field of that very name, else what it leads to as a path (`address.city`), else None."""
    if field in element:
        return element[field]
    found: Json = element
    for name in field.split("."):
        found = found.get(name) if is_object(found) else None
    return found


def is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Whether `value` is a JSON object."""
    return isinstance(value, Mapping)


def equal(first: Json, second: Json) -> bool:
    """Equality as JSON has it: true is not 1, and 1.0 is 1, at every depth."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if is_object(first) and is_object(second):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return _equal_lists(cast("list[Json]", first), cast("list[Json]", second))
    return first == second


def _equal_lists(first: list[Json], second: list[Json]) -> bool:
    return len(first) == len(second) and all(equal(*pair) for pair in zip(first, second, strict=True))


def _ordered(compare: Callable[[Json, Json], bool]) -> Callable[[Json, Json], bool]:
    """`compare` for two numbers or two texts; anything else is in no order."""

    def compared(found: Json, operand: Json) -> bool:
        same_kind = (_is_number(found) and _is_number(operand)) or (isinstance(found, str) and isinstance(operand, str))
        return same_kind and compare(found, operand)

    return compared


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_of(found: Json, operand: Sequence[Json]) -> bool:
    return any(equal(found, each) for each in operand)


OPERATORS: Final[Mapping[str, Callable[[Json, Json], bool]]] = {
    "$eq": equal,
    "$ne": lambda found, operand: not equal(found, operand),
    "$gt": _ordered(operator.gt),
    "$gte": _ordered(operator.ge),
    "$lt": _ordered(operator.lt),
    "$lte": _ordered(operator.le),
    "$in": _one_of,
    "$nin": lambda found, operand: not _one_of(found, operand),
}
