"""How the values of settings are written: annotated types that take the TOML and the environment form of each.

What they refuse they refuse with a sentence that holds the fix, and that never quotes a value which may be secret.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, SecretBytes, SecretStr

from gateway.kit.addresses import Network, literal_address, parse_network
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.urls import normal_url

SQLITE = "sqlite+aiosqlite:///"
POSTGRESQL = "postgresql+asyncpg://"
KEY_BYTES = 32
SECRET_LENGTH = 24
_MAIL_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def is_loopback(host: str) -> bool:
    """Tell whether this host can only be this machine (for `localhost` and names below it, RFC 6761)."""
    address = literal_address(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def decode_key(text: str) -> bytes:
    """Return the encryption key in `text`: either base64 alphabet, with or without padding. Raises ValueError."""
    try:
        plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has to be {KEY_BYTES} bytes in base64; try `openssl rand -base64 {KEY_BYTES}`")
    return key


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [each.strip() for each in value.replace("\n", ",").split(",") if each.strip()]


def _mapped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = [each.partition("=") for each in value.split(",") if each.strip()]
    if not all(target for _, _, target in pairs):
        raise ValueError("write it as https://from.example/=https://to.example/, several separated by commas")
    return {source.strip(): target.strip() for source, _, target in pairs}


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("has to be a number, not true or false")  # noqa: TRY004 -- pydantic collects ValueErrors
    return value


def _network(value: Any) -> Any:
    try:
        network = parse_network(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{error}; write a network like 10.0.0.0/8, or one address") from error
    if network is None:
        raise ValueError(f"{value!r} is a name; write a network like 10.0.0.0/8, or one address")
    return network


def _host(host: str) -> str:
    host = host.removeprefix("[").removesuffix("]")
    literal_address(host)
    return normal_url(f"http://[{host}]" if ":" in host else f"http://{host}").origin.host


def _bind_address(host: str) -> str:
    try:
        return _host(host)
    except ValueError as error:
        raise ValueError("has to be an address of this machine, such as 127.0.0.1 or 0.0.0.0, or a name") from error


def _public_origin(text: str) -> str:
    try:
        url = normal_url(text)
        is_local = is_loopback(url.origin.host)
    except ValueError as error:
        raise ValueError(f"{error}; write it like https://tools.example.com") from error
    if url.rest != "/" or "#" in text:
        raise ValueError("has to end after host and port: the gateway needs a host name of its own, without a path")
    if url.origin.scheme == "http" and not is_local:
        raise ValueError("plain http is for this machine only (127.0.0.1, [::1], localhost); use an https address")
    return str(url.origin)


def _database_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if not url.startswith((SQLITE, POSTGRESQL)):
        raise ValueError(f"has to begin with {SQLITE} or {POSTGRESQL}")
    if url in {SQLITE, f"{SQLITE}:memory:"}:
        raise ValueError(f"has to name a file that lasts, such as {SQLITE}data/toolgate.db")
    return secret


def _encryption_key(value: Any) -> Any:
    return decode_key(value) if isinstance(value, str) else value


def _different(keys: tuple[SecretBytes, ...]) -> tuple[SecretBytes, ...]:
    if any(len(key.get_secret_value()) != KEY_BYTES for key in keys):
        raise ValueError(f"a key has to be {KEY_BYTES} bytes long")
    if len(set(keys)) != len(keys):
        raise ValueError("the same key stands there twice; keep one of the two")
    return keys


def _strong(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SECRET_LENGTH:
        raise ValueError(f"has to be at least {SECRET_LENGTH} characters long; try `openssl rand -hex 32`")
    return secret


def _proxy(secret: SecretStr) -> SecretStr:
    scheme, _, rest = secret.get_secret_value().partition("://")
    try:
        fits = scheme == "http" and normal_url(f"http://{rest.rpartition('@')[2]}").rest == "/"
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("has to look like http://proxy.example.com:3128, with user:password@ where needed")
    return secret


def _allowed(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if any("@" in host or "//" in host for host in hosts):  # the policy would quote a password
        raise ValueError("write host names and networks alone, without scheme, user, port and path")
    EgressPolicy(allowed_hosts=hosts)
    return hosts


def _host_name(host: str) -> str:
    try:
        return _host(host)
    except ValueError as error:
        raise ValueError(
            "has to be a host alone, such as smtp.example.com; the port is a setting of its own"
        ) from error


def _mail_address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    try:
        is_host = normal_url(f"https://{domain}").origin.host == domain.lower()
    except ValueError:
        is_host = False
    if not is_host or not _MAIL_NAME.fullmatch(local):
        raise ValueError("has to be an address alone, such as toolgate@example.com; the name before it is branding's")
    return text


def _prefixes(urls: Mapping[str, str]) -> Mapping[str, str]:
    for each in (*urls, *urls.values()):
        normal_url(each)  # refuses passwords without quoting them, which the policy would do
    EgressPolicy(url_map=urls)
    return urls


def _anchored(path: Path) -> Path:
    return path.expanduser().absolute()


Count: TypeAlias = Annotated[int, BeforeValidator(_number)]
Seconds: TypeAlias = Annotated[float, BeforeValidator(_number)]
Directory: TypeAlias = Annotated[Path, AfterValidator(_anchored)]
BindAddress: TypeAlias = Annotated[str, AfterValidator(_bind_address)]
PublicOrigin: TypeAlias = Annotated[str, AfterValidator(_public_origin)]
Networks: TypeAlias = Annotated[tuple[Annotated[Network, BeforeValidator(_network)], ...], BeforeValidator(_listed)]
AllowedHosts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_allowed)]
UrlMap: TypeAlias = Annotated[Mapping[str, str], BeforeValidator(_mapped), AfterValidator(_prefixes)]
DatabaseUrl: TypeAlias = Annotated[SecretStr, AfterValidator(_database_url)]
ProxyUrl: TypeAlias = Annotated[SecretStr, AfterValidator(_proxy)]
HostName: TypeAlias = Annotated[str, AfterValidator(_host_name)]
MailAddress: TypeAlias = Annotated[str, AfterValidator(_mail_address)]
StrongSecret: TypeAlias = Annotated[SecretStr, AfterValidator(_strong)]
KeyRing: TypeAlias = Annotated[
    tuple[Annotated[SecretBytes, BeforeValidator(_encryption_key)], ...],
    BeforeValidator(_listed),
    AfterValidator(_different),
]
