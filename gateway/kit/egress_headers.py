"""The header fields of outgoing requests: what a caller may set, checked before anything is sent."""

import re
from collections.abc import Mapping

from integrations.ports import HttpRefused

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")

# They say where the request goes and where it ends; set from outside they would let one request become two, or reach
# another tenant of a shared host.
_OURS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def request_headers(headers: Mapping[str, str], *, defaults: Mapping[str, str]) -> dict[str, str]:
    """`headers` in lower case over `defaults`, except `accept-encoding`, which is always the default's.

    Raises:
        HttpRefused: a name or value is malformed, given twice, or not the caller's to set. Values are never quoted.
    """
    checked = dict(defaults)
    seen: set[str] = set()
    for written_name, value in headers.items():
        name = written_name.lower()
        if not _TOKEN.fullmatch(name):
            raise HttpRefused("a header name holds characters that HTTP does not allow")
        if name in _OURS:
            raise HttpRefused(f"the header {name} is set by the gateway; leave it out")
        if name in seen:
            raise HttpRefused(f"the header {name} is given twice")
        if _FORBIDDEN_IN_VALUE.search(value):
            raise HttpRefused(f"the value of the header {name} holds control characters")
        seen.add(name)
        if name != "accept-encoding":
            checked[name] = value
    return checked
