"""What a connection of each type has to bring, held against the auth method of the manifest (contract 1.4)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import ValidationFailed
from integrations.auth_methods import (
    AnyAuthMethod,
    BasicAuth,
    ClientCredentials,
    ConnectionField,
    Custom,
    OAuth2,
    SecretText,
    TokenExchange,
)

CONNECTION_TYPES = ("SECRET_TEXT", "BASIC_AUTH", "CUSTOM_AUTH", "OAUTH2", "PLATFORM_OAUTH2")


def wire_types(method: AnyAuthMethod) -> tuple[str, ...]:
    """Return the connection types that this auth method may be given as."""
    match method:
        case SecretText():
            return ("SECRET_TEXT",)
        case BasicAuth():
            return ("BASIC_AUTH",)
        case OAuth2():
            return ("OAUTH2", "PLATFORM_OAUTH2")
        case Custom() | ClientCredentials() | TokenExchange():
            return ("CUSTOM_AUTH",)


def find_method(methods: Sequence[AnyAuthMethod], *, connection_type: str, key: str | None) -> AnyAuthMethod:
    """Return the auth method that is meant: the one named, else the first of this type. Raises `ValidationFailed`."""
    fitting = [method for method in methods if connection_type in wire_types(method)]
    if key is None:
        if fitting:
            return fitting[0]
        offered = sorted({each for method in methods for each in wire_types(method)})
        raise ValidationFailed(f"type: this integration takes {' or '.join(offered) or 'no connection'}")
    named = next((method for method in methods if method.key == key), None)
    if named is None:
        keys = ", ".join(method.key for method in methods) or "none"
        raise ValidationFailed(f"authMethodKey: there is no {key[:100]!r}; this integration has: {keys}")
    if named not in fitting:
        raise ValidationFailed(f"type: {key!r} takes {' or '.join(wire_types(named))}")
    return named


def accept_values(method: AnyAuthMethod, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credential to keep, from the values of a request by their wire names. Raises `ValidationFailed`.

    Wire names: `secretText`; `username`, `password`; `props`; `accessToken`, `refreshToken`, `tokenType`; and `data`
    for what the method's `inputs` ask besides.
    """
    _refuse_others(method, given)
    extra = _object(given, "data")
    match method:
        case SecretText():
            values: dict[str, Any] = {"secret_text": accept_field(method.field, given.get("secretText"), "secretText")}
        case BasicAuth():
            values = {
                "username": accept_field(method.username, given.get("username"), "username"),
                "password": accept_field(method.password, given.get("password"), "password", may_be_empty=True),
            }
        case Custom() | TokenExchange() | ClientCredentials():
            values = _fields(method.fields, _object(given, "props"), "props")
        case OAuth2():
            values = _tokens(given) | {name: extra[name] for name in _kept(method) if name in extra}
    inputs = extra if not isinstance(method, Custom | TokenExchange | ClientCredentials) else {**extra, **_props(given)}
    return values | _fields(method.inputs, inputs, "data", closed=False)


def _kept(method: OAuth2) -> tuple[str, ...]:
    """What the provider would have told, and a backend that did the asking may."""
    asked = method.keep_from_request
    return (*method.keep, *(asked.values if asked is not None else ()))


def accept_inputs(method: AnyAuthMethod, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a method asks besides its credential, from the values of `data`. Raises `ValidationFailed`."""
    return _fields(method.inputs, _object(given, "data"), "data")


def _refuse_others(method: AnyAuthMethod, given: Mapping[str, Any]) -> None:
    """Refuse what belongs to another type: whoever sends it expects it to be used."""
    match method:
        case SecretText():
            known = ("secretText", "data")
        case BasicAuth():
            known = ("username", "password", "data")
        case OAuth2():
            known = ("accessToken", "refreshToken", "tokenType", "data")
        case Custom() | ClientCredentials() | TokenExchange():
            known = ("props", "data")
    foreign = next((name for name in given if name not in known), None)
    if foreign is not None:
        raise ValidationFailed(f"{foreign}: a connection of this type takes {', '.join(known)}")


def _tokens(given: Mapping[str, Any]) -> dict[str, Any]:
    access_token = given.get("accessToken")
    if not isinstance(access_token, str) or not access_token.strip():
        raise ValidationFailed("accessToken: has to be given for this type of connection")
    tokens = {"access_token": access_token.strip(), "token_type": given.get("tokenType")}
    return {name: value for name, value in {**tokens, "refresh_token": given.get("refreshToken")}.items() if value}


def _fields(
    fields: Mapping[str, ConnectionField], given: Mapping[str, Any], where: str, *, closed: bool = True
) -> dict[str, Any]:
    unknown = sorted(set(given) - set(fields)) if closed else []
    if unknown:
        raise ValidationFailed(f"{where}.{unknown[0][:100]}: is not a field here; there are: {', '.join(fields)}")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        value = given.get(name, field.default)
        if value in (None, "") and field.optional:
            continue
        values[name] = accept_field(field, value, f"{where}.{name}")
    return values


def accept_field(field: ConnectionField, value: Any, where: str, *, may_be_empty: bool = False) -> str:
    """Return one value as it fits its field; the message of `ValidationFailed` never repeats it: it may be a secret."""
    if not isinstance(value, str) or (not value.strip() and not may_be_empty):
        raise ValidationFailed(f"{where}: has to be given ({field.title})")
    if "\r" in value or "\n" in value:
        raise ValidationFailed(f"{where}: can't hold a line break")
    if field.enum and value not in field.enum:
        raise ValidationFailed(f"{where}: has to be one of {', '.join(field.enum)}")
    # Nothing that has a shape is so long; and no pattern is to be tried on what takes it for ever.
    fits = field.pattern is None or (len(value) <= _LONGEST_MATCHED and re.fullmatch(field.pattern, value))
    if not fits:
        example = f", such as {field.example}" if field.example else ""
        raise ValidationFailed(f"{where}: does not look like a {field.title}{example}")
    return value


_LONGEST_MATCHED = 2000


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValidationFailed(f"{name}: has to be an object")
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON objects have text keys


def _props(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(given, "props")
