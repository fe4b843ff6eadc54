"""Redirect addresses of OAuth clients: which may be registered, and which a request may name (security R13, R14)."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH: Final = 2_048
MAX_COUNT: Final = 10
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
APP_SCHEMES: Final = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf", "claude", "zed", "goose"})
"""Schemes of well-known clients that are not named after a domain."""

# RFC 3986's characters: what browsers read differently, such as backslashes, blanks and controls, is not among them.
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_DOMAIN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
# Parsers differ about whatever else stands there: a bracket in the middle, an encoded slash.
_AUTHORITY = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9.\-_]+)(?::\d{1,5})?", re.IGNORECASE)
_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?(?=[/?]|$)")


def accept_redirect_uri(uri: str) -> str:
    """Return an address that a client may register. Raises ValueError, whose message says why not."""
    if len(uri) > MAX_LENGTH:
        raise ValueError(f"an address has at most {MAX_LENGTH} characters")
    scheme = _SCHEME.match(uri)
    if scheme is None or _CHARACTERS.fullmatch(uri) is None:
        raise ValueError("write an absolute address in plain ASCII, its scheme in lower case, without a fragment")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("that is not an address") from error
    if "@" in parts.netloc or "*" in parts.netloc:
        raise ValueError("an address can't hold a user or a wildcard")
    if scheme[1] in ("https", "http") and _AUTHORITY.fullmatch(parts.netloc) is None:
        raise ValueError("the address has no host, or one that is not written plainly")
    _accept_scheme(scheme[1], host or "", parts)
    return uri


def _accept_scheme(scheme: str, host: str, parts: SplitResult) -> None:
    if scheme == "http":
        if host not in LOOPBACK_HOSTS:
            raise ValueError("plain http is for 127.0.0.1, [::1] and localhost only")
    elif scheme != "https" and scheme not in APP_SCHEMES and _DOMAIN_SCHEME.fullmatch(scheme) is None:
        raise ValueError("an app's own scheme is named after a domain, such as com.example.app")
    elif not parts.netloc and not parts.path:
        raise ValueError("the address says nothing but its scheme")


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Tell whether a request may name this address: exactly one that is registered; on loopback, on any port."""
    known = set(registered)
    if uri in known:
        return True
    bare = _without_port(uri)
    return bare is not None and any(_without_port(each) == bare for each in known)


def is_loopback_redirect(uri: str) -> bool:
    """Tell whether this leads to whatever program listens on the person's own machine."""
    return _PORT.match(uri) is not None


def _without_port(uri: str) -> str | None:
    """Return a loopback address without its port (RFC 8252 7.3), None for any other."""
    match = _PORT.match(uri)
    return None if match is None else match[1] + uri[match.end() :]
