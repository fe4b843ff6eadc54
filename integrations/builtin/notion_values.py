"""Notion's property values beside plain ones: what is written, searched for and read. Plain functions."""

from collections.abc import Mapping
from typing import Final, cast

from integrations.failures import InvalidInput
from integrations.ports import Json

TEXT_LIMIT: Final = 2000
"""Characters that one rich text object may hold (developers.notion.com/reference/request-limits)."""
_SCALARS: Final = frozenset({"number", "checkbox", "url", "email", "phone_number"})
_NAMED: Final = frozenset({"select", "status"})
_LISTS: Final = frozenset({"title", "rich_text", "multi_select", "people", "relation", "files"})
_EQUAL: Final = _SCALARS | _NAMED | {"title", "rich_text", "date"}
_CONTAIN: Final = frozenset({"multi_select", "people", "relation"})


def rich_text(text: str) -> list[Json]:
    """The text as rich text objects, none longer than Notion takes."""
    return [
        {"text": {"content": text[start : start + TEXT_LIMIT]}} for start in range(0, max(len(text), 1), TEXT_LIMIT)
    ]


def properties(fields: Mapping[str, Json], schema: Mapping[str, Json]) -> dict[str, Json]:
    """The property objects of plain `fields`, after the data source's `schema`. Notion's own objects stay as they are."""
    return {name: _property(value, _kind(name, schema)) for name, value in fields.items()}


def conditions(fields: Mapping[str, Json], schema: Mapping[str, Json]) -> Json:
    """The filter that matches items with exactly these values."""
    return {"and": [_condition(name, value, _kind(name, schema)) for name, value in fields.items()]}


def brief_page(page: Mapping[str, Json]) -> dict[str, Json]:
    """A page with its properties as plain values."""
    own = cast("Mapping[str, Mapping[str, Json]]", page.get("properties") or {})
    title = next((plain(value) for value in own.values() if value.get("type") == "title"), "")
    values = {name: plain(value) for name, value in own.items()}
    times = {name: page.get(name) for name in ("created_time", "last_edited_time")}
    trashed = {"in_trash": True} if page.get("in_trash") else {}
    return {"id": page.get("id"), "title": title, "url": page.get("url"), "properties": values} | times | trashed


def plain(value: Mapping[str, Json]) -> Json:
    """A property's value without Notion's wrapping: text, a number, a name, a list of names or ids."""
    kind = value.get("type")
    inner = value.get(str(kind))
    match kind, inner:
        case "title" | "rich_text", list():
            return plain_text(cast("list[Mapping[str, Json]]", inner))
        case "formula" | "rollup", {"type": "array", "array": list()}:
            return [plain(element) for element in inner["array"]]
        case "formula" | "rollup", {"type": str() as name}:
            return inner.get(name)
        case "unique_id", {"number": number}:
            return f"{inner['prefix']}-{number}" if inner.get("prefix") else number
        case _, list():
            return [_name(element) for element in cast("list[Json]", inner)]
        case "date", {"start": start, "end": None}:
            return start
        case "select" | "status" | "created_by" | "last_edited_by", Mapping():
            return _name(cast("Json", inner))
        case _:
            return inner


def plain_text(parts: list[Mapping[str, Json]]) -> str:
    """The text of rich text objects."""
    return "".join(str(part.get("plain_text", "")) for part in parts)


def _name(element: Json) -> Json:
    if not isinstance(element, Mapping):
        return element
    fields = cast("Mapping[str, Json]", element)
    return fields.get("name") or fields.get("id")


def _kind(name: str, schema: Mapping[str, Json]) -> str:
    if name not in schema:
        raise InvalidInput(f"The database has no property {name!r}. It has: {', '.join(sorted(schema))}.")
    return str(schema[name]["type"])


def _property(value: Json, kind: str) -> Json:
    """One property object; a mapping (or a list of mappings) is Notion's own already."""
    if value is None:
        return {kind: [] if kind in _LISTS else None}
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Json]", value)
        return members if kind in members else {kind: members}
    if kind in {"title", "rich_text"}:
        return {kind: cast("Json", value) if isinstance(value, list) else rich_text(str(value))}
    if kind in _SCALARS:
        return {kind: value}
    if kind in _NAMED:
        return {kind: {"name": str(value)}}
    if kind == "date":
        return {"date": {"start": str(value)}}
    if kind in _LISTS:
        elements = cast("list[Json]", value if isinstance(value, list) else [value])
        return {kind: [_element(element, kind) for element in elements]}
    raise InvalidInput(f"A property of the type {kind} can't be written.")


def _element(element: Json, kind: str) -> Json:
    if isinstance(element, Mapping):
        return cast("Json", element)
    match kind:
        case "multi_select":
            return {"name": str(element)}
        case "files":
            return {"name": str(element).rsplit("/", 1)[-1], "external": {"url": str(element)}}
        case _:
            return {"id": str(element)}


def _condition(name: str, value: Json, kind: str) -> Json:
    if kind in _CONTAIN:
        return {"property": name, kind: {"contains": value}}
    if kind in _EQUAL:
        return {"property": name, kind: {"equals": value}}
    raise InvalidInput(
        f"Items can't be found by {name}, which is of the type {kind}; use query_database with a filter."
    )
