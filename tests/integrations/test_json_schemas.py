"""Claims about schemas of strangers."""

from time import perf_counter
from typing import Any

import pytest

from integrations.json_schemas import SchemaRefused, compile_schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$schema": "http://127.0.0.1:9/dialect"},
        {"type": "strin"},
        {"properties": {str(number): {"type": "string"} for number in range(3000)}},
    ],
)
def test_a_schema_that_reaches_out_is_wrong_or_is_costly_is_not_compiled(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaRefused):
        compile_schema(schema)


def test_a_deep_schema_is_not_compiled() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100):
        schema = {"not": schema}

    with pytest.raises(SchemaRefused):
        compile_schema(schema)


def test_a_pattern_that_backtracks_costs_no_time() -> None:
    validator = compile_schema({"type": "string", "pattern": "^(a+)+$"})
    started = perf_counter()

    assert not validator.is_valid("a" * 50_000 + "b")
    assert perf_counter() - started < 0.5


def test_a_pattern_that_needs_backtracking_is_left_to_whoever_runs_the_tool() -> None:
    email = {"type": "string", "pattern": "^(?!\\.)[a-z.]+@[a-z.]+$"}
    validator = compile_schema({"type": "object", "properties": {"to": email}})

    assert validator.is_valid({"to": "anybody"})
    assert not validator.is_valid({"to": 5})


def test_references_that_double_at_every_step_are_refused_before_a_value_is_held_against_them() -> None:
    doubling: dict[str, Any] = {
        f"d{number}": {"allOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(40)
    }
    with pytest.raises(SchemaRefused, match="too long"):
        compile_schema({"$ref": "#/$defs/d0", "$defs": {**doubling, "d40": {}}})


def test_recursion_is_cut_so_that_a_deep_value_costs_no_more_than_its_depth() -> None:
    either = [{"required": [name], "properties": {"a": {"$ref": "#/$defs/node"}}} for name in ("x", "y")]
    validator = compile_schema({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "anyOf": either}}})
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"a": value}
    started = perf_counter()

    assert list(validator.iter_errors(value))
    assert perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/p/properties/a"}, "p": {"properties": {"a": {}}}}},
        {"properties": {"$ref": {"type": "string"}, "a": {"$ref": "#/properties/$ref"}}},
    ],
)
def test_references_inside_a_schema_are_followed(schema: dict[str, Any]) -> None:
    assert compile_schema(schema).is_valid({"a": "b"})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "#nowhere"},
        {"properties": {"a": {"$id": "https://other.example/", "$ref": "#"}}},
        {"$dynamicRef": "#a", "$dynamicAnchor": "a"},
        {"$ref": "#/$defs/c0", "$defs": {f"c{number}": {"$ref": f"#/$defs/c{number + 1}"} for number in range(1500)}},
    ],
)
def test_references_that_cant_be_followed_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaRefused):
        compile_schema(schema)


def test_anchors_and_the_older_dialect_are_understood() -> None:
    anchored = compile_schema(
        {"properties": {"a": {"$ref": "#word"}}, "$defs": {"w": {"$anchor": "word", "type": "string"}}}
    )
    older = compile_schema({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]})

    assert not anchored.is_valid({"a": 1})
    assert not older.is_valid([1])
