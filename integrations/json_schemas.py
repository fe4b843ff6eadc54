"""JSON Schemas that strangers have written, made safe to validate with.

Nothing is fetched, patterns run in linear time, and what a check may cost is bounded when the schema is compiled.

Recursion is cut: where a schema refers back to one that holds it, everything is taken. Two references that lead back
to the same schema double the work with each level of the value, and whoever runs the tool checks for itself anyway.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import jsonschema_rs

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Validator: TypeAlias = jsonschema_rs.Draft202012Validator | jsonschema_rs.Draft7Validator
_VALIDATORS: Final = {
    DIALECT: jsonschema_rs.Draft202012Validator,
    "http://json-schema.org/draft-07/schema": jsonschema_rs.Draft7Validator,
    "https://json-schema.org/draft-07/schema": jsonschema_rs.Draft7Validator,
}
_LONGEST_ERROR: Final = 300
_MOST_SUBSCHEMAS: Final = 2_000
_MAX_DEPTH: Final = 40
_MOST_STEPS: Final = 20_000
"""Subschemas that one value can be held against, each counted as often as it is referred to."""
_LONGEST_WAY: Final = 150

_NAMED: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_SINGLE: Final = (
    *("items", "additionalItems", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_DEFINING: Final = frozenset({"$defs", "definitions"})


class SchemaRefused(ValueError):
    """A schema that is too large, too deep, refers outside itself, or that nothing can be checked with."""


def compile_schema(schema: Mapping[str, Any]) -> Validator:
    """Compile a schema (2020-12, or draft-07 where it says so). Raises `SchemaRefused`."""
    _refuse_large(schema)
    dialect = schema.get("$schema", DIALECT)
    validator = _VALIDATORS.get(dialect.rstrip("#")) if isinstance(dialect, str) else None
    if validator is None:
        raise SchemaRefused(f"the schema is written in another dialect than {DIALECT} or draft-07")
    try:
        return validator(
            _Bounded(schema).schema,
            retriever=_refuse_to_fetch,
            pattern_options=jsonschema_rs.RegexOptions(),
            validate_formats=False,
            mask="the value",
        )
    except SchemaRefused:
        raise
    except ValueError as error:
        raise SchemaRefused(f"the schema can't be used: {str(error).splitlines()[0][:_LONGEST_ERROR]}") from error


def _refuse_to_fetch(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to {uri[:100]}")


def _refuse_large(schema: Mapping[str, Any]) -> None:
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise SchemaRefused(f"the schema is nested deeper than {_MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            seen += 1
            waiting.extend((inner, depth + 1) for inner in cast("Mapping[str, Any]", value).values())
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in cast("list[Any]", value))
        if seen > _MOST_SUBSCHEMAS:
            raise SchemaRefused(f"the schema has more than {_MOST_SUBSCHEMAS} parts")


@dataclass(slots=True)
class _Step:
    """A subschema on the way: how many it stands for, and how long the way below it is; None while it is open."""

    cost: int | None = None
    way: int = 0


@dataclass
class _Bounded:
    """A copy of `schema` without recursion and without patterns that take more than linear time."""

    schema: Any
    _steps: dict[int, _Step] = field(default_factory=dict[int, _Step])
    _anchors: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def __post_init__(self) -> None:
        self.schema = _copied(self.schema)
        for inner in _everything_in(self.schema):
            if isinstance(anchor := inner.get("$anchor"), str):
                self._anchors[anchor] = inner
        self._walk(self.schema, 0)

    def _walk(self, schema: dict[str, Any], depth: int) -> _Step:
        step = self._steps[id(schema)] = _Step()
        if depth > _LONGEST_WAY:
            raise SchemaRefused(f"the schema refers on more than {_LONGEST_WAY} times in a row")
        _refuse_other_bases(schema, is_root=schema is self.schema)
        _drop_costly_patterns(schema)
        cost = 1
        for inner, counts in _subschemas(schema):
            below = self._steps.get(id(inner)) or self._walk(inner, depth + 1)
            if below.cost is None:
                raise SchemaRefused("the schema refers into the middle of a part that refers to itself")
            cost += below.cost if counts else 0
            step.way = max(step.way, below.way + 1)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = self._target(reference)
            known = None if target is None else self._steps.get(id(target))
            if target is not None and known is None:
                known = self._walk(target, depth + 1)
            if known is not None and known.cost is None:
                # Only an open one leads back here.
                del schema["$ref"]
            elif known is not None:
                cost += known.cost or 0
                step.way = max(step.way, known.way + 1)
        if cost > _MOST_STEPS or depth + step.way > _LONGEST_WAY:
            raise SchemaRefused("the schema refers to its own parts so often that checking a value would take too long")
        step.cost = cost
        return step

    def _target(self, reference: str) -> dict[str, Any] | None:
        """Return the subschema that is meant; None for one that takes, or refuses, everything."""
        if not reference.startswith("#"):
            _refuse_to_fetch(reference)
        if reference[1:] in self._anchors:
            return self._anchors[reference[1:]]
        found: Any = self.schema
        for part in reference[1:].split("/")[1:] if reference != "#" else ():
            found = _below(found, part.replace("~1", "/").replace("~0", "~"))
        if isinstance(found, bool):
            return None
        if not isinstance(found, dict) or (reference != "#" and not reference.startswith("#/")):
            raise SchemaRefused(f"the schema refers to {reference[:100]}, which it doesn't have")
        return cast("dict[str, Any]", found)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in cast("Mapping[str, Any]", value).items()}
    return [_copied(inner) for inner in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def _everything_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield cast("dict[str, Any]", value)
        value = list(cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _everything_in(inner)


def _below(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(part)
    if isinstance(value, list) and part.isdecimal() and len(part) < 6:
        items = cast("list[Any]", value)
        return items[int(part)] if int(part) < len(items) else None
    return None


def _refuse_other_bases(schema: Mapping[str, Any], *, is_root: bool) -> None:
    """References are followed here first, so there has to be one thing that each can mean."""
    for keyword in ("$dynamicRef", "$recursiveRef", *(() if is_root else ("$id", "$schema"))):
        if isinstance(schema.get(keyword), str):
            raise SchemaRefused(f"the schema uses {keyword}, which can't be followed here")


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield what stands directly below, and whether a value is held against it without being referred there."""
    for keyword in _NAMED:
        named = schema.get(keyword)
        for inner in cast("dict[str, Any]", named).values() if isinstance(named, dict) else ():
            if isinstance(inner, dict):
                yield cast("dict[str, Any]", inner), keyword not in _DEFINING
    for keyword in _LISTED:
        listed = schema.get(keyword)
        for inner in cast("list[Any]", listed) if isinstance(listed, list) else ():
            if isinstance(inner, dict):
                yield cast("dict[str, Any]", inner), True
    for keyword in _SINGLE:
        if isinstance(inner := schema.get(keyword), dict):
            yield cast("dict[str, Any]", inner), True


def _drop_costly_patterns(schema: dict[str, Any]) -> None:
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not _is_linear(pattern):
        del schema["pattern"]
    named = schema.get("patternProperties")
    if isinstance(named, dict):
        kept = {key: inner for key, inner in cast("dict[str, Any]", named).items() if _is_linear(key)}
        if len(kept) < len(cast("dict[str, Any]", named)):
            # Whose names we can't tell are no "additional" ones either.
            schema["patternProperties"] = {**kept, "": True}


@lru_cache(maxsize=4096)
def _is_linear(pattern: str) -> bool:
    """Tell whether our validator, which matches in linear time, knows everything in this expression."""
    if len(pattern) > 1_000 or re.search(r"\(\?[=!<]", pattern):
        return False
    try:
        jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions())
    except ValueError:
        return False
    return True
