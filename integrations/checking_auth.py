"""Faults of a manifest's `auth` and `api`: names that nothing fills, addresses that could lead anywhere."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import jsonschema_rs

from integrations.auth_methods import (
    AnyAuthMethod,
    ClientCredentials,
    Custom,
    KeepFromRequest,
    OAuth2,
    Send,
    TokenExchange,
)
from integrations.manifest import Manifest
from integrations.notation import placeholders
from integrations.outgoing import HEADER_NAME
from integrations.properties import auth_fields
from integrations.yaml_source import Path as Place

Fault: TypeAlias = tuple[Place, str]

TOKEN_VALUES: Final = frozenset({"access_token", "refresh_token", "token_type"})
OAUTH_APP: Final = frozenset({"client_id", "client_secret"})


def auth_faults(manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the auth methods and with the API section that they share."""
    keys: set[str] = set()
    for index, method in enumerate(manifest.auth):
        place = ("auth", index)
        if method.key in keys:
            yield (*place, "key"), f"auth: the key {method.key!r} is there twice"
        keys.add(method.key)
        yield from _method_faults(method, manifest, place)
    yield from _api_faults(manifest)


def known_values(method: AnyAuthMethod) -> frozenset[str]:
    """The names that a connection made with `method` fills."""
    names = frozenset(auth_fields(method))
    match method:
        case OAuth2():
            return names | TOKEN_VALUES | kept_names(method)
        case ClientCredentials() | TokenExchange():
            return names | {"access_token"} | method.keep.keys()
        case _:
            return names


def kept_names(method: OAuth2) -> frozenset[str]:
    """The names that the provider's answers fill."""
    asked = method.keep_from_request
    return frozenset({*method.keep, *method.keep_from_callback, *(asked.values if asked is not None else ())})


def _method_faults(method: AnyAuthMethod, manifest: Manifest, place: Place) -> Iterator[Fault]:
    yield from _field_faults(method, place)
    known = known_values(method)
    yield from _send_faults(method.send or Send(), known, (*place, "send"))
    if isinstance(method, Custom) and method.send is None and _sends_requests(manifest):
        yield place, f"auth {method.key}: custom needs `send`, or requests carry no credential"
    if isinstance(method, OAuth2):
        yield from _oauth2_faults(method, known, place)
        if manifest.api is None or not manifest.api.hosts:
            yield from _open_host_faults(method, place)
    if isinstance(method, ClientCredentials | TokenExchange):
        addresses = {"url": method.token.url, **method.token.params, **method.token.headers}
        yield from _unfilled(addresses, known - {"access_token"}, (*place, "token"))
        yield from plain_http_faults({"token": method.token.url}, place)
    if method.account is not None and method.account.base_url is not None:
        yield from plain_http_faults({"base_url": method.account.base_url}, (*place, "account"))
    if manifest.api is not None:
        yield from _base_url_faults(method, manifest, known, place=place)


def _send_faults(send: Send, known: frozenset[str], place: Place) -> Iterator[Fault]:
    yield from _unfilled({**send.headers, **send.query}, known, place)
    if send.basic is not None:
        yield from _unfilled({"username": send.basic.username, "password": send.basic.password}, known, place)
    if send.aws is not None:
        yield from _unfilled(send.aws.model_dump(), known, place)
    for name in send.headers:
        if not HEADER_NAME.fullmatch(name):
            yield (*place, "headers", name), f"send: {name!r} is not a header name"


def _field_faults(method: AnyAuthMethod, place: Place) -> Iterator[Fault]:
    """Patterns that only a backtracking engine takes could be made to run for years (R50)."""
    for name, field in auth_fields(method).items():
        try:
            schema = {"pattern": field.pattern or ""}
            jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions())
        except ValueError:
            yield place, f"auth {method.key}: the pattern of {name} must do without look-around and back-references"


def _oauth2_faults(method: OAuth2, known: frozenset[str], place: Place) -> Iterator[Fault]:
    entered = frozenset(method.inputs)
    callback = frozenset(method.keep_from_callback)
    authorize = {"url": method.authorize.url, **method.authorize.params}
    token = {"url": method.token.url, **method.token.params, **method.token.headers}
    refresh = {"url": method.refresh.url or "", **method.refresh.params, **method.refresh.headers}
    yield from plain_http_faults(
        {
            "authorize": method.authorize.url,
            "token": method.token.url,
            "refresh": method.refresh.url or "",
            "revoke": method.revoke.url if method.revoke else "",
        },
        place,
    )
    yield from _unfilled(authorize, entered, (*place, "authorize"))
    yield from _unfilled(token, entered | callback | OAUTH_APP, (*place, "token"))
    yield from _unfilled(refresh, known | OAUTH_APP, (*place, "refresh"))
    if method.revoke is not None:
        yield from _unfilled({"url": method.revoke.url}, known | OAUTH_APP, (*place, "revoke"))
    if method.keep_from_request is not None:
        yield from _kept_faults(method.keep_from_request, entered, (*place, "keep_from_request"))


def _kept_faults(asked: KeepFromRequest, entered: frozenset[str], place: Place) -> Iterator[Fault]:
    yield from _unfilled(asked.where, entered, (*place, "where"))
    yield from _unfilled({asked.request.method.lower(): asked.request.path}, frozenset(), (*place, "request"))
    yield from plain_http_faults({"base_url": asked.base_url or ""}, place)
    if asked.where and asked.items is None:
        yield place, "keep_from_request: `where` chooses from a list, so `items` must say where it stands"


def _open_host_faults(method: OAuth2, place: Place) -> Iterator[Fault]:
    """Who decides the host of a token endpoint is sent the secret of our OAuth app, and every token (R27)."""
    revoke = method.revoke.url if method.revoke is not None else ""
    for key, url in {"token": method.token.url, "refresh": method.refresh.url or "", "revoke": revoke}.items():
        host = _host_part(url)
        _, _, fixed = host.rpartition("}")
        if placeholders(host) and not _NAMED_DOMAIN.fullmatch(fixed):
            yield (*place, key), f"{key}: a value decides the host, so `api.hosts` must say which ones are allowed"


_NAMED_DOMAIN: Final = re.compile(r"[.][A-Za-z0-9-]+([.][A-Za-z0-9-]+)+(:[0-9]+)?")
"""What has to stand behind the last value of a host: a name of one owner, not just a top-level domain."""


def _base_url_faults(
    method: AnyAuthMethod, manifest: Manifest, known: frozenset[str], *, place: Place
) -> Iterator[Fault]:
    assert manifest.api is not None  # noqa: S101 - the caller has looked
    base_url = method.base_url or manifest.api.base_url
    where = (*place, "base_url") if method.base_url else ("api", "base_url")
    yield from plain_http_faults({"base_url": base_url}, where[:-1])
    yield from _unfilled({"base_url": base_url}, known, where)
    kept = kept_names(method) if isinstance(method, OAuth2) else frozenset[str]()
    if set(placeholders(_host_part(base_url))) & kept and not manifest.api.hosts:
        yield where, "base_url: the provider's answer decides the host, so `api.hosts` must say which ones are allowed"
    asked = method.keep_from_request if isinstance(method, OAuth2) else None
    if asked is not None and asked.base_url is None and set(placeholders(base_url)) & asked.values.keys():
        yield place, "keep_from_request: needs a `base_url` of its own, because the usual one holds what it asks for"
    yield from _unfilled(manifest.api.headers, known, ("api", "headers"))
    yield from _unfilled(manifest.api.query, known, ("api", "query"))


def _host_part(base_url: str) -> str:
    return base_url.partition("://")[2].partition("/")[0] if "://" in base_url else base_url.partition("/")[0]


def _api_faults(manifest: Manifest) -> Iterator[Fault]:
    if manifest.api is None:
        if _sends_requests(manifest):
            yield (), "api: is missing, but there are requests"
        return
    if not manifest.auth:
        for place, templates in (("base_url", {"base_url": manifest.api.base_url}), ("headers", manifest.api.headers)):
            yield from _unfilled(templates, frozenset(), ("api", place))
        yield from plain_http_faults({"base_url": manifest.api.base_url}, ("api",))
    if "?" in manifest.api.base_url:
        yield ("api", "base_url"), "base_url: must not hold a query; use `api.query`"
    for name in manifest.api.headers:
        if not HEADER_NAME.fullmatch(name):
            yield ("api", "headers", name), f"api.headers: {name!r} is not a header name"


def _sends_requests(manifest: Manifest) -> bool:
    return bool(manifest.options) or any(action.request is not None for action in manifest.actions)


def plain_http_faults(urls: Mapping[str, str], place: Place) -> Iterator[Fault]:
    """Which of `urls` would carry a credential in the open."""
    for key, url in urls.items():
        if url.startswith("http://") and not re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]", url + "/"):
            yield (*place, key), f"{key}: must be https (http is for this machine only)"


def _unfilled(templates: Mapping[str, str], known: frozenset[str], place: Place) -> Iterator[Fault]:
    for key, template in templates.items():
        for name in placeholders(template):
            if name not in known:
                has = f"there are {', '.join(sorted(known))}" if known else "there are no values here"
                yield (*place, key), f"{key}: nothing fills {{{name}}} ({has})"


def account_faults(manifest: Manifest) -> Iterator[Fault]:
    """Where somebody signs in and nobody could tell whose account that was; of a remote MCP server nobody ever can."""
    if manifest.mcp is not None:
        return
    for index, method in enumerate(manifest.auth):
        if isinstance(method, OAuth2) and method.account is None:
            yield (
                ("auth", index),
                f"auth {method.key}: `account` is missing, so nobody can tell whose account was connected",
            )
