"""Who but us says that an action asks its provider the right thing: the record that the tests keep, and ship."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from integrations.integration import Integration

Kind: TypeAlias = Literal["emulated", "spec", "sdk", "client", "local", "unverified"]

RECORD: Final = Path(__file__).with_name("standing.json")
"""`{integration: {action: {standing, by}}}`; what is not in it is unverified."""

MEANING: Final[Mapping[Kind, str]] = {
    "emulated": "run against an emulator of the provider that others wrote, and seen to take effect there",
    "spec": "its request is valid by the provider's own published API description",
    "sdk": "its request is the one that the provider's own client sends for the same call",
    "client": "its request is the one that a client of others sends, which the provider's documentation names",
    "local": "runs inside the gateway and asks nobody",
    "unverified": "written from the provider's documentation; nothing but our own tests has run it",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an action is proven, and by what (`stripe 16.1.0`)."""

    kind: Kind
    by: str | None = None


def standings(integration: Integration) -> Mapping[str, Standing]:
    """Return the standing of every action of an integration that ships."""
    if not integration.auth:
        return dict.fromkeys(integration.actions, Standing("local"))
    proven = _record().get(integration.name, {})
    return {name: proven.get(name, Standing("unverified")) for name in integration.actions}


@cache
def _record() -> Mapping[str, Mapping[str, Standing]]:
    read = json.loads(RECORD.read_text())
    return {
        integration: {action: Standing(_kind(entry["standing"]), entry["by"]) for action, entry in actions.items()}
        for integration, actions in read.items()
    }


def _kind(word: str) -> Kind:
    return next(kind for kind in get_args(Kind) if kind == word)
