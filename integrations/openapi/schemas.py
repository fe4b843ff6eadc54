"""A document's schemas as inputs of a tool: references inlined, recursion and size bounded, 3.0's spellings made 3.1's.

What is cut off stays open (`{}` or a bare type): the provider checks what we no longer can.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias, cast

import jsonschema_rs
import orjson

from integrations.inputs import KEYWORDS, TYPES
from integrations.openapi.document import Document, mapping, sequence
from integrations.openapi.texts import plain
from integrations.ports import Json

MAX_SCHEMA_BYTES: Final = 32 * 1024
"""Of one tool's inputs: beyond it a model reads more of the schema than of the conversation."""
_DEPTHS: Final = (12, 6, 4, 2)
"""How deep schemas are followed: less where more would be too large."""
_MAX_NODES: Final = 3000
_MAX_VARIANTS: Final = 20
_MAX_VALUES: Final = 300
_VALUES_CHARACTERS: Final = 8000
_DESCRIPTION_CHARACTERS: Final = 300
_NUMBERS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


_Child: TypeAlias = Callable[[Json], dict[str, Json]]


class _TooLarge(Exception):
    """More nodes than one tool may have."""


@dataclass(slots=True)
class _Budget:
    depth: int
    nodes: int = _MAX_NODES

    def take(self) -> None:
        self.nodes -= 1
        if self.nodes < 0:
            raise _TooLarge


def inlined(document: Document, schema: Json) -> dict[str, Json]:
    """Return a schema without references that says the same, or less where it would be too large.

    Raises `DocumentRefused` for a reference that leads out of the document or nowhere.
    """
    for depth in _DEPTHS:
        try:
            found = _schema(document, schema, (), _Budget(depth))
        except _TooLarge:
            continue
        if len(orjson.dumps(found)) <= MAX_SCHEMA_BYTES:
            return found
    resolved, _ = document.resolved(schema)
    return _bare(resolved)


def _schema(document: Document, schema: Json, seen: tuple[str, ...], budget: _Budget) -> dict[str, Json]:
    budget.take()
    resolved, reference = document.resolved(schema)
    if (reference is not None and reference in seen) or len(seen) >= budget.depth:
        return _bare(resolved)
    below = (*seen, reference or "")

    def child(part: Json) -> dict[str, Json]:
        return _schema(document, part, below, budget)

    found = _bare(resolved) | _bounds(resolved)
    if "items" in resolved:
        found["items"] = child(resolved["items"])
    found |= _members(document, resolved, child)
    for keyword in ("anyOf", "oneOf"):
        variants = [child(variant) for variant in sequence(resolved.get(keyword))]
        if variants:
            found[keyword] = variants if len(variants) <= _MAX_VARIANTS else [{}]
    return _merged(found, [child(part) for part in sequence(resolved.get("allOf"))])


def _members(document: Document, resolved: Mapping[str, Json], child: _Child) -> dict[str, Json]:
    """What an object holds, without what only the provider writes (`readOnly`)."""
    properties = {
        name: child(declared)
        for name, declared in mapping(resolved.get("properties")).items()
        if document.resolved(declared)[0].get("readOnly") is not True
    }
    found: dict[str, Json] = {"properties": properties} if properties else {}
    required = [name for name in sequence(resolved.get("required")) if isinstance(name, str) and name in properties]
    if required:
        found["required"] = required
    more = resolved.get("additionalProperties")
    if isinstance(more, Mapping):
        found["additionalProperties"] = child(more)
    elif more is True and properties:
        found["additionalProperties"] = True
    return found


def _merged(found: dict[str, Json], parts: Sequence[dict[str, Json]]) -> dict[str, Json]:
    """`allOf` as one schema: models and forms read that, and closed objects could never all hold."""
    for part in parts:
        for keyword, value in part.items():
            match keyword:
                case "properties":
                    found["properties"] = {**mapping(found.get("properties")), **value}
                case "required":
                    found["required"] = [*dict.fromkeys([*sequence(found.get("required")), *value])]
                case _:
                    found.setdefault(keyword, value)
    return found


def _bare(resolved: Mapping[str, Json]) -> dict[str, Json]:
    """Type, words and values of a schema, without what is below it."""
    found: dict[str, Json] = {}
    kinds = _types(resolved)
    if kinds:
        found["type"] = kinds[0] if len(kinds) == 1 else kinds
    for words in ("title", "description"):
        if isinstance(resolved.get(words), str):
            found[words] = plain(resolved[words], _DESCRIPTION_CHARACTERS)
    values = sequence(resolved.get("enum"))
    if 0 < len(values) <= _MAX_VALUES and _is_small(values, _VALUES_CHARACTERS):
        found["enum"] = [*values, None] if "null" in kinds and None not in values else values
    if "const" in resolved and _is_small(resolved["const"], _VALUES_CHARACTERS):
        found["const"] = resolved["const"]
    default = resolved.get("default")
    if isinstance(default, str | int | float | bool) and _is_small(default, _VALUES_CHARACTERS):
        found["default"] = default
    example = resolved.get("example", next(iter(sequence(resolved.get("examples"))), None))
    if example is not None and _is_small(example, _DESCRIPTION_CHARACTERS):
        found["examples"] = [example]
    return found


def _is_small(value: Json, most: int) -> bool:
    """Tell whether a value has about `most` characters at most, without walking one that has more."""
    waiting: list[Json] = [value]
    while waiting:
        match each := waiting.pop():
            case Mapping():
                members = cast("Mapping[str, Json]", each)
                most -= 2 * len(members) + sum(map(len, members))
                waiting.extend(members.values() if most >= 0 else ())
            case list():
                elements = cast("list[Json]", each)
                most -= len(elements)
                waiting.extend(elements if most >= 0 else ())
            case str():
                most -= len(each)
            case _:
                most -= 1
        if most < 0:
            return False
    return True


def _types(resolved: Mapping[str, Json]) -> list[str]:
    given = resolved.get("type")
    listed = cast("list[Json]", given) if isinstance(given, list) else [given]
    kinds = [kind for kind in listed if isinstance(kind, str) and kind in TYPES]
    if not kinds and "properties" in resolved:
        kinds = ["object"]
    if kinds and resolved.get("nullable") is True and "null" not in kinds:
        kinds.append("null")
    return kinds


def _bounds(resolved: Mapping[str, Json]) -> dict[str, Json]:
    found = {name: resolved[name] for name in _NUMBERS if _is_number(resolved.get(name)) and resolved[name] >= 0}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        limit, strict = resolved.get(bound), resolved.get(exclusive)
        if _is_number(limit):
            found[exclusive if strict is True else bound] = limit
        if _is_number(strict):
            found[exclusive] = strict
    if _is_number(resolved.get("multipleOf")) and resolved["multipleOf"] > 0:
        found["multipleOf"] = resolved["multipleOf"]
    if resolved.get("uniqueItems") is True:
        found["uniqueItems"] = True
    for keyword in ("format", "contentEncoding", "contentMediaType"):
        if isinstance(resolved.get(keyword), str):
            found[keyword] = plain(resolved[keyword], 100)
    if isinstance(resolved.get("pattern"), str) and _is_usable(resolved["pattern"]):
        found["pattern"] = resolved["pattern"]
    return {name: value for name, value in found.items() if name in KEYWORDS}


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@lru_cache(maxsize=4096)
def _is_usable(pattern: str) -> bool:
    """Whether our validator, which matches in linear time, knows everything in this expression."""
    if len(pattern) > _DESCRIPTION_CHARACTERS or re.search(r"\(\?[=!<]", pattern):
        return False
    try:
        jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions())
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True
