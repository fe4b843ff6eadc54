"""What a remote MCP server shows as its tools, read with suspicion: which can be taken over, and what speaks against them.

Refused is what could harm the gateway or couldn't be called here. Findings are for the person who approves.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import orjson
from mcp_types import Tool
from pydantic import ValidationError

from integrations.json_schemas import SchemaRefused, compile_schema
from integrations.ports import Json
from integrations.upstream.definitions import action_name, as_listed, digest
from integrations.upstream.hidden_text import has_hidden, hidden_in, is_broken, shown, texts_in

MOST_TOOLS: Final = 500
MAX_DEFINITION_BYTES: Final = 64 * 1024
MAX_DEFINITIONS_BYTES: Final = 512 * 1024
LONGEST_NAME: Final = 128
_CHARACTERS_OF_A_TOKEN: Final = 4
_MAX_DEPTH: Final = 60
_ICONS: Final = ("https://", "http://", "data:image/")
_MOST_FINDINGS: Final = 10
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
# As in the attacks that are known (Invariant Labs, April 2025): texts that give orders to the model behind people's back.
_ORDERS: Final = re.compile(
    r"<\s*/?\s*(?:important|system|secret|instructions?|hidden)\b[^>]{0,50}>"
    r"|\b(?:do not|don't|never) (?:tell|mention|inform|show)\b.{0,40}\buser"
    r"|\bignore (?:all |any )?(?:previous|prior|other|earlier) instructions"
    r"|\bbefore (?:using|calling) (?:this|any other) tools?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadTool:
    """A definition that can be taken over. `hidden` findings ask for a person's approval; `warnings` are told to it."""

    name: str
    digest: str
    definition: Mapping[str, Json] = field(repr=False)
    hidden: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedTool:
    """A definition that can't be taken over, by a name fit to be shown, and why."""

    name: str
    digest: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """All of a list."""

    accepted: tuple[ReadTool, ...]
    refused: tuple[RefusedTool, ...]


def read_definitions(tools: Sequence[Json], *, beside: Sequence[Mapping[str, Json]] = ()) -> Definitions:
    """Read definitions that a server shows (MCP, Tool); `beside` are those that stay, whose names and room are taken."""
    room = MAX_DEFINITIONS_BYTES - sum(size_of(each) for each in beside)
    places = MOST_TOOLS - len(beside)
    names = Counter(action_name(name) for each in (*beside, *tools) if (name := _name(each)) is not None)
    accepted: list[ReadTool] = []
    refused: list[RefusedTool] = []
    for number, tool in enumerate(tools):
        reason = "there are too many tools" if len(accepted) >= places else _fault(tool)
        definition = cast("Mapping[str, Json]", tool)
        if reason is None and names[action_name(definition["name"])] > 1:
            reason = f"another tool is called {action_name(definition['name'])} here too"
        if reason is None and (room := room - size_of(definition)) < 0:
            reason = f"the definitions are larger than {MAX_DEFINITIONS_BYTES // 1024} KiB together"
        if reason is None:
            accepted.append(_read(definition))
        else:
            told = shown((_name(tool) or f"#{number}")[:LONGEST_NAME])
            refused.append(RefusedTool(told[:LONGEST_NAME], digest_of(tool), reason))
    return Definitions(tuple(accepted), tuple(refused))


def size_of(definition: Mapping[str, Json]) -> int:
    """Return how many bytes a definition takes, written."""
    return len(json.dumps(definition, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))


def tokens_of(definition: Mapping[str, Json]) -> int:
    """Return about how many tokens a definition costs a model."""
    return len(json.dumps(definition, separators=(",", ":"), ensure_ascii=False)) // _CHARACTERS_OF_A_TOKEN


def digest_of(tool: Json) -> str | None:
    """Return the digest of whatever stands in a list; None where it has none."""
    return digest(cast("Mapping[str, Json]", tool)) if isinstance(tool, Mapping) and _is_shallow(tool) else None


def _fault(tool: Json) -> str | None:
    if not isinstance(tool, Mapping) or not _is_shallow(tool):
        return "it is no object, or nested too deep"
    definition = cast("Mapping[str, Json]", tool)
    if any(is_broken(text) for _, text in texts_in(definition)):
        return "it has control characters, or broken ones"
    if not _is_writable(definition):
        return "it has numbers that JSON, or a database, doesn't take"
    if size_of(definition) > MAX_DEFINITION_BYTES:
        return f"it is larger than {MAX_DEFINITION_BYTES // 1024} KiB"
    name = definition.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "its name is not 1 to 128 letters, digits, '_', '-' and '.'"
    return _field_fault(definition) or _schema_fault(definition)


def _field_fault(definition: Mapping[str, Json]) -> str | None:
    """Hold it against MCP's own form: what one client doesn't take, it may refuse with the whole list."""
    try:
        tool = Tool.model_validate(as_listed(definition), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(str(part) for part in first["loc"])[:100]
        return f"it is no tool as MCP describes one: {where}: {first['msg']}"
    if any(not icon.src.lower().startswith(_ICONS) for icon in tool.icons or ()):
        return "it has an icon that is neither an https address nor data"
    return None


def _schema_fault(definition: Mapping[str, Json]) -> str | None:
    schema: Json = definition.get("inputSchema")
    if not isinstance(schema, Mapping) or cast("Mapping[str, Json]", schema).get("type") != "object":
        return 'its inputSchema does not say `"type": "object"`'
    if "properties" in schema and not isinstance(schema["properties"], Mapping):
        return "its inputSchema has properties that are no object"
    for key in ("inputSchema", "outputSchema"):
        if definition.get(key) is not None:
            try:
                compile_schema(definition[key])
            except SchemaRefused as error:
                return f"{key}: {error}"
    return None


def _read(definition: Mapping[str, Json]) -> ReadTool:
    hidden = tuple(
        f"{place or '/'}: characters that nobody sees ({hidden_in(text)})"
        for place, text in texts_in(definition)
        if has_hidden(text)
    )
    warnings = tuple(dict.fromkeys(_warnings(definition)))
    return ReadTool(
        definition["name"], digest(definition), definition, hidden[:_MOST_FINDINGS], warnings[:_MOST_FINDINGS]
    )


def _warnings(definition: Mapping[str, Json]) -> Iterator[str]:
    for place, text in texts_in(definition):
        found = _ORDERS.search(text)
        if found is not None:
            yield f"{place}: reads like an order to the model: {shown(found.group()[:80])!r}"


def _name(tool: Json) -> str | None:
    name: Json = cast("Mapping[str, Json]", tool).get("name") if isinstance(tool, Mapping) else None
    return name if isinstance(name, str) else None


def _is_writable(definition: Mapping[str, Json]) -> bool:
    try:
        json.dumps(definition, allow_nan=False)
        orjson.dumps(definition)
    except (ValueError, TypeError):
        return False
    return True


def _is_shallow(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return True
    return False


def _inside(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping):
        yield from cast("Mapping[str, Json]", value).values()
    elif isinstance(value, list | tuple):
        yield from cast("list[Json]", value)
