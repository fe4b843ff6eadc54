"""Faults of a manifest's actions, option lookups and triggers."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, cast

import jsonschema_rs

from integrations.auth_methods import OAuth2
from integrations.checking_auth import plain_http_faults
from integrations.inputs import Input, closed, object_schema
from integrations.manifest import Action, Manifest, OptionLookup, Scopes
from integrations.notation import placeholders
from integrations.outgoing import HEADER_NAME, files_used, names_used
from integrations.paging import INPUTS as PAGING_INPUTS
from integrations.ports import Json
from integrations.requests import RequestTemplate
from integrations.running import function_of
from integrations.yaml_source import Path as Place

Fault: TypeAlias = tuple[Place, str]

ACTION_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")
MAX_TOOL_NAME: Final = 64
OUR_HEADERS: Final = frozenset({"authorization", "content-length", "cookie", "host", "transfer-encoding"})


def action_faults(manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the actions."""
    tools: dict[str, str] = {}
    for index, action in enumerate(manifest.actions):
        place = ("actions", index)
        tool = tool_name(manifest.name, action.name)
        if tool in tools:
            yield (*place, "name"), f"action {action.name}: its tool name {tool} is that of action {tools[tool]} too"
        tools.setdefault(tool, action.name)
        yield from _naming_faults(action, tool, place)
        yield from _auth_faults(action.name, action.scopes, action.auth_methods, manifest=manifest, place=place)
        yield from _schema_faults(action, place)
        yield from _input_faults(action, manifest, place)
        if action.request is not None:
            yield from _request_faults(action, action.request, place)
        if action.code is not None:
            yield from _code_faults(action.code, (*place, "code"))
        yield from plain_http_faults({"base_url": action.base_url or ""}, place)


def tool_name(integration: str, action: str) -> str:
    """The name that an MCP tool has when the alias is the integration's own name."""
    return f"{re.sub('[^A-Za-z0-9_]', '_', integration)}__{re.sub('[^A-Za-z0-9_-]', '_', action)}"


def _naming_faults(action: Action, tool: str, place: Place) -> Iterator[Fault]:
    if not ACTION_NAME.fullmatch(action.name):
        yield (*place, "name"), f"action {action.name!r}: a name holds letters, digits, '_', '-' and spaces"
    if len(tool) > MAX_TOOL_NAME:
        yield (*place, "name"), f"action {action.name}: its tool name {tool} has {len(tool)} characters; 64 is the most"
    if not action.description:
        yield place, f"action {action.name}: has no description"


def _auth_faults(
    name: str, scopes: Scopes | None, auth_methods: tuple[str, ...], *, manifest: Manifest, place: Place
) -> Iterator[Fault]:
    keys = [method.key for method in manifest.auth]
    for key in auth_methods:
        if key not in keys:
            yield (*place, "auth_methods"), f"{name}: there is no auth method {key!r}"
    oauth2 = [method.key for method in manifest.auth if isinstance(method, OAuth2)]
    used = [key for key in oauth2 if not auth_methods or key in auth_methods]
    if used and scopes is None:
        yield place, f"{name}: `scopes` is missing; write [] if it needs none"
    if isinstance(scopes, Mapping):
        for key in scopes:
            if key not in keys:
                yield (*place, "scopes", key), f"{name}: there is no auth method {key!r}"
        for key in used:
            if key not in scopes:
                yield (*place, "scopes"), f"{name}: scopes for the auth method {key!r} are missing"


def _schema_faults(action: Action, place: Place) -> Iterator[Fault]:
    where = (*place, "input" if action.schema_ is None else "schema")
    schema = object_schema(action.input) if action.schema_ is None else closed(action.schema_)
    if action.schema_ is not None and action.schema_.get("additionalProperties", False) is not False:
        yield (
            (*where, "additionalProperties"),
            f"{action.name}: inputs are closed; additionalProperties can't be opened",
        )
    yield from _validator_faults(schema, where)
    if action.schema_ is not None:
        for name, fragment in action.schema_.get("properties", {}).items():
            if not (isinstance(fragment, Mapping) and cast("Mapping[str, Json]", fragment).get("description")):
                yield (*where, "properties", name), f"{action.name}: the input {name} has no description"


def _validator_faults(schema: Mapping[str, Json], where: Place) -> Iterator[Fault]:
    try:
        jsonschema_rs.validator_for(dict(schema), pattern_options=jsonschema_rs.RegexOptions())
    except (jsonschema_rs.ValidationError, ValueError) as error:
        yield where, f"not a usable JSON Schema: {str(error).splitlines()[0]}"


def _input_faults(action: Action, manifest: Manifest, place: Place) -> Iterator[Fault]:
    yield from _described_faults(action.name, action.input, manifest=manifest, place=(*place, "input"))
    for name in action.input:
        if action.paging is not None and name in PAGING_INPUTS:
            yield (*place, "input", name), f"{action.name}: the input {name} is one that paging adds"
    for name, declared in action.input.items():
        lookup = manifest.options.get(declared.options or "")
        for needed in lookup.depends_on if lookup else ():
            if needed not in action.input:
                yield (*place, "input", name), f"{action.name}: {declared.options} depends on the input {needed}"


def _described_faults(name: str, inputs: Mapping[str, Input], *, manifest: Manifest, place: Place) -> Iterator[Fault]:
    for key, declared in inputs.items():
        if not declared.json_schema.get("description"):
            yield (*place, key), f"{name}: the input {key} has no description"
        if declared.options is not None and declared.options not in manifest.options:
            yield (*place, key, "options"), f"{name}: there is no option lookup {declared.options!r}"


def _request_faults(action: Action, request: RequestTemplate, place: Place) -> Iterator[Fault]:
    where = (*place, "request")
    listed = ("input",) if action.schema_ is None else ("schema", "properties")
    known = set(action.input) if action.schema_ is None else set[str](action.schema_.get("properties", {}))
    used = names_used(request)
    for name in sorted(used - known):
        yield where, f"{action.name}: the request uses {{{name}}}, which is not an input"
    for name in placeholders(request.path):
        declared = action.input.get(name)
        if declared is not None and declared.optional and "default" not in declared.json_schema:
            yield where, f"{action.name}: {{{name}}} stands in the path, so the input can't be optional"
    if "input" not in (request.query, request.json_, request.form):
        # An input that can have one value only is a confirmation: it is for us, not for the provider.
        confirmations = {name for name, declared in action.input.items() if "const" in declared.json_schema}
        for name in sorted(known - used - confirmations):
            yield (*place, *listed, name), f"{action.name}: the request sends the input {name} nowhere"
    yield from _header_faults(action.name, request, where)
    yield from _file_faults(action, request, where)


def _file_faults(action: Action, request: RequestTemplate, where: Place) -> Iterator[Fault]:
    sent = files_used(request)
    for name, declared in action.input.items():
        if declared.file is None and name in sent and request.content is None:
            yield (
                where,
                f"{action.name}: `files` sends {name}, which is no file; write `file: one` or `file: many` there",
            )
        if request.content is not None and name in sent and declared.file != "one" and not _is_text(declared):
            yield where, f"{action.name}: `content` sends {name}, which is neither a file nor text"
        if declared.file is not None and name not in sent:
            yield (*where[:-1], "input", name), f"{action.name}: the input {name} is a file, but not among `files`"
    if action.schema_ is not None and sent:
        yield where, f"{action.name}: files are inputs with `file`, which `schema` can't have; use `input`"


def _is_text(declared: Input) -> bool:
    return declared.json_schema.get("type") == "string"


def _header_faults(name: str, request: RequestTemplate, where: Place) -> Iterator[Fault]:
    for header in request.headers:
        if not HEADER_NAME.fullmatch(header) or header.lower() in OUR_HEADERS:
            yield (*where, "headers", header), f"{name}: the header {header!r} can't be set here"


def _code_faults(reference: str, place: Place) -> Iterator[Fault]:
    try:
        function_of(reference)
    except ValueError as error:
        yield place, f"code: {error}"


def lookup_faults(manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the option lookups."""
    used = {declared.options for action in manifest.actions for declared in action.input.values()}
    for name, lookup in manifest.options.items():
        place = ("options", name)
        yield from _auth_faults(name, lookup.scopes, lookup.auth_methods, manifest=manifest, place=place)
        yield from _lookup_request_faults(name, lookup, place)
        yield from plain_http_faults({"base_url": lookup.base_url or ""}, place)
        if name not in used:
            yield place, f"{name}: no input uses this lookup"


def _lookup_request_faults(name: str, lookup: OptionLookup, place: Place) -> Iterator[Fault]:
    for unknown in sorted(names_used(lookup.request) - {"search", *lookup.depends_on}):
        yield (*place, "request"), f"{name}: the request uses {{{unknown}}}, which `depends_on` does not name"
    if "search" in placeholders(lookup.request.path):
        yield (*place, "request"), f"{name}: {{search}} may be absent, so it can't stand in the path"
    yield from _header_faults(name, lookup.request, (*place, "request"))


def trigger_faults(manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the triggers."""
    names: set[str] = set()
    for index, trigger in enumerate(manifest.triggers):
        place = ("triggers", index)
        if trigger.name in names:
            yield (*place, "name"), f"trigger {trigger.name}: there are two of this name"
        names.add(trigger.name)
        yield from _described_faults(trigger.name, trigger.input, manifest=manifest, place=(*place, "input"))
