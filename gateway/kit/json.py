"""Strict JSON from outside: what RFC 8259 leaves open is refused, so that two parsers never read two things.

Refused: duplicate keys, NaN and infinities, numbers that overflow, nesting deeper than 64, more than 600,000 values, lone
surrogates, and the NUL character (PostgreSQL has no place for it).
"""

import json
from math import isfinite
from typing import Any, cast

from integrations.json_bounds import PartTooLarge, TooDeep, check_bounds

MAX_DEPTH = 64
MAX_VALUES = 600_000
"""Commas and opening brackets, which precede all values but one. Three bytes of text can become a hundred of memory."""
MAX_PART = 1024 * 1024
"""Characters of an object or list that stands within four others, where `parse` is told to look at that."""
_PARTS_BELOW = 4


class JsonRefused(ValueError):
    """The text is not JSON that we accept; the message says why, for the sender."""


def parse(body: bytes, *, bounds_parts: bool = False) -> Any:
    """Return the value in `body` (UTF-8). Raises `JsonRefused`.

    `bounds_parts` is for bodies that may be large as a whole, but in none of their parts.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonRefused(f"the body is not UTF-8 (byte {error.start})") from error
    if has_too_many_values(body):
        raise JsonRefused(f"holds more than {MAX_VALUES} values")
    try:
        check_bounds(text, depth=MAX_DEPTH, part=MAX_PART if bounds_parts else None, below=_PARTS_BELOW)
    except TooDeep as error:
        raise JsonRefused(f"nested deeper than {MAX_DEPTH} levels") from error
    except PartTooLarge as error:
        raise JsonRefused(f"one of its parts has more than {MAX_PART:,} characters") from error
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise JsonRefused(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise JsonRefused(f"nested deeper than {MAX_DEPTH} levels") from error
    except JsonRefused:
        raise
    except ValueError as error:  # an integer of more digits than Python converts
        raise JsonRefused("a number has too many digits") from error
    # Strict UTF-8 and a strict parser leave only this way in for what must not be.
    if "\\u" in text:
        refuse_bad_text(value)
    return value


def has_too_many_values(body: bytes) -> bool:
    """Tell whether parsing would cost more memory than it may; what only looks like values, inside strings, counts too."""
    return len(body) > MAX_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES


def refuse_bad_text(value: Any) -> None:
    """Raise `JsonRefused` where a string of `value`, or a key, holds a NUL or a lone surrogate."""
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            _refuse_bad_string(item)
        elif isinstance(item, dict):
            mapping = cast("dict[object, object]", item)
            waiting.extend(mapping.keys())
            waiting.extend(mapping.values())
        elif isinstance(item, list):
            waiting.extend(cast("list[object]", item))


def _refuse_bad_string(text: str) -> None:
    if "\x00" in text:
        raise JsonRefused("a string contains the NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise JsonRefused("a string contains a lone surrogate") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in pairs:
        if key in value:
            raise JsonRefused(f"the key {key[:100]!r} appears twice in one object")
        value[key] = item
    return value


def _no_constant(name: str) -> Any:
    raise JsonRefused(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise JsonRefused("a number is too large")
    return number
