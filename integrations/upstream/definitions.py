"""The tools of a remote MCP server as actions: which names they get here."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, cast

from integrations.manifest import McpServer
from integrations.ports import Json

_PINNED: Final = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
_BOOLEANS: Final[Mapping[bool, Json]] = {True: {}, False: {"not": {}}}
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class RemoteDefinition:
    """One tool: the name of its action here, the server's own name for it, and what it says of itself."""

    name: str
    remote_name: str
    definition: Mapping[str, Json] = field(repr=False)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.definition.get("title") or self.annotations.get("title") or self.remote_name

    @property
    def description(self) -> str | None:
        return self.definition.get("description")

    @property
    def annotations(self) -> Mapping[str, Json]:
        """The server's claims about it, which nothing here relies on."""
        return self.definition.get("annotations") or {}

    @property
    def input_schema(self) -> Mapping[str, Json]:
        return self.definition["inputSchema"]


def known_tools(server: McpServer) -> Iterator[RemoteDefinition]:
    """Yield the approved tools, but for those that are withheld."""
    for definition in server.tools or ():
        remote_name = definition["name"]
        if remote_name not in server.withheld:
            yield RemoteDefinition(action_name(remote_name), remote_name, definition)


def action_name(remote_name: str) -> str:
    """Return what the action of a tool is called here."""
    return _NOT_IN_NAMES.sub("_", remote_name)


def differing_parts(one: Mapping[str, Json], other: Mapping[str, Json]) -> tuple[str, ...]:
    """Return which pinned parts of two definitions are not the same."""
    return tuple(key for key in _PINNED if _canonical(one.get(key)) != _canonical(other.get(key)))


def as_listed(definition: Mapping[str, Json]) -> dict[str, Json]:
    """Return a definition in the form that every client takes: one that refuses a tool refuses the whole list.

    Nothing is null at the top or among the annotations, and schemas of properties are objects; it means the same.
    """
    listed: dict[str, Json] = {key: value for key, value in definition.items() if value is not None}
    for key, form in (("annotations", _without_nulls), ("inputSchema", _open), ("outputSchema", _open)):
        if isinstance(listed.get(key), Mapping):
            listed[key] = form(listed[key])
    return listed


def _without_nulls(annotations: Mapping[str, Json]) -> Json:
    return {key: value for key, value in annotations.items() if value is not None}


def _open(schema: Mapping[str, Json]) -> Json:
    """Write properties of which anything, or nothing, is taken as objects."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return schema
    named = cast("Mapping[str, Json]", properties).items()
    shown = {name: _BOOLEANS[each] if isinstance(each, bool) else each for name, each in named}
    return {**schema, "properties": shown}


def digest(definition: Mapping[str, Json]) -> str:
    """SHA-256, as hex, of what a model or a person goes by in a definition (security R32).

    Neither the order of keys nor the spelling of a number counts, nor whether a field is absent or null.
    """
    pinned = {key: definition[key] for key in _PINNED if definition.get(key) is not None}
    return sha256(json.dumps(_canonical(pinned), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _canonical(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _canonical(inner) for key, inner in cast("Mapping[str, Json]", value).items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in cast("list[Json]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value
