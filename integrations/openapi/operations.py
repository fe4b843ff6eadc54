"""One operation of a document as one action of a manifest: its inputs, and where each goes in the request."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from integrations.checking_actions import OUR_HEADERS
from integrations.openapi.bodies import take_body
from integrations.openapi.building import Building, LeftOut
from integrations.openapi.document import Document, mapping, sequence
from integrations.openapi.schemas import MAX_SCHEMA_BYTES, inlined
from integrations.openapi.texts import plain
from integrations.ports import Json

METHODS: Final = ("get", "post", "put", "patch", "delete")
_SET_BY_US: Final = OUR_HEADERS | {"accept", "content-type", "user-agent"}
_DESCRIPTION_CHARACTERS: Final = 700
_MOST_INPUT_BYTES: Final = 4 * MAX_SCHEMA_BYTES
_ASTRAY: Final = re.compile(r"[?#\\\s\x00-\x1f\x7f]|://|^/|(^|/)\.\.?(/|$)|\{(?![^{}]+\})")
_JOINED: Final = {"form": "commas", "simple": "commas", "spaceDelimited": "spaces", "pipeDelimited": "pipes (|)"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as it stands in the document."""

    method: str
    path: str
    declared: Mapping[str, Json] = field(repr=False)
    shared: Mapping[str, Json] = field(repr=False)
    """The path's own members: parameters of all its methods."""

    @property
    def id(self) -> str:
        """What people call it: the `operationId`, or method and path."""
        given = self.declared.get("operationId")
        return given if isinstance(given, str) and given.strip() else f"{self.method} {self.path}"

    @property
    def tags(self) -> list[str]:
        """The groups that it belongs to."""
        return [tag for tag in sequence(self.declared.get("tags")) if isinstance(tag, str)]

    @property
    def servers(self) -> list[str]:
        """Where it is, if it stands elsewhere than the document's other operations."""
        given = sequence(self.declared.get("servers")) or sequence(self.shared.get("servers"))
        return [str(mapping(server).get("url")) for server in given]


def operations(document: Document) -> Iterator[Operation]:
    """Yield every operation, in the document's order."""
    for path, item in mapping(document.root.get("paths")).items():
        shared, _ = document.resolved(item)
        for method in METHODS:
            if method in shared:
                yield Operation(method, path, mapping(shared[method]), shared)


def action_of(document: Document, operation: Operation, name: str) -> dict[str, Json]:
    """Return the action in the manifest's notation, without scopes and auth methods.

    Raises:
        LeftOut: it can't be one.
        DocumentRefused: a reference leads out of the document or nowhere.
    """
    building = Building()
    for parameter in _parameters(document, operation):
        _take(document, parameter, building)
    take_body(document, operation.declared.get("requestBody"), building)
    action: dict[str, Json] = {"name": name, **_words(operation)}
    if building.inputs:
        if len(orjson.dumps(building.inputs)) > _MOST_INPUT_BYTES:
            raise LeftOut("its inputs are too many, or too large, for a tool")
        action["input"] = building.inputs
    parts = {name: part for name, part in (("query", building.query), ("headers", building.headers)) if part}
    action["request"] = {operation.method: _path(operation, building), **parts, **building.body}
    return action


def _words(operation: Operation) -> dict[str, str]:
    summary, description = (operation.declared.get(key) for key in ("summary", "description"))
    told = [text for text in (summary, description) if isinstance(text, str) and text.strip()]
    title = plain(told[0] if told else operation.id, 80)
    sentences = [plain(text, _DESCRIPTION_CHARACTERS).rstrip(".") for text in dict.fromkeys(told)]
    whole = ". ".join(sentences) or f"{operation.method.upper()} {operation.path}"
    return {"title": title, "description": plain(f"{whole}.", _DESCRIPTION_CHARACTERS)}


def _path(operation: Operation, building: Building) -> str:
    path = operation.path.removeprefix("/")
    if _ASTRAY.search(path):
        raise LeftOut("the path holds a query, a fragment, a whole address, or steps that lead elsewhere")
    open_names = {part.partition("}")[0] for part in path.split("{")[1:]} - building.path.keys()
    if open_names:
        raise LeftOut(f"the path names {', '.join(sorted(open_names))}, which no parameter describes")
    return re.sub(r"\{([^{}]+)\}", lambda match: f"{{{building.path[match[1]]}}}", path)


def _parameters(document: Document, operation: Operation) -> list[Mapping[str, Json]]:
    """The parameters; an operation's own replace those of its path by name and place."""
    found: dict[tuple[str, str], Mapping[str, Json]] = {}
    for given in (*sequence(operation.shared.get("parameters")), *sequence(operation.declared.get("parameters"))):
        parameter, _ = document.resolved(given)
        found[str(parameter.get("name")), str(parameter.get("in"))] = parameter
    return list(found.values())


def _take(document: Document, parameter: Mapping[str, Json], building: Building) -> None:
    name, where = str(parameter.get("name")), parameter.get("in")
    required = parameter.get("required") is True
    match where:
        case "path":
            schema = _scalar(_schema_of(document, parameter), "commas")
            building.path[name] = building.add(name, schema, required=True, where="path")
        case "query":
            schema = _query_schema(document, parameter)
            building.query[name] = f"{{{building.add(name, schema, required=required, where='query')}}}"
        case "header" if name.lower() not in _SET_BY_US:
            schema = _scalar(_schema_of(document, parameter), "commas")
            building.headers[name] = f"{{{building.add(name, schema, required=required, where='header')}}}"
        case "cookie" if required:
            raise LeftOut(f"it needs the cookie {name}")
        case _:
            pass


def _schema_of(document: Document, parameter: Mapping[str, Json]) -> dict[str, Json]:
    declared = parameter.get("schema")
    if declared is None:
        content = next(iter(mapping(parameter.get("content")).values()), None)
        declared = {"type": "string"} if content is not None else {}
    schema = inlined(document, declared)
    if isinstance(parameter.get("description"), str):
        schema["description"] = plain(parameter["description"], 300)
    return schema


def _query_schema(document: Document, parameter: Mapping[str, Json]) -> dict[str, Json]:
    """Lists repeat their name and objects stand in brackets, which is what `form` with `explode` and `deepObject` mean."""
    schema = _schema_of(document, parameter)
    style = str(parameter.get("style", "form"))
    if style in {"spaceDelimited", "pipeDelimited"} or parameter.get("explode") is False:
        return _scalar(schema, _JOINED.get(style, "commas"))
    return schema


def _scalar(schema: dict[str, Json], joined_by: str) -> dict[str, Json]:
    """The schema where only text fits: a list becomes its elements, joined by the caller."""
    if schema.get("type") not in ("array", "object"):
        return schema
    told = f"{str(schema.get('description') or 'Several values').rstrip('.')} (several joined by {joined_by})"
    return {"type": "string", "description": told}
