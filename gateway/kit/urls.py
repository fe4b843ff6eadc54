"""Absolute http and https URLs in one normal form, so that two spellings of a place can't be judged differently.

What the path and query say stays exactly as it was written: `%2F`, `%3B` and `+` mean other things decoded.
"""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Literal, NamedTuple, cast
from urllib.parse import quote

from yarl import URL

Scheme = Literal["http", "https"]


class Origin(NamedTuple):
    """Scheme, host and port; `host` is lower case, in ASCII, an IPv6 address without its brackets."""

    scheme: Scheme
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_default = self.port == (443 if self.scheme == "https" else 80)
        return f"{self.scheme}://{host}" if is_default else f"{self.scheme}://{host}:{self.port}"


class NormalUrl(NamedTuple):
    """`rest` is path and query, begins with a slash and holds no dot segments; there is no fragment."""

    origin: Origin
    rest: str

    def __str__(self) -> str:
        return f"{self.origin}{self.rest}"


def normal_url(text: str) -> NormalUrl:
    """Parse an absolute URL; the fragment is dropped, as HTTP never sends it.

    Raises:
        ValueError: why it is none that we would ask for. The message holds neither path nor query.
    """
    if _CONTROL.search(text):
        raise ValueError("the URL holds control characters")
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError("the URL is not an absolute http or https one")
    return NormalUrl(_origin(shape[1].lower(), shape[2]), _normal_rest(shape[3]))


_SHAPE = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(r"(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]*")
_PLAIN_RESERVED = "!$%&'()*+,/:;=?@[]~"
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DOT_SEGMENT = re.compile(r"/\.\.?(?:[/?]|$)")


# The same few hosts are called again and again, and IDNA is slow.
@lru_cache(maxsize=1024)
def _origin(scheme: str, authority: str) -> Origin:
    if "@" in authority:
        raise ValueError("the URL holds a user name or password; send credentials in a header")
    try:
        url = URL(f"{scheme}://{authority}/")
    except ValueError as err:
        raise ValueError("the URL's host or port is malformed") from err
    host, port = url.raw_host or "", url.port
    if ":" in host:
        host = _ipv6(host)
    else:
        # The root's dot changes nothing about which host is meant.
        host = host.removesuffix(".")
        if not _NAME.fullmatch(host):
            raise ValueError("the URL's host is malformed")
    if not port:
        raise ValueError("the URL's port is malformed")
    return Origin(cast("Scheme", scheme), host, port)


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except ValueError as err:
        raise ValueError("the URL's host is malformed") from err
    if address.scope_id is not None:
        raise ValueError("the URL's host is an address of one network interface")
    return address.compressed


def _normal_rest(rest: str) -> str:
    if not rest.startswith("/"):
        rest = f"/{rest}"
    if not _PLAIN.fullmatch(rest):
        rest = quote(rest, safe=_PLAIN_RESERVED)
    if "%" in rest:
        rest = _PERCENT.sub(_decode_unreserved, rest)
    if "/." in rest and _DOT_SEGMENT.search(rest.partition("?")[0]):
        raise ValueError("the URL's path holds a dot segment")
    return rest


def _decode_unreserved(escape: re.Match[str]) -> str:
    # RFC 3986, 6.2.2.2: for these characters, and no others, both spellings are the same.
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0]
