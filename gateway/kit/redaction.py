"""The second line of defence against secrets in logs: whatever reaches a log line is masked by name and by shape.

The first line is that nobody logs a secret; what is masked here would have been a bug.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "[redacted]"

_SECRET_NAME = re.compile(
    r"token|secret|passw|authoriz|cookie|credential|signature|verifier|(?:api|service|private|encryption)[_-]?keys?",
    re.IGNORECASE,
)
# Each keeps what it captures and masks the rest. The likeliest begin with fixed letters, which makes them cheap.
_SECRET_SHAPES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b((?:wvz|mcp|mcpo|mcpr|mcprt|cst|eut|sus|hoc|hor|sis|dl|oa[cr]|oc[rs]|odc)_)[0-9a-z-]{12,}",
        r"\b(whsec_)[0-9a-z+/=_-]{12,}",
        r"(/connect/l/)[^/\s?#\"']+",
        r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}",
        r"(://)[^/\s@\"':]*:[^/\s@\"']*(?=@)",
        r"([?&](?:code|state|sig|key)=)[^&\s\"']+",
        r"((?:token|secret|password|passwd|authorization|cookie|api[_-]?key)[\"']?\s*[:=]\s*[\"']?)(?!\[redacted\])[^\s\"',;&}]+",
        r"()\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
        r"\b(xox[a-z]-|xapp-|gh[opsur]_|github_pat_|ya29\.|sk-|1//)[\w-]{12,}",
    )
)
_LONGEST_NESTING = 6
_LONGEST_TEXT = 20_000
_REMEMBERED_LENGTH = 200


def redact(value: Any, *, nesting: int = 0) -> Any:
    """Return `value` as plain JSON types with every secret masked and every character on one printable line."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, int | float):
        return value
    if nesting == _LONGEST_NESTING:
        return "…"
    if isinstance(value, Mapping):
        return redact_fields(value, nesting=nesting + 1)  # pyright: ignore[reportUnknownArgumentType] -- anything
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(each, nesting=nesting + 1) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return f"<{len(value)} bytes>" if isinstance(value, bytes | bytearray) else redact_text(repr(value))


def redact_fields(fields: Mapping[Any, Any], *, nesting: int = 0) -> dict[str, Any]:
    """Return the fields with those masked whose name speaks of a secret, and the others as `redact` has them."""
    redacted: dict[str, Any] = {}
    for name, value in fields.items():
        shown, speaks_of_a_secret = _field_name(str(name))
        is_masked = speaks_of_a_secret and _can_be_secret(value)
        redacted[shown] = MASK if is_masked else redact(value, nesting=nesting)
    return redacted


def redact_text(text: str, *, may_have_lines: bool = False) -> str:
    """Return one text with what looks like a secret masked, bounded, and free of control characters."""
    if len(text) <= _REMEMBERED_LENGTH and not may_have_lines:
        # Request ids, for one: each is new, and would push out what is worth remembering.
        return text if text.isalnum() else _redact_line(text)
    if len(text) > _LONGEST_TEXT:
        # The end of a traceback says what happened.
        text = f"({len(text)} characters) …{text[-_LONGEST_TEXT:]}"
    return _printable(_masked(text), kept="\n" if may_have_lines else "")


# The same few texts make up most lines, and the shapes cost twenty times what the rest of a line does.
@lru_cache(maxsize=4096)
def _redact_line(text: str) -> str:
    return _printable(_masked(text))


@lru_cache(maxsize=1024)
def _field_name(name: str) -> tuple[str, bool]:
    """Return how a field is called in the line, and whether its name speaks of a secret."""
    return redact_text(name), _SECRET_NAME.search(name) is not None


def _can_be_secret(value: Any) -> bool:
    """Numbers and truth values are counts and claims, whatever they are called: `token_count`, `has_secret`."""
    return value is not None and not isinstance(value, int | float)


def _masked(text: str) -> str:
    for shape in _SECRET_SHAPES:
        text = shape.sub(rf"\1{MASK}", text)
    return text


def _printable(text: str, *, kept: str = "") -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in kept else ascii(each)[1:-1] for each in text)
