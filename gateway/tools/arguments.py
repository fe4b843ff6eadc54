"""Arguments of a call, checked against the tool's schema before any credential is touched (security R10).

Schemas are compiled once per action, within the bounds of `integrations.json_schemas`.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

import jsonschema_rs

from gateway.errors import ValidationFailed
from gateway.kit.json import JsonRefused, refuse_bad_text
from integrations.integration import Action
from integrations.json_schemas import Validator, compile_schema

_MOST_ERRORS = 5
_LONGEST_ERROR = 300


class Arguments:
    """Checks arguments; keeps the compiled schema of every action that was ever called."""

    def __init__(self) -> None:
        self._compiled: WeakKeyDictionary[Action, Validator] = WeakKeyDictionary()

    def check(self, action: Action, arguments: Mapping[str, Any]) -> None:
        """Raise `ValidationFailed`, naming each path and what was expected there, unless the arguments fit."""
        _refuse_unsafe(arguments)
        validator = self._compiled.get(action)
        if validator is None:
            validator = self._compiled[action] = compile_schema(action.input_schema)
        if validator.is_valid(arguments):
            return
        found = [_sentence(error) for error in islice(validator.iter_errors(arguments), _MOST_ERRORS)]
        raise ValidationFailed("the input does not fit the tool: " + "; ".join(found), problems=found)


def _refuse_unsafe(arguments: Mapping[str, Any]) -> None:
    try:
        refuse_bad_text(arguments)
    except JsonRefused as error:
        raise ValidationFailed(f"the input does not fit the tool: {error}") from error


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    """Say where, and what was expected there; the value itself is not repeated."""
    path = "".join(f"/{part}" for part in error.instance_path)
    message = error.message[:_LONGEST_ERROR]
    return f"{path}: {message}" if path else message
