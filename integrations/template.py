"""Filling templates: every kind of place has its own rule for what a value may look like there (R30).

All of it is plain functions over values. A value that does not fit raises InvalidInput with its name as path.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final, TypeAlias, cast
from urllib.parse import quote, urlencode, urlsplit

from integrations.failures import InvalidInput
from integrations.inputs import Segments
from integrations.notation import MISSING, Missing, Placeholder, parts
from integrations.ports import Json

Values: TypeAlias = Mapping[str, Json]

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
ORIGIN: Final = re.compile(r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")


def text(template: str, values: Values) -> str | None:
    """The filled text, or None if a value it needs is absent."""
    filled: list[str] = []
    for part in parts(template):
        if isinstance(part, str):
            filled.append(part)
            continue
        value = values.get(part.name)
        if value is None:
            return None
        filled.append(as_text(value, part.name))
    return "".join(filled)


def as_text(value: Json, name: str) -> str:
    """A scalar as APIs write it in addresses and forms: `true`, `12`, the text itself."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case _:
            raise _unfit(name, "must be text, a number or true or false here")


def header(template: str, values: Values, name: str) -> str | None:
    """A header value, or None if a value it needs is absent. Refuses CR, LF and NUL."""
    filled = text(template, values)
    if filled is not None and (CONTROL.search(filled) or not filled.isascii()):
        raise _unfit(name, "can't be sent in a header: it holds a control character or is not ASCII")
    return filled


def json_value(template: Json, values: Values) -> Json | Missing:
    """`template` with its `{name}`s filled; what needs an absent value is left out, MISSING if all of it does."""
    match template:
        case str():
            return _json_text(template, values)
        case Mapping():
            members = cast("Mapping[str, Json]", template)
            return _unless_emptied(members, {key: json_value(member, values) for key, member in members.items()})
        case list():
            elements = cast("list[Json]", template)
            kept = [value for value in (json_value(element, values) for element in elements) if value is not MISSING]
            return kept if kept or not elements else MISSING
        case _:
            return template


def _json_text(template: str, values: Values) -> Json | Missing:
    match parts(template):
        case (Placeholder(name),):
            return values.get(name, MISSING)
        case _:
            filled = text(template, values)
            return MISSING if filled is None else filled


def _unless_emptied(members: Mapping[str, Json], filled: Mapping[str, Json | Missing]) -> Json | Missing:
    kept = {key: value for key, value in filled.items() if value is not MISSING}
    return kept if kept or not members else MISSING


def encoded_pairs(pairs: Iterable[tuple[str, Json]]) -> str:
    """Query or form encoding: lists repeat their name, nulls are left out, what is nested stands in brackets.

    `{a: [1, 2], b: {c: 3}, d: [{e: 4}]}` becomes `a=1&a=2&b[c]=3&d[0][e]=4`.
    """
    flat = [pair for name, value in pairs for pair in _flat(name, value, name)]
    try:
        return urlencode(flat, quote_via=quote)
    except UnicodeEncodeError as error:
        raise InvalidInput("The input holds text that is not valid Unicode (a lone surrogate).") from error


def _flat(name: str, value: Json, given: str) -> list[tuple[str, str]]:
    """The pairs of one value; `given` is the input that is to blame for it."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Json]", value).items()
        return [pair for key, member in members for pair in _flat(f"{name}[{key}]", member, given)]
    if isinstance(value, list):
        elements = cast("list[Json]", value)
        nested = any(isinstance(element, Mapping | list) for element in elements)
        names = (f"{name}[{index}]" if nested else name for index in range(len(elements)))
        return [pair for key, element in zip(names, elements, strict=True) for pair in _flat(key, element, given)]
    return [(name, as_text(value, given))]


def path(template: str, values: Values, segments: Mapping[str, Segments] | None = None) -> str:
    """A relative path: every value becomes exactly as many encoded segments as declared, one by default.

    Raises:
        InvalidInput: a value is absent, empty, "." or "..", holds control characters, or has the wrong number of
            segments.
    """
    filled = "".join(
        part if isinstance(part, str) else _path_value(part.name, values, (segments or {}).get(part.name))
        for part in parts(template)
    )
    # The template itself must not climb either.
    if any(segment in {".", ".."} for segment in filled.split("/")):
        raise InvalidInput(f"The path {template} would lead out of its base address.")
    return filled


def _path_value(name: str, values: Values, segments: Segments) -> str:
    value = values.get(name)
    if value is None:
        raise _unfit(name, "is missing")
    written = as_text(value, name)
    if segments is None:
        return _segment(written, name)
    pieces = written.split("/")
    if segments != "any" and len(pieces) != segments:
        raise _unfit(name, f"must be {segments} parts with '/' between them")
    return "/".join(_segment(piece, name) for piece in pieces)


def _segment(value: str, name: str) -> str:
    if value in {"", ".", ".."}:
        raise _unfit(name, f"must not be {value!r} or have such a part" if value else "must not be empty")
    if CONTROL.search(value):
        raise _unfit(name, "must not hold control characters")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise _unfit(name, "is not valid Unicode (a lone surrogate)") from error


def address(template: str, values: Values, hosts: tuple[str, ...] = ()) -> str:
    """An absolute address filled from a connection's values, checked against `hosts` where its host is variable.

    A value at the very start is an https origin or address, inside the host a host name, after it one segment.

    Raises:
        InvalidInput: a value is absent or does not fit; the path names the value.
    """
    filled = ""
    varies = False
    for part in parts(template):
        if isinstance(part, str):
            filled += part
            continue
        in_host = "/" not in filled.partition("://")[2]
        varies = varies or in_host
        filled += _address_value(part.name, values, filled)
    if varies and not HOST.fullmatch(urlsplit(filled).netloc):
        raise InvalidInput(f"The address {_origin(filled)} has no valid host.")
    if varies and hosts and not _is_listed(filled, hosts):
        raise InvalidInput(f"The address {_origin(filled)} is not one that this integration may call.")
    return filled


def _address_value(name: str, values: Values, before: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise _unfit(name, "is missing on this connection")
    if not before:
        return _whole_address(value.rstrip("/"), name)
    if "/" in before.partition("://")[2]:
        return _segment(value, name)
    if not HOST.fullmatch(value) or ".." in value:
        raise _unfit(name, "must be a host name or a part of one")
    return value


def _whole_address(value: str, name: str) -> str:
    origin, _, rest = value.removeprefix("https://").partition("/")
    if not value.startswith("https://") or not ORIGIN.fullmatch(f"https://{origin}") or ".." in value:
        raise _unfit(name, "must be an https address such as https://example.com")
    if re.search(r"[?#\\\s%@]", rest) or CONTROL.search(rest):
        raise _unfit(name, "must be an address without '?', '#', '%' or spaces")
    return value


def _origin(url: str) -> str:
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"


def _is_listed(url: str, hosts: tuple[str, ...]) -> bool:
    host = (urlsplit(url).hostname or "").lower()
    return any(fnmatchcase(host, pattern.lower()) for pattern in hosts)


def below(base: str, relative: str) -> str:
    """`relative` appended to `base`; "" is `base` itself. Raises InvalidInput where the result would leave `base`."""
    if not relative:
        return base
    root = base.rstrip("/") + "/"
    url = root + relative
    split, expected = urlsplit(url), urlsplit(root)
    stays = (split.scheme, split.netloc) == (expected.scheme, expected.netloc) and split.path.startswith(expected.path)
    if not stays or split.query or split.fragment or "\\" in url:
        raise InvalidInput("The input would lead to another address.")
    return url


def _unfit(name: str, why: str) -> InvalidInput:
    return InvalidInput(f"{name} {why}.", path=f"/{name}")
