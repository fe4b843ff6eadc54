"""Which network addresses are public: the one list that outgoing calls are judged by (plain values, no look-ups)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Written out, because `is_global` changes between Python releases and counts relays and multicast as global.
_CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; one cloud keeps its metadata service here
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; most clouds keep their metadata service here
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# Only this block is handed out for global unicast, so mapped, compatible, NAT64, unique-local, site-local,
# link-local and multicast addresses all fall outside of it.
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo carries an IPv4 address, ORCHID is no address at all
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",  # documentation
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address | str) -> bool:
    """Whether anybody on the internet could be meant by `address`; text must be in canonical form.

    Raises:
        ValueError: `address` is text that is no IP address.
    """
    plain = unmapped(ip_address(address))
    if isinstance(plain, IPv4Address):
        return plain.is_global and not any(plain in network for network in _CLOSED_V4)
    return (
        plain in _GLOBAL_UNICAST_V6
        and plain.is_global
        and plain.scope_id is None
        and not any(plain in network for network in _CLOSED_V6)
    )


def unmapped(address: Address) -> Address:
    """The IPv4 address inside `::ffff:0:0/96`, which reaches the same machine; any other address as it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def translated(address: Address) -> IPv4Address | None:
    """The IPv4 address that a NAT64 gateway would send `address` on to (RFC 6052), if it is one for NAT64."""
    if isinstance(address, IPv6Address) and address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def parse_network(text: str) -> Network | None:
    """`text` as a network (a single address counts as one), or None where it is a name.

    Raises:
        ValueError: it looks like a network but is none, such as `10.0.0.1/8` with host bits set.
    """
    if "/" in text:
        return ip_network(text)
    try:
        return ip_network(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def literal_address(host: str) -> Address | None:
    """The address that `host` of a URL spells, or None where it is a name.

    Raises:
        ValueError: it is one of the spellings that only some libraries read as an address (`127.1`, `0x7f.1`,
            `2130706433`), which is how addresses get past a check.
    """
    if ":" in host:
        return ip_address(host)
    last_label = host.rsplit(".", maxsplit=1)[-1]
    # WHATWG URL, "ends in a number": no top-level domain is a number.
    if last_label.isdigit() or last_label.startswith("0x"):
        return IPv4Address(host)
    return None
