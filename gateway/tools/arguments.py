"""Arguments of a call, checked against the tool's schema before any credential is touched (security R10).

Schemas are compiled once per action. No remote `$ref` is ever fetched, patterns run in a linear-time engine, and what
a schema may cost is bounded when it is compiled.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, cast
from weakref import WeakKeyDictionary

import jsonschema_rs

from gateway.errors import ValidationFailed
from gateway.kit.json import JsonRefused, refuse_bad_text
from integrations.integration import Action

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MOST_ERRORS = 5
_LONGEST_ERROR = 300
_MOST_SUBSCHEMAS = 2_000
_MAX_SCHEMA_DEPTH = 40


class SchemaRefused(ValueError):
    """A schema that is too large, too deep, or refers outside itself."""


class Arguments:
    """Checks arguments; keeps the compiled schema of every action that was ever called."""

    def __init__(self) -> None:
        self._compiled: WeakKeyDictionary[Action, jsonschema_rs.Draft202012Validator] = WeakKeyDictionary()

    def check(self, action: Action, arguments: Mapping[str, Any]) -> None:
        """Raise `ValidationFailed`, naming each path and what was expected there, unless the arguments fit."""
        _refuse_unsafe(arguments)
        validator = self._compiled.get(action)
        if validator is None:
            validator = self._compiled[action] = compile_schema(action.input_schema)
        if validator.is_valid(arguments):
            return
        found = [_sentence(error) for error in islice(validator.iter_errors(arguments), _MOST_ERRORS)]
        raise ValidationFailed("the input does not fit the tool: " + "; ".join(found), problems=found)


def compile_schema(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema. Raises `SchemaRefused`."""
    _refuse_costly(schema)
    if schema.get("$schema", DIALECT) != DIALECT:
        raise SchemaRefused(f"the schema is written in another dialect than {DIALECT}")
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            retriever=_refuse_to_fetch,
            pattern_options=jsonschema_rs.RegexOptions(),
            validate_formats=False,
            mask="the value",
        )
    except ValueError as error:
        raise SchemaRefused(f"the schema can't be used: {str(error)[:_LONGEST_ERROR]}") from error


def _refuse_to_fetch(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to {uri[:100]}")


def _refuse_costly(schema: Mapping[str, Any]) -> None:
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        if depth > _MAX_SCHEMA_DEPTH:
            raise SchemaRefused(f"the schema is nested deeper than {_MAX_SCHEMA_DEPTH} levels")
        if isinstance(value, Mapping):
            seen += 1
            waiting.extend((inner, depth + 1) for inner in cast("Mapping[str, Any]", value).values())
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in cast("list[Any]", value))
        if seen > _MOST_SUBSCHEMAS:
            raise SchemaRefused(f"the schema has more than {_MOST_SUBSCHEMAS} parts")


def _refuse_unsafe(arguments: Mapping[str, Any]) -> None:
    try:
        refuse_bad_text(arguments)
    except JsonRefused as error:
        raise ValidationFailed(f"the input does not fit the tool: {error}") from error


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    """Say where, and what was expected there; the value itself is not repeated."""
    path = "".join(f"/{part}" for part in error.instance_path)
    message = error.message[:_LONGEST_ERROR]
    return f"{path}: {message}" if path else message
