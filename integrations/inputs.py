"""The inputs of an action: JSON Schema with a few extra keys, and the closed schema that callers see."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias, cast

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from integrations.files import Files, file_schema
from integrations.notation import Model, Name
from integrations.ports import Json

KEYWORDS: Final = frozenset({
    "type", "title", "description", "enum", "const", "default", "examples", "format", "pattern", "minLength",
    "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "prefixItems",
    "minItems", "maxItems", "uniqueItems", "properties", "required", "additionalProperties", "minProperties",
    "maxProperties", "anyOf", "oneOf", "allOf", "not", "contentEncoding", "contentMediaType",
})  # fmt: skip
"""The JSON Schema keywords that a manifest may use: what every client understands, and no `$ref`."""

Segments: TypeAlias = Annotated[int, Field(ge=2, le=9)] | Literal["any"] | None
"""How many path segments a value stands for: None is one, "any" one or more."""

TYPES: Final = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})


def check_schema(schema: Json, where: str = "") -> None:
    """Raise ValueError where `schema` uses a keyword or a type that is not one of ours."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        # A ValueError, because pydantic reports only those with their place.
        raise ValueError(f"{where or 'the schema'} must be a mapping of JSON Schema keywords")  # noqa: TRY004
    fragment = cast("Mapping[str, Json]", schema)
    for keyword in fragment:
        if keyword not in KEYWORDS:
            raise ValueError(f"unknown JSON Schema keyword {keyword!r}" + (f" in {where}" if where else ""))
    kinds = fragment.get("type", [])
    for kind in cast("list[Json]", kinds if isinstance(kinds, list) else [kinds]):
        if kind not in TYPES:
            raise ValueError(f"unknown type {kind!r}" + (f" in {where}" if where else ""))
    for name, child in subschemas(fragment):
        check_schema(child, f"{where}/{name}".lstrip("/"))


def subschemas(schema: Mapping[str, Json]) -> list[tuple[str, Json]]:
    """The schemas directly inside `schema`, each with where it stands."""
    found = [(keyword, schema[keyword]) for keyword in ("items", "not", "additionalProperties") if keyword in schema]
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        found.extend((f"{keyword}/{index}", child) for index, child in enumerate(schema.get(keyword, ())))
    found.extend((f"properties/{name}", child) for name, child in schema.get("properties", {}).items())
    return found


class Input(Model):
    """One input: JSON Schema keywords plus these."""

    model_config = ConfigDict(extra="allow")

    optional: bool = False
    """The caller may leave it out."""
    options: Name | None = None
    """Name of the option lookup that lists the possible values."""
    multiline: bool = False
    """Long text: forms show a large field."""
    file: Files | None = None
    """Instead of a type: the value is a file (or a list of them) of name, mime_type, and text or base64."""
    segments: Segments = None
    """In a path the value is this many segments between slashes ("owner/name": 2), not one."""

    @model_validator(mode="after")
    def _known_keywords(self) -> "Input":
        check_schema(self.json_schema)
        beside = (self.model_extra or {}).keys() - {"title", "description", "examples"}
        if self.file is not None and beside:
            raise ValueError(f"a file has its own schema, so {', '.join(sorted(beside))} can't stand beside it")
        return self

    @property
    def json_schema(self) -> dict[str, Json]:
        """The JSON Schema of the value."""
        return (file_schema(self.file) if self.file else {}) | (self.model_extra or {})


def segments_in(inputs: Mapping[str, Input]) -> dict[str, Segments]:
    """How many path segments each of `inputs` stands for."""
    return {name: declared.segments for name, declared in inputs.items() if declared.segments}


def _checked_object_schema(schema: dict[str, Json]) -> dict[str, Json]:
    check_schema(schema)
    if schema.get("type") != "object":
        raise ValueError("schema must have type: object")
    return schema


ObjectSchema: TypeAlias = Annotated[dict[str, Json], AfterValidator(_checked_object_schema)]


def object_schema(inputs: Mapping[str, Input]) -> dict[str, Json]:
    """The closed object schema that the `input` shorthand stands for."""
    required = [name for name, declared in inputs.items() if not declared.optional]
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {name: declared.json_schema for name, declared in inputs.items()},
    }
    return closed(schema | ({"required": required} if required else {}))


def closed(schema: Mapping[str, Json]) -> dict[str, Json]:
    """`schema` refusing unknown properties: always at its root, and wherever properties are listed below it."""
    return _closed_below(schema) | {"additionalProperties": False}


def _closed_below(schema: Mapping[str, Json]) -> dict[str, Json]:
    found = dict(schema)
    for keyword in ("items", "additionalProperties"):
        if isinstance(found.get(keyword), Mapping):
            found[keyword] = _closed_below(found[keyword])
    for keyword in ("anyOf", "oneOf", "prefixItems"):
        if keyword in found:
            found[keyword] = [_closed_child(child) for child in found[keyword]]
    if "properties" in found:
        found["properties"] = {name: _closed_child(child) for name, child in found["properties"].items()}
        # Beside a combinator, properties may be listed elsewhere than here.
        if not {"anyOf", "oneOf", "allOf"} & found.keys():
            found.setdefault("additionalProperties", False)
    return found


def _closed_child(schema: Json) -> Json:
    return _closed_below(cast("Mapping[str, Json]", schema)) if isinstance(schema, Mapping) else schema


def with_integers(value: Json, schema: Json) -> Json:
    """`value` with `12` for `12.0` wherever `schema` says integer.

    JSON Schema takes both for the same integer, and some clients write all numbers as floats; APIs often refuse them.
    """
    if not isinstance(schema, Mapping):
        return value
    fragment = cast("Mapping[str, Json]", schema)
    match value:
        case float() if fragment.get("type") == "integer" and value.is_integer():
            return int(value)
        case Mapping() if "properties" in fragment:
            members = cast("Mapping[str, Json]", value)
            return {name: with_integers(each, fragment["properties"].get(name)) for name, each in members.items()}
        case list() if "items" in fragment:
            return [with_integers(each, fragment["items"]) for each in cast("list[Json]", value)]
        case _:
            return value
