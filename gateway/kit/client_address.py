"""Who is at the other end of a request when proxies stand between: believed only through the networks we trust."""

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from gateway.kit.addresses import Address, Network, unmapped

_FORWARDED_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"\\]*)"|([^\s;"]+))\s*(?=;|$)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\w+)?|([^:\s]+)(?::\w+)?")
_OUTSIDE_QUOTES = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')


def trusted_client_address(scope: Mapping[str, Any], trusted_proxies: Sequence[Network]) -> str | None:
    """The client's IP address: the right-most hop that is none of our proxies; None where the peer has no address.

    `Forwarded` (RFC 7239) and `X-Forwarded-For` are read only when the connection comes from a trusted proxy. Where
    both are there and disagree, one of them was sent by the client past a proxy that sets the other, and there is no
    telling which: then the proxy's own address is the answer.
    """
    peer = _parse_hop(scope["client"][0]) if scope.get("client") else None
    if peer is None:
        return None
    if not _is_trusted(peer, trusted_proxies):
        return str(peer)
    answers = {
        _first_untrusted(hops, trusted_proxies, peer)
        for hops in (_forwarded(scope), _x_forwarded_for(scope))
        if hops is not None
    }
    return str(answers.pop() if len(answers) == 1 else peer)


def client_key(scope: Mapping[str, Any], trusted_proxies: Sequence[Network]) -> str:
    """Whose requests are counted together: a client's address, and in IPv6 the network that one customer has."""
    address = trusted_client_address(scope, trusted_proxies)
    if address is None or ":" not in address:
        return address or "unknown"
    return str(ip_network((address.partition("%")[0], 64), strict=False))


def _first_untrusted(hops: Iterable[Address | None], trusted_proxies: Sequence[Network], peer: Address) -> Address:
    """Walk from the nearest hop outwards; what stands beyond an unreadable or untrusted hop is hearsay."""
    client = peer
    for hop in hops:
        if hop is None:
            break
        client = hop
        if not _is_trusted(hop, trusted_proxies):
            break
    return client


def _forwarded(scope: Mapping[str, Any]) -> list[Address | None] | None:
    line = _joined(scope, b"forwarded")
    if line is None:
        return None
    elements = reversed(_OUTSIDE_QUOTES.split(line))
    found = [_FORWARDED_FOR.search(element) for element in elements]
    return [None if match is None else _parse_hop(match[1] or match[2] or "") for match in found]


def _x_forwarded_for(scope: Mapping[str, Any]) -> list[Address | None] | None:
    line = _joined(scope, b"x-forwarded-for")
    return None if line is None else [_parse_hop(hop) for hop in reversed(line.split(","))]


def _joined(scope: Mapping[str, Any], name: bytes) -> str | None:
    values = [value for header, value in scope["headers"] if header == name]
    return b",".join(values).decode("latin-1") if values else None


def _parse_hop(text: str) -> Address | None:
    """An address with or without a port; None for `unknown`, a hidden name, or garbage."""
    text = text.strip()
    try:
        return unmapped(ip_address(text))
    except ValueError:
        pass
    match = _WITH_PORT.fullmatch(text)
    try:
        return None if match is None else unmapped(ip_address(match[1] or match[2]))
    except ValueError:
        return None


def _is_trusted(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
