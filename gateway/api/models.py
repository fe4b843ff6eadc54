"""What all bodies, queries and answers share: camelCase on the wire, strict, closed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gateway.kit.clock import to_wire
from gateway.kit.ids import as_id
from gateway.tenancy.slugs import MAX_SLUG_LENGTH, SLUG_PATTERN

MAX_OBJECT_BYTES = 16 * 1024
MAX_INTEGER = 2**31 - 1


class Body(BaseModel):
    """A request's JSON object: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True, strict=True
    )

    def given(self) -> dict[str, Any]:
        """Return what the request names, null included, by our own names."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


class Nothing(Body):
    """An empty body, `{}` or no body at all."""


class Query(BaseModel):
    """A request's query parameters, each given once."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """A JSON object that we send."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_serialization_defaults_required=True,
        validate_by_name=True,
        validate_by_alias=False,
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say of fields that are left out that they may be missing, and are never null."""
        shown = handler(core_schema)
        schema = handler.resolve_ref_schema(shown)
        left_out = {field.alias for field in cls.model_fields.values() if field.exclude_if is not None}
        properties = schema.get("properties", {})
        for name in left_out & properties.keys():
            properties[name] = without_null(properties[name])
        schema["required"] = [name for name in schema.get("required", ()) if name not in left_out]
        return shown


def without_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Return the schema of a value that is not null."""
    others = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if not kinds:
        return others
    return {**kinds[0], **others} if len(kinds) == 1 else {"anyOf": kinds, **others}


class Deleted(Answer):
    """What has been deleted."""

    deleted: bool = True
    id: str


def absent(**options: Any) -> Any:
    """A field that a request may leave out but not set to null; ask `given()` whether it is there."""
    return Field(default_factory=_nothing, **options)


def omitted(**options: Any) -> Any:
    """A field of an answer that is left out where there is no value."""
    return Field(default=None, exclude_if=_is_none, **options)


def _nothing() -> None:
    return None


def _is_none(value: Any) -> bool:
    return value is None


def _small(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_OBJECT_BYTES:
        raise ValueError(f"is larger than {MAX_OBJECT_BYTES} bytes of JSON")
    return value


def _digits(value: Any) -> Any:
    """Take digits only: pydantic would read `1_000` and `5.0` as numbers as well."""
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit() or len(value) > 10:
            raise ValueError("has to be a whole number")
        return int(value)
    return value


def _truth(value: Any) -> Any:
    if isinstance(value, str):
        if value not in {"true", "false"}:
            raise ValueError("has to be true or false")
        return value == "true"
    return value


def _row_id(text: str) -> str:
    row_id = as_id(text)
    if row_id is None:
        raise ValueError("has to be an id, a UUID such as 0b8f2c1e-5d0e-4a53-9b4e-3f1d2a7c6e90")
    return row_id


def _is_row_id(text: str) -> str:
    _row_id(text)
    return text


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        # A naive moment would mean whatever zone this machine is in.
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError("has to be a moment with its zone, such as 2027-01-31T12:00:00Z")


Label: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
"""A name for people: any Unicode, not blank."""

Slug: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SLUG_LENGTH, pattern=SLUG_PATTERN)]
"""A readable name that is good in a URL."""

Prose: TypeAlias = Annotated[str, StringConstraints(max_length=4000)]

ExternalId: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""The product's own id for something."""

WorkspaceReference: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=100), Field(description="Id or slug of a workspace.")
]

Reference: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=255)]

RowId: TypeAlias = Annotated[str, AfterValidator(_row_id), WithJsonSchema({"type": "string", "format": "uuid"})]

RowIdAsSent: TypeAlias = Annotated[
    str, AfterValidator(_is_row_id), WithJsonSchema({"type": "string", "format": "uuid"})
]

SmallObject: TypeAlias = Annotated[dict[str, Any], AfterValidator(_small)]
"""Any JSON object of at most 16 KiB."""

Count: TypeAlias = Annotated[int, Field(ge=0, le=MAX_INTEGER), BeforeValidator(_digits)]

Flag: TypeAlias = Annotated[bool, BeforeValidator(_truth)]

MomentToCome: TypeAlias = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment in a request."""

Moment: TypeAlias = Annotated[
    datetime,
    PlainSerializer(to_wire, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A moment, written as ISO-8601 in UTC with milliseconds."""


class NoQuery(Query):
    """No query parameters."""


class Paged(Query):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_digits)] = 50
    offset: Count = 0


class PagedWithSuspended(Paged):
    """Which part of a list. `includeSuspended` is taken for compatibility; suspended ones are always shown."""

    include_suspended: Flag = False
