"""Building one HTTP request from the manifest's template, the caller's arguments and the connection's target."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, cast

import orjson

from integrations import template
from integrations.failures import InvalidInput
from integrations.files import files_in, text_file, within_bounds
from integrations.form_data import FormFile, form_data
from integrations.inputs import Segments
from integrations.notation import MISSING, placeholders
from integrations.ports import HttpRequest, Json
from integrations.requests import Files, RequestTemplate, Values, Whole
from integrations.target import Target

HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request."""

    timeout_seconds: float = 30.0
    max_bytes: int = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent, before it is encoded: `path` is relative to the base URL and encoded already."""

    method: str
    path: str
    query: Mapping[str, Json] = field(default_factory=dict[str, Json])
    json: Json = MISSING
    form: Mapping[str, Json] | None = None
    files: tuple[tuple[str, FormFile], ...] | None = None
    """Not None: the form goes as multipart/form-data, with these files."""
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def names_used(request: RequestTemplate) -> set[str]:
    """The inputs that `request` names anywhere; what `input` stands for is not among them."""
    used = {*placeholders(request.path)}
    for value in request.headers.values():
        used.update(placeholders(value))
    for part in (request.query, request.json_, request.form):
        used.update(_names_in(part))
    return used | files_used(request)


def files_used(request: RequestTemplate) -> set[str]:
    """The inputs that `request` sends as files, or as its whole body."""
    return {*_names_in(request.files), *_names_in(request.content)}


def _names_in(values: Json) -> Iterable[str]:
    match values:
        case tuple():
            return cast("tuple[str, ...]", values)
        case str():
            return placeholders(values)
        case Mapping():
            return [name for member in cast("Mapping[str, Json]", values).values() for name in _names_in(member)]
        case list():
            return [name for element in cast("list[Json]", values) for name in _names_in(element)]
        case _:
            return ()


def fill(request: RequestTemplate, arguments: Mapping[str, Json], segments: Mapping[str, Segments]) -> Outgoing:
    """The request with the caller's arguments in it. Raises InvalidInput where one does not fit its place."""
    query, form = (_filled(part, arguments, request) for part in (request.query, request.form))
    outgoing = Outgoing(
        method=request.method,
        path=template.path(request.path, arguments, segments),
        query=query or {},
        json=_json(request.json_, arguments, request),
        form=form,
        files=_files(request.files, arguments),
        headers=_headers(request.headers, arguments),
    )
    return outgoing if request.content is None else _with_content(outgoing, request.content, arguments)


def _json(part: Values | Whole | None, arguments: Mapping[str, Json], request: RequestTemplate) -> Json:
    if isinstance(part, str) and part != "input":
        return template.json_value(part, arguments)
    filled = _filled(part, arguments, request)
    return MISSING if filled is None else filled


def _files(part: Files | None, arguments: Mapping[str, Json]) -> tuple[tuple[str, FormFile], ...] | None:
    if part is None:
        return None
    named = (
        {name: name for name in part} if isinstance(part, tuple) else {wire: each[1:-1] for wire, each in part.items()}
    )
    return within_bounds((wire, file) for wire, name in named.items() for file in files_in(arguments.get(name), name))


def _with_content(outgoing: Outgoing, part: Whole, arguments: Mapping[str, Json]) -> Outgoing:
    """The input as the body. Its type is the file's own, unless the request names one."""
    name = part[1:-1]
    given = arguments.get(name)
    if given is None:
        return outgoing
    files = [text_file(given, f"/{name}")] if isinstance(given, str) else files_in(given, name)
    [(_, file)] = within_bounds((name, file) for file in files)
    return replace(outgoing, content=file.content, headers={"Content-Type": file.media_type, **outgoing.headers})


def _filled(part: Values | None, arguments: Mapping[str, Json], request: RequestTemplate) -> Mapping[str, Json] | None:
    match part:
        case None:
            return None
        case "input":
            used = names_used(request)
            return {name: value for name, value in arguments.items() if name not in used and value is not None}
        case tuple():
            return {name: arguments[name] for name in part if arguments.get(name) is not None}
        case _:
            filled = {name: template.json_value(value, arguments) for name, value in part.items()}
            return {name: value for name, value in filled.items() if value is not MISSING}


def _headers(templates: Mapping[str, str], arguments: Mapping[str, Json]) -> dict[str, str]:
    found = {name: template.header(value, arguments, _named_in(value, name)) for name, value in templates.items()}
    return {name: value for name, value in found.items() if value is not None}


def _named_in(value: str, header: str) -> str:
    return next(iter(placeholders(value)), header)


def encode(outgoing: Outgoing, target: Target, limits: Limits) -> HttpRequest:
    """The request as it goes out: below the target's base URL, with its headers and credential.

    Raises:
        InvalidInput: it would leave the base URL, or holds text that can't be encoded.
    """
    url = template.below(target.base_url, outgoing.path)
    query = template.encoded_pairs((*outgoing.query.items(), *target.query))
    body, content_type = _body(outgoing)
    headers = {"Accept": "application/json", "User-Agent": "Toolgate"} | content_type
    for name, value in (*outgoing.headers.items(), *target.headers.items()):
        _put_header(headers, name, value)
    return HttpRequest(
        method=outgoing.method,
        url=f"{url}?{query}" if query else url,
        headers=headers,
        body=body,
        timeout_seconds=limits.timeout_seconds,
        max_response_bytes=limits.max_bytes,
    )


def _put_header(headers: dict[str, str], name: str, value: str) -> None:
    """Set a header whatever the case of its name; later ones (the credential) win."""
    if not HEADER_NAME.fullmatch(name) or template.CONTROL.search(value):
        raise InvalidInput(f"The header {name!r} can't be sent.")
    for present in [key for key in headers if key.lower() == name.lower()]:
        del headers[present]
    headers[name] = value


def _body(outgoing: Outgoing) -> tuple[bytes | None, dict[str, str]]:
    if outgoing.content is not None:
        return outgoing.content, {}
    if outgoing.files is not None:
        return _multipart(outgoing.form or {}, outgoing.files)
    if outgoing.form is not None:
        encoded = template.encoded_pairs(outgoing.form.items())
        return encoded.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    if outgoing.json is MISSING:
        return None, {}
    return _as_json(outgoing.json), {"Content-Type": "application/json"}


def _as_json(value: Json) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise InvalidInput(f"The input can't be written as JSON: {error}.") from error


def _multipart(form: Mapping[str, Json], files: Iterable[tuple[str, FormFile]]) -> tuple[bytes, dict[str, str]]:
    """Lists repeat their name, and what is nested is JSON: so OpenAPI has it (3.1, Encoding Object)."""
    pairs = [
        (name, value)
        for name, given in form.items()
        for value in (cast("list[Json]", given) if isinstance(given, list) else [given])
        if value is not None
    ]
    plain = [(name, template.as_text(value, name)) for name, value in pairs if not isinstance(value, Mapping | list)]
    nested = [
        (name, FormFile(None, "application/json", _as_json(value)))
        for name, value in pairs
        if isinstance(value, Mapping | list)
    ]
    return form_data(plain, [*nested, *files])
