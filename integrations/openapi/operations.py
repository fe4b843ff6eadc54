"""One operation of a document as one action of a manifest: its inputs, and where each goes in the request."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from integrations.checking_actions import OUR_HEADERS
from integrations.openapi.document import Document, mapping, sequence
from integrations.openapi.schemas import MAX_SCHEMA_BYTES, inlined
from integrations.openapi.texts import identifier, plain
from integrations.ports import Json

METHODS: Final = ("get", "post", "put", "patch", "delete")
_FORM: Final = "application/x-www-form-urlencoded"
_SET_BY_US: Final = OUR_HEADERS | {"accept", "content-type", "user-agent"}
_DESCRIPTION_CHARACTERS: Final = 700
_MOST_INPUT_BYTES: Final = 4 * MAX_SCHEMA_BYTES
_ASTRAY: Final = re.compile(r"[?#\\\s\x00-\x1f\x7f]|://|^/|(^|/)\.\.?(/|$)|\{(?![^{}]+\})")
_JOINED: Final = {"form": "commas", "simple": "commas", "spaceDelimited": "spaces", "pipeDelimited": "pipes (|)"}


class LeftOut(Exception):
    """This operation can't be an action; the message says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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


@dataclass(slots=True)
class _Request:
    """What is being put together."""

    inputs: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    path: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, Json] = field(default_factory=dict[str, Json])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: dict[str, Json] = field(default_factory=dict[str, Json])

    def add(self, name: str, schema: dict[str, Json], *, required: bool, where: str) -> str:
        """Make an input; returns the name that nothing else of this action has."""
        wanted = identifier(name)
        free = wanted if wanted not in self.inputs else f"{wanted}_{where}"
        while free in self.inputs:
            free += "_"
        described = {"description": schema.get("description") or schema.get("title") or f"The {plain(name, 100)}."}
        self.inputs[free] = {**schema, **described} | ({} if required else {"optional": True})
        return free


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
    request = _Request()
    for parameter in _parameters(document, operation):
        _take(document, parameter, request)
    _take_body(document, operation, request)
    action: dict[str, Json] = {"name": name, **_words(operation)}
    if request.inputs:
        if len(orjson.dumps(request.inputs)) > _MOST_INPUT_BYTES:
            raise LeftOut("its inputs are too many, or too large, for a tool")
        action["input"] = request.inputs
    parts = {"query": request.query, "headers": request.headers, **request.body}
    action["request"] = {operation.method: _path(operation, request)} | {k: v for k, v in parts.items() if v}
    return action


def _words(operation: Operation) -> dict[str, str]:
    summary, description = (operation.declared.get(key) for key in ("summary", "description"))
    told = [text for text in (summary, description) if isinstance(text, str) and text.strip()]
    title = plain(told[0] if told else operation.id, 80)
    sentences = [plain(text, _DESCRIPTION_CHARACTERS).rstrip(".") for text in dict.fromkeys(told)]
    whole = ". ".join(sentences) or f"{operation.method.upper()} {operation.path}"
    return {"title": title, "description": plain(f"{whole}.", _DESCRIPTION_CHARACTERS)}


def _path(operation: Operation, request: _Request) -> str:
    path = operation.path.removeprefix("/")
    if _ASTRAY.search(path):
        raise LeftOut("the path holds a query, a fragment, a whole address, or steps that lead elsewhere")
    open_names = {part.partition("}")[0] for part in path.split("{")[1:]} - request.path.keys()
    if open_names:
        raise LeftOut(f"the path names {', '.join(sorted(open_names))}, which no parameter describes")
    return re.sub(r"\{([^{}]+)\}", lambda match: f"{{{request.path[match[1]]}}}", path)


def _parameters(document: Document, operation: Operation) -> list[Mapping[str, Json]]:
    """The parameters; an operation's own replace those of its path by name and place."""
    found: dict[tuple[str, str], Mapping[str, Json]] = {}
    for given in (*sequence(operation.shared.get("parameters")), *sequence(operation.declared.get("parameters"))):
        parameter, _ = document.resolved(given)
        found[str(parameter.get("name")), str(parameter.get("in"))] = parameter
    return list(found.values())


def _take(document: Document, parameter: Mapping[str, Json], request: _Request) -> None:
    name, where = str(parameter.get("name")), parameter.get("in")
    required = parameter.get("required") is True
    match where:
        case "path":
            schema = _scalar(_schema_of(document, parameter), "commas")
            request.path[name] = request.add(name, schema, required=True, where="path")
        case "query":
            schema = _query_schema(document, parameter)
            request.query[name] = f"{{{request.add(name, schema, required=required, where='query')}}}"
        case "header" if name.lower() not in _SET_BY_US:
            schema = _scalar(_schema_of(document, parameter), "commas")
            request.headers[name] = f"{{{request.add(name, schema, required=required, where='header')}}}"
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


def _take_body(document: Document, operation: Operation, request: _Request) -> None:
    body, _ = document.resolved(operation.declared.get("requestBody"))
    content = mapping(body.get("content"))
    kind = next((kind for kind in content if _is_json(kind)), _FORM if _FORM in content else None)
    required = body.get("required") is True
    if kind is None:
        if content and required:
            raise LeftOut(f"it sends {', '.join(content)}, not JSON or a form")
        return
    schema = inlined(document, mapping(content[kind]).get("schema"))
    part = "form" if kind == _FORM else "json"
    properties = mapping(schema.get("properties"))
    if properties and not {"anyOf", "oneOf", "additionalProperties"} & schema.keys():
        needed = sequence(schema.get("required")) if required else []
        request.body[part] = {
            name: f"{{{request.add(name, dict(declared), required=name in needed, where='body')}}}"
            for name, declared in properties.items()
        }
    elif part == "json":
        name = request.add("body", schema or {"type": "object"}, required=required, where="body")
        request.body[part] = f"{{{name}}}"
    elif required:
        raise LeftOut("its form has no listed fields")


def _is_json(kind: str) -> bool:
    bare = kind.partition(";")[0].strip().lower()
    return bare == "application/json" or bare.endswith("+json")
