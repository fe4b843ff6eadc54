"""JSON reshaped without code: the actions of `data-transformer`."""

import operator
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Final, TypeGuard, cast

from integrations.action import ActionCall
from integrations.builtin.json_path import Matches, select
from integrations.failures import InvalidInput
from integrations.ports import Json

MAX_DEPTH: Final = 100
"""Levels of objects that a deep merge goes down."""

MAX_COMPARISONS: Final = 1_000_000
"""Elements of one filter times the values that each is held against: about a second's work, in which nobody else is served."""


async def transform_json(call: ActionCall) -> Json:
    """A new object: each key of `mapping` with what its selector finds in `input`."""
    document, mapping, matches = call.arguments["input"], call.arguments["mapping"], Matches()
    return {
        key: select(document, selector, where=f"/mapping/{key}", matches=matches) for key, selector in mapping.items()
    }


async def merge_objects(call: ActionCall) -> Json:
    """All objects in one; later ones win."""
    merged: dict[str, Json] = {}
    for each in call.arguments["objects"]:
        if call.arguments["strategy"] == "deep":
            # Its own copy: what is merged into must not be the caller's, or an input's default.
            merge_deeply(merged, deepcopy(each))
        else:
            merged.update(each)
    return merged


async def filter_array(call: ActionCall) -> Json:
    """The elements that meet every condition."""
    conditions = {name: operators_of(name, wanted) for name, wanted in call.arguments["conditions"].items()}
    _refuse_too_many_comparisons(len(call.arguments["array"]), conditions)
    items = [element for element in call.arguments["array"] if meets(element, conditions)]
    return {"items": items, "count": len(items)}


async def batch_array(call: ActionCall) -> Json:
    """The array cut into batches; the last one may be shorter."""
    array, size = call.arguments["array"], int(call.arguments["batchSize"])
    batches = [array[start : start + size] for start in range(0, len(array), size)]
    return {"batches": batches, "count": len(batches)}


def merge_deeply(first: dict[str, Json], second: Mapping[str, Json], depth: int = 1) -> None:
    """Put `second` over `first`: objects are merged, everything else (arrays too) is replaced."""
    if depth > MAX_DEPTH:
        raise InvalidInput(f"the objects are nested more than {MAX_DEPTH} levels deep", path="/objects")
    for key, value in second.items():
        below = first.get(key)
        if isinstance(below, dict) and is_object(value):
            merge_deeply(cast("dict[str, Json]", below), value, depth + 1)
        else:
            first[key] = value


def _refuse_too_many_comparisons(elements: int, conditions: Mapping[str, Mapping[str, Json]]) -> None:
    """Raise InvalidInput where the elements times what each is held against are more than one call may take."""
    against = sum(
        field.count(".") + _size(operand) for field, operators in conditions.items() for operand in operators.values()
    )
    if elements * against > MAX_COMPARISONS:
        raise InvalidInput(
            f"{elements} elements held against {against} values are more than {MAX_COMPARISONS} comparisons: "
            "filter fewer at a time",
            path="/conditions",
        )


def meets(element: Json, conditions: Mapping[str, Mapping[str, Json]]) -> bool:
    """Whether `element` is an object whose fields hold up to all operators of all `conditions`."""
    return is_object(element) and all(
        OPERATORS[name](field_of(element, field), operand)
        for field, operators in conditions.items()
        for name, operand in operators.items()
    )


def _size(value: Json) -> int:
    """How many values there are in `value`, itself included."""
    size, waiting = 0, [value]
    while waiting:
        size += 1
        each = waiting.pop()
        if is_object(each):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += cast("list[Json]", each)
    return size


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
