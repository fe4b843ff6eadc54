"""Where requests of one connection go and what they carry: base address, fixed headers, credential."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

from integrations import template
from integrations.auth_methods import (
    AnyAuthMethod,
    Aws,
    Basic,
    BasicAuth,
    ClientCredentials,
    Custom,
    OAuth2,
    SecretText,
    Send,
    TokenExchange,
)
from integrations.aws_signing import AwsSigner
from integrations.failures import CredentialsRejected, InvalidInput
from integrations.manifest import Api
from integrations.ports import Credentials, HttpRequest, Json

BEARER: Final = Send(headers={"Authorization": "Bearer {access_token}"})
_BEARER_SECRET: Final = Send(headers={"Authorization": "Bearer {secret_text}"})
_USERNAME_AND_PASSWORD: Final = Send(basic=Basic(username="{username}", password="{password}"))  # noqa: S106 - a template
_NOTHING: Final = Send()
TOKENS: Final = frozenset({"access_token", "refresh_token", "id_token", "client_secret", "secret_text", "password"})


@dataclass(frozen=True, slots=True)
class Target:
    """One connection's way to the API; `secrets` finds what must not be repeated in a message."""

    base_url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False)
    secrets: Callable[[], tuple[str, ...]] = field(repr=False)
    signer: AwsSigner | None = None

    def signed(self, request: HttpRequest, now: datetime) -> HttpRequest:
        """`request` as it may be sent now: with a signature, where the provider wants one."""
        return request if self.signer is None else self.signer.signed(request, now)

    def without_secrets(self, message: str) -> str:
        """`message` with every form of the credential blotted out."""
        for secret in self.secrets():
            message = message.replace(secret, "[hidden]")
        return message


def target_of(
    api: Api, method: AnyAuthMethod | None, credentials: Credentials | None, *, base_url: str | None = None
) -> Target:
    """Resolve where the requests of a connection go; to `base_url`, which holds no values, if that is given.

    Raises:
        CredentialsRejected: the connection lacks a value that its requests need, or has one that does not fit its
            place: it has to be made anew.
    """
    try:
        return _target(api, method, credentials.values if credentials else {}, base_url=base_url)
    except InvalidInput as error:
        raise CredentialsRejected(f"This connection can't be used: {error.message}") from error


def _target(api: Api, method: AnyAuthMethod | None, values: Mapping[str, Json], *, base_url: str | None) -> Target:
    send = _send(method)
    basic = _basic(send.basic, values) if send.basic else None
    headers = _headers(api.headers, values) | _headers(send.headers, values)
    if basic:
        headers["Authorization"] = f"Basic {basic}"
    usual = method.base_url if method and method.base_url else api.base_url
    return Target(
        # A connection that is still being made may lack what its usual address is made of.
        base_url=base_url or template.address(usual, values, api.hosts),
        headers=headers,
        query=tuple((name, _filled(value, values)) for name, value in (*api.query.items(), *send.query.items())),
        secrets=partial(_secrets, method, values, (basic,) if basic else ()),
        signer=_signer(send.aws, values) if send.aws else None,
    )


def _send(method: AnyAuthMethod | None) -> Send:
    if method is None:
        return _NOTHING
    if method.send is not None:
        return method.send
    match method:
        case OAuth2() | ClientCredentials() | TokenExchange():
            return BEARER
        case SecretText():
            return _BEARER_SECRET
        case BasicAuth():
            return _USERNAME_AND_PASSWORD
        case Custom():
            return _NOTHING


def _headers(templates: Mapping[str, str], values: Mapping[str, Json]) -> dict[str, str]:
    found = {name: template.header(value, values, name) for name, value in templates.items()}
    return {name: _present(value, templates[name]) for name, value in found.items()}


def _filled(value: str, values: Mapping[str, Json]) -> str:
    return _present(template.text(value, values), value)


def _basic(basic: Basic, values: Mapping[str, Json]) -> str:
    pair = f"{_filled(basic.username, values)}:{_filled(basic.password, values)}"
    return b64encode(pair.encode()).decode()


def _signer(aws: Aws, values: Mapping[str, Json]) -> AwsSigner:
    return AwsSigner(
        access_key_id=_filled(aws.access_key_id, values),
        secret_access_key=_filled(aws.secret_access_key, values),
        region=_filled(aws.region, values),
        service=_filled(aws.service, values),
    )


def _present(value: str | None, source: str) -> str:
    if value is None:
        raise CredentialsRejected(f"This connection lacks a value that requests need ({source}).")
    return value


def _secrets(method: AnyAuthMethod | None, values: Mapping[str, Json], derived: tuple[str, ...]) -> tuple[str, ...]:
    names = TOKENS | _secret_fields(method)
    plain = [value for name, value in values.items() if name in names and isinstance(value, str) and len(value) >= 4]
    forms = {form for value in (*plain, *derived) for form in _written(value)}
    return tuple(sorted(forms, key=len, reverse=True))


def _written(value: str) -> Iterator[str]:
    """Yield how answers repeat a value: as it is, in an address, in JSON, where PHP escapes slashes too."""
    yield from (value, quote(value, safe=""), quote(value))
    for escaped in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield from (escaped, escaped.replace("/", "\\/"))


def _secret_fields(method: AnyAuthMethod | None) -> frozenset[str]:
    if method is None:
        return frozenset()
    fields = {**method.inputs, **(method.fields if isinstance(method, Custom | TokenExchange) else {})}
    return frozenset(name for name, asked in fields.items() if asked.secret)
