"""Which Host and Origin a request may carry: those of the public URL alone (security R7)."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.responses import Response

from gateway.mcp import refusals

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Origins:
    """Holds requests against the public URL; one that names this machine may be spelled in any of its names."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        names = _LOOPBACK if parts.netloc.rsplit(":", 1)[0] in _LOOPBACK else (parts.netloc.rsplit(":", 1)[0],)
        default = {"http": 80, "https": 443}[parts.scheme]
        port = parts.port or default
        self._hosts = frozenset(f"{name}:{port}" for name in names) | (
            frozenset(names) if port == default else frozenset[str]()
        )
        self._origins = frozenset(f"{parts.scheme}://{host}" for host in self._hosts)
        self._expected = parts.netloc

    def fault(self, headers: Mapping[str, str]) -> Response | None:
        """Return the refusal, or None for a request (its headers by lower-case names) that may go on."""
        if headers.get("host", "").lower() not in self._hosts:
            return refusals.wrong_host(self._expected)
        origin = headers.get("origin")
        return refusals.wrong_origin() if origin is not None and origin.lower() not in self._origins else None
