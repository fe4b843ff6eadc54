"""What an update of an integration changes for whoever uses it: tools that come, go, or mean something else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from integrations.integration import Action, Integration

_PARTS: Final = ("description", "input", "request", "access")


@dataclass(frozen=True, slots=True)
class ChangedTool:
    """A tool that stays, and which parts of it differ: `description`, `input`, `request`, `access`."""

    action: str
    parts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Between what there is and what would be."""

    added: Sequence[str]
    removed: Sequence[str]
    changed: Sequence[ChangedTool]

    @property
    def is_empty(self) -> bool:
        """Tell whether nobody would notice."""
        return not (self.added or self.removed or self.changed)


def difference(before: Integration, after: Integration) -> Difference:
    """Compare two states of one integration, action by action."""
    old, new = _parts_of(before), _parts_of(after)
    both = [name for name in new if name in old]
    changed = [(name, [part for part in _PARTS if old[name][part] != new[name][part]]) for name in both]
    return Difference(
        added=[name for name in new if name not in old],
        removed=[name for name in old if name not in new],
        changed=[ChangedTool(name, parts) for name, parts in changed if parts],
    )


def _parts_of(integration: Integration) -> Mapping[str, Mapping[str, object]]:
    declared = {action.name: action for action in integration.manifest.actions}
    return {
        name: {
            "description": (action.title, action.description),
            "input": action.input_schema,
            "request": declared[name].request if name in declared else action.remote,
            "access": _access(action),
        }
        for name, action in integration.actions.items()
    }


def _access(action: Action) -> object:
    return (action.auth_methods, dict(action.scopes), action.hints)
