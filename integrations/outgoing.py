"""Building one HTTP request from the manifest's template, the caller's arguments and the connection's target."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import orjson

from integrations import template
from integrations.failures import InvalidInput
from integrations.inputs import Segments
from integrations.notation import MISSING, placeholders
from integrations.ports import HttpRequest, Json
from integrations.requests import RequestTemplate, Values, Whole
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
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def names_used(request: RequestTemplate) -> set[str]:
    """The inputs that `request` names anywhere; what `input` stands for is not among them."""
    used = {*placeholders(request.path)}
    for value in request.headers.values():
        used.update(placeholders(value))
    for part in (request.query, request.json_, request.form):
        used.update(_names_in(part))
    return used


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
    return Outgoing(
        method=request.method,
        path=template.path(request.path, arguments, segments),
        query=query or {},
        json=_json(request.json_, arguments, request),
        form=form,
        headers=_headers(request.headers, arguments),
    )


def _json(part: Values | Whole | None, arguments: Mapping[str, Json], request: RequestTemplate) -> Json:
    if isinstance(part, str) and part != "input":
        return template.json_value(part, arguments)
    filled = _filled(part, arguments, request)
    return MISSING if filled is None else filled


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
    if outgoing.form is not None:
        encoded = template.encoded_pairs(outgoing.form.items())
        return encoded.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    if outgoing.json is MISSING:
        return None, {}
    try:
        return orjson.dumps(outgoing.json), {"Content-Type": "application/json"}
    except TypeError as error:
        raise InvalidInput(f"The input can't be written as JSON: {error}.") from error
