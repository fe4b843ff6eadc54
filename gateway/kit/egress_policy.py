"""Where outgoing calls may go: decided from values alone, before anything is sent and again when a name is resolved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple

from yarl import URL

from gateway.kit.addresses import Address, Network, is_public, literal_address, parse_network, translated, unmapped
from gateway.kit.urls import NormalUrl, Origin, normal_url
from integrations.ports import HttpRefused

_HTTPS_PORT = 443
_SETTING = "TOOLGATE_EGRESS_ALLOW"


class Target(NamedTuple):
    """Where a request goes after mapping; `is_direct` is false where it leaves through the proxy."""

    url: str
    origin: Origin
    is_direct: bool


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What the operator allows.

    `allowed_hosts`: names and networks that may be private, use any port and plain http. A name that is not listed
    but resolves into a listed network is allowed too. Everything else has to be public and https on port 443.

    `url_map`: URL prefix → URL prefix, the longest wins; a prefix ends at a path segment. Every outgoing URL goes
    through it, and the origin of a target is allowed like a listed host, for that port only.

    `proxy`: an HTTP proxy that everything except allowed hosts and map targets is tunnelled through (CONNECT). It
    resolves the names then; private literal addresses are still refused here.

    Raises:
        ValueError: an entry is malformed; the message quotes it, except for the proxy, which may hold a password.
    """

    allowed_hosts: tuple[str, ...] = ()
    url_map: Mapping[str, str] = field(default_factory=dict[str, str])
    proxy: str | None = field(default=None, repr=False)
    _names: frozenset[str] = field(init=False, repr=False)
    _networks: tuple[Network, ...] = field(init=False, repr=False)
    _prefixes: tuple[tuple[str, NormalUrl], ...] = field(init=False, repr=False)
    _origins: frozenset[tuple[str, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names, networks = _sort_hosts(self.allowed_hosts)
        prefixes = _compile_map(self.url_map)
        _check_proxy(self.proxy)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_networks", networks)
        object.__setattr__(self, "_prefixes", prefixes)
        targets = frozenset((target.origin.host, target.origin.port) for _, target in prefixes)
        object.__setattr__(self, "_origins", targets)

    def mapped(self, url: str) -> str:
        """`url` in normal form, sent through the map: what a browser has to be sent to, for an authorize address.

        Raises:
            HttpRefused: it is no URL that could be asked for.
        """
        return str(self._map(_parse(url)))

    def target(self, url: str) -> Target:
        """Where a request for `url` goes.

        Raises:
            HttpRefused: nowhere. For a name this is the first of two checks, see `check_addresses`.
        """
        mapped = self._map(_parse(url))
        origin = mapped.origin
        is_listed = self._is_listed(origin.host, origin.port) or self._is_in_listed_network(origin)
        if not is_listed:
            self._check_open_internet(origin)
        return Target(str(mapped), origin, is_direct=is_listed or self.proxy is None)

    def check_addresses(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Judge what the name `host` resolved to, right before one of these addresses is connected to.

        Raises:
            HttpRefused: at least one of them is out of bounds.
        """
        if self._is_listed(host, port):
            return
        for text in addresses:
            address = unmapped(ip_address(text))
            if self._is_allowed_address(address):
                continue
            if not is_public(address):
                raise HttpRefused(f"{host} leads to an address that is not public; {_remedy(host)}")
            if port != _HTTPS_PORT:
                raise HttpRefused(_only_https(host))

    def _map(self, url: NormalUrl) -> NormalUrl:
        if not self._prefixes:
            return url
        text = str(url)
        for prefix, target in self._prefixes:
            if _has_prefix(text, prefix):
                rest = target.rest + text[len(prefix) :]
                return NormalUrl(target.origin, rest if rest.startswith("/") else f"/{rest}")
        return url

    def _is_listed(self, host: str, port: int) -> bool:
        return host in self._names or (host, port) in self._origins

    def _is_in_listed_network(self, origin: Origin) -> bool:
        address = _literal(origin.host)
        return address is not None and self._is_allowed_address(unmapped(address))

    def _is_allowed_address(self, address: Address) -> bool:
        if not any(address in network for network in self._networks):
            return False
        behind = translated(address)
        # A listed NAT64 prefix opens the way out of an IPv6-only network, not every IPv4 address behind it.
        return behind is None or is_public(behind) or any(behind in network for network in self._networks)

    def _check_open_internet(self, origin: Origin) -> None:
        host = origin.host
        address = _literal(host)
        if address is not None and not is_public(address):
            raise HttpRefused(f"{host} is not a public address; {_remedy(host)}")
        if origin.scheme == "https" and origin.port == _HTTPS_PORT:
            return
        # The name may lie in a listed network: `check_addresses` sees where it leads. It knows the port alone, so
        # plain http on the port of https is refused here; behind a proxy nobody of us resolves the name.
        may_be_listed = address is None and self._networks and self.proxy is None and origin.port != _HTTPS_PORT
        if not may_be_listed:
            raise HttpRefused(_only_https(host))


def _parse(url: str) -> NormalUrl:
    try:
        return normal_url(url)
    except ValueError as err:
        raise HttpRefused(f"{err}") from err


def _literal(host: str) -> Address | None:
    try:
        return literal_address(host)
    except ValueError as err:
        raise HttpRefused(f"{host} is no host name and no address in its usual spelling") from err


def _remedy(host: str) -> str:
    return f"the operator can list {host} in {_SETTING}"


def _only_https(host: str) -> str:
    return f"{host} may be reached by https on port 443 only; for plain http or another port, {_remedy(host)}"


def _has_prefix(url: str, prefix: str) -> bool:
    if not url.startswith(prefix):
        return False
    return prefix.endswith("/") or len(url) == len(prefix) or url[len(prefix)] in "/?"


def _sort_hosts(entries: Iterable[str]) -> tuple[frozenset[str], tuple[Network, ...]]:
    names: set[str] = set()
    networks: list[Network] = []
    for entry in entries:
        try:
            network = parse_network(entry)
            if network is None:
                names.add(_host_name(entry))
            else:
                networks.append(network)
        except ValueError as err:
            raise ValueError(
                f"{entry!r} in {_SETTING} is neither a host name nor a network such as 10.0.0.0/8: {err}"
            ) from err
    return frozenset(names), tuple(networks)


def _host_name(entry: str) -> str:
    origin = normal_url(f"https://{entry}/").origin
    if origin.port != _HTTPS_PORT or ":" in entry or "/" in entry:
        raise ValueError("write the name alone, without scheme, port and path")
    if literal_address(origin.host) is not None:
        raise ValueError("an address in an unusual spelling")
    return origin.host


def _compile_map(url_map: Mapping[str, str]) -> tuple[tuple[str, NormalUrl], ...]:
    compiled: dict[str, NormalUrl] = {}
    for written_prefix, written_target in url_map.items():
        prefix, target = str(_prefix(written_prefix)), _prefix(written_target)
        # Both end with a slash or neither does, or the join would lose or double one.
        target = target._replace(rest=target.rest.rstrip("/") + ("/" if prefix.endswith("/") else ""))
        if compiled.setdefault(prefix, target) != target:
            raise ValueError(f"{written_prefix!r} is mapped to two places")
    return tuple(sorted(compiled.items(), key=lambda entry: len(entry[0]), reverse=True))


def _check_proxy(proxy: str | None) -> None:
    if proxy is None:
        return
    try:
        url = URL(proxy)
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("TOOLGATE_EGRESS_PROXY is no URL such as http://proxy.example.com:3128")


def _prefix(written: str) -> NormalUrl:
    try:
        url = normal_url(written)
    except ValueError as err:
        raise ValueError(f"{written!r} is no URL prefix: {err}") from err
    if "?" in url.rest:
        raise ValueError(f"{written!r} is no URL prefix: it holds a query")
    return url
