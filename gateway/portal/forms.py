"""The forms of the connect pages: what is asked of the person, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.connections.connect_methods import ConnectMethod
from gateway.connections.credential_forms import accept_field
from gateway.errors import ValidationFailed
from integrations.auth_methods import (
    BasicAuth,
    ClientCredentials,
    ConnectionField,
    Custom,
    OAuth2,
    SecretText,
    TokenExchange,
)


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: its name in the form, where the credential's rules look for it (`props.region`), what to show in it."""

    name: str
    where: str
    asked: ConnectionField
    value: str = field(default="", repr=False)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person entered, and what is wrong with it: by field, or as a whole."""

    form: Mapping[str, str] = field(repr=False)
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    problem: str | None = None


def form_fields(method: ConnectMethod, entered: Entered | None = None) -> list[FormField]:
    """Return the fields to show. What was entered is kept, secrets excepted: those never come back."""
    shown: list[FormField] = []
    for each in _fields_of(method):
        value = each.asked.default or "" if entered is None else entered.form.get(each.name, "")
        error = None if entered is None else entered.errors.get(each.name)
        shown.append(FormField(each.name, each.where, each.asked, "" if each.asked.secret else value, error))
    return shown


def given_values(method: ConnectMethod, form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person entered, as a request over REST would bring it; blanks count as not given."""
    given: dict[str, Any] = {}
    for each in _fields_of(method):
        value = _tidy(each.asked, form.get(each.name, ""))
        if not value:
            continue
        group, _, name = each.where.rpartition(".")
        (given.setdefault(group, {}) if group else given)[name] = value
    if isinstance(method, BasicAuth):
        given.setdefault("password", "")
    return given


def problems(method: ConnectMethod, form: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each field, by its name, in a sentence that can stand beside it."""
    found: dict[str, str] = {}
    for each in _fields_of(method):
        value = _tidy(each.asked, form.get(each.name, ""))
        if not value and (each.asked.optional or each.asked.default is not None):
            continue
        if not value:
            found[each.name] = f"{each.asked.title} is missing."
            continue
        try:
            accept_field(each.asked, value, "")
        except ValidationFailed as error:
            said = error.message.removeprefix(": ")
            found[each.name] = f"This {said}."
    return found


def secret_field(method: ConnectMethod) -> str | None:
    """Return the name of the field that a provider's refusal is shown beside."""
    fields = _fields_of(method)
    secret = next((each for each in fields if each.asked.secret), None)
    return (secret or fields[0]).name if fields else None


def _fields_of(method: ConnectMethod) -> list[FormField]:
    """Return what a person has to enter for this auth method; nothing, for most that connect by OAuth."""
    match method:
        case OAuth2():
            own: dict[str, ConnectionField] = {}
        case SecretText():
            own = {"secretText": method.field}
        case BasicAuth():
            own = {"username": method.username, "password": method.password}
        case Custom() | ClientCredentials() | TokenExchange():
            own = {f"props.{name}": asked for name, asked in method.fields.items()}
    every = {**own, **{f"data.{name}": asked for name, asked in method.inputs.items()}}
    return [FormField(f"{method.key}.{where}", where, asked) for where, asked in every.items()]


def _tidy(asked: ConnectionField, value: str) -> str:
    """Take off what people copy along: blanks around it, and the fixed text that stands behind the field."""
    plain = value.strip()
    if asked.suffix is None or asked.secret:
        return plain
    return plain.removeprefix("https://").removesuffix("/").removesuffix(asked.suffix)
