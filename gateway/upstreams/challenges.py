"""What a protected MCP server says of the credential that it wants: the `WWW-Authenticate` header (RFC 6750, RFC 9728)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOST_SCOPES: Final = 50
_LONGEST_HEADER: Final = 8_000
_LONGEST_SCOPE: Final = 200
_BEARER: Final = re.compile(r"(?:^|[\s,])bearer(?=[\s,]|$)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^\s,"]+))')
_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")


@dataclass(frozen=True, slots=True)
class Challenge:
    """The parts of a bearer challenge that lead on; absent ones are None or empty."""

    resource_metadata: str | None = None
    scopes: tuple[str, ...] = ()
    error: str | None = None


def challenge_in(header: str | None) -> Challenge:
    """Read a header; what is malformed is as if it was not there, and of a parameter the first counts."""
    text = (header or "")[:_LONGEST_HEADER]
    begin = _BEARER.search(text)
    if begin is None:
        return Challenge()
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(text, begin.end()):
        value = match[3] if match[3] is not None else re.sub(r"\\(.)", r"\1", match[2])
        found.setdefault(match[1].lower(), value)
    return Challenge(found.get("resource_metadata"), scopes_in(found.get("scope", "").split()), found.get("error"))


def scopes_in(names: Iterable[object]) -> tuple[str, ...]:
    """Return the names that can be scopes (RFC 6749 3.3), each once, at most fifty."""
    fit = dict.fromkeys(
        name for name in names if isinstance(name, str) and len(name) <= _LONGEST_SCOPE and _SCOPE.fullmatch(name)
    )
    return tuple(fit)[:MOST_SCOPES]
