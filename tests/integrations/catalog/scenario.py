"""A story of tool calls as data: what is called with what, what has to come back, and what later calls need of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.notation import find
from tests.integrations.catalog.accounts import Account


@dataclass(frozen=True)
class Step:
    """One call. `$name` in arguments and expectations is what an earlier step kept under that name."""

    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expect: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Pointer into the output → value."""
    keep: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name → pointer into the output."""


async def play(account: Account, steps: Sequence[Step], **known: Any) -> dict[str, Any]:
    """Run all steps in their order; returns everything that was kept."""
    kept = dict(known)
    for step in steps:
        output = await account.run(step.action, **_filled(step.arguments, kept))
        for pointer, expected in step.expect.items():
            found = find(output, pointer)
            assert found == _filled(expected, kept), f"{step.action}: {pointer} is {found!r}"
        for name, pointer in step.keep.items():
            kept[name] = find(output, pointer)
            assert isinstance(kept[name], str | int), f"{step.action}: nothing at {pointer} in {output!r}"
    return kept


def _filled(value: Any, kept: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("$"):
        return kept[value[1:]]
    if isinstance(value, Mapping):
        return {name: _filled(member, kept) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(element, kept) for element in value]
    return value
