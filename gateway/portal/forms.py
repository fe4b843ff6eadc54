"""The forms of the connect pages: what is asked of the person, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.connections.connect_methods import ConnectMethod
from integrations.auth_methods import BasicAuth, ConnectionField, Custom, OAuth2, SecretText


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: its name in the form, and where the credential's rules look for it (`props.region`)."""

    name: str
    where: str
    asked: ConnectionField


def fields_of(method: ConnectMethod) -> list[FormField]:
    """Return what a person has to enter for this auth method; nothing, for most that connect by OAuth."""
    match method:
        case OAuth2():
            own: dict[str, ConnectionField] = {}
        case SecretText():
            own = {"secretText": method.field}
        case BasicAuth():
            own = {"username": method.username, "password": method.password}
        case Custom():
            own = {f"props.{name}": asked for name, asked in method.fields.items()}
    every = {**own, **{f"data.{name}": asked for name, asked in method.inputs.items()}}
    return [FormField(f"{method.key}.{where}", where, asked) for where, asked in every.items()]


def given_values(method: ConnectMethod, form: Mapping[str, str]) -> dict[str, Any]:
    """Return what a person entered, as a request over REST would bring it; blanks count as not given."""
    given: dict[str, Any] = {}
    for field in fields_of(method):
        value = form.get(field.name, "").strip()
        if not value:
            continue
        group, _, name = field.where.rpartition(".")
        (given.setdefault(group, {}) if group else given)[name] = value
    return given


def in_peoples_words(method: ConnectMethod, message: str) -> str:
    """Return what is wrong with an entry, with the field called as the form calls it."""
    where, _, said = message.partition(": ")
    field = next((each for each in fields_of(method) if each.where == where), None)
    if field is None:
        return message
    return f"{field.asked.title} {said.partition(' (')[0]}."
