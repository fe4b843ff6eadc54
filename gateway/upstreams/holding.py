"""Holding a server's list against what was approved, as plain values: what follows from it for what is held back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from gateway.upstreams.views import ADDED, CHANGED, REFUSED, REMOVED, Differences, Held, Sight
from integrations.ports import Json
from integrations.upstream.reading import ReadTool, RefusedTool, digest_of, read_definitions
from storage.records import HeldTool

MOST_HELD: Final = 500
MOST_NEW: Final = 200
"""Of one list that comes after the first: nobody looks through more at once."""
MAX_HELD_BYTES: Final = 1024 * 1024
_FORGOTTEN_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Listing:
    """One list that a server has shown, held against what was approved (digests by name; None: nothing was yet)."""

    names: frozenset[str]
    differences: Differences
    read: Mapping[str, ReadTool] = field(repr=False)
    refused: Mapping[str, RefusedTool] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to change in the rows of what is held back."""

    rows: Mapping[str, Held]
    """What each row is to say, by name."""
    news: tuple[str, ...]
    """Of which there was no row, or one that said something else."""
    gone: tuple[str, ...]


def hold_against(tools: Sequence[Json], approved: Sequence[Mapping[str, Json]], digests: Mapping[str, str]) -> Listing:
    """Read a list; `digests` are those of `approved`, by name."""
    shown = [(tool, _name(tool), digest_of(tool)) for tool in tools]
    same = {name for _, name, digest in shown if digest is not None and digests.get(name) == digest}
    differing = [tool for tool, name, digest in shown if name in digests and digests[name] != digest]
    differing += [tool for tool, name, _ in shown if name not in digests][: MOST_NEW if digests else MOST_HELD]
    kept = [each for each in approved if each["name"] in same or each["name"] not in {name for _, name, _ in shown}]
    read = read_definitions(differing, beside=kept)
    accepted = {each.name: each for each in read.accepted}
    refused = {each.name: each for each in read.refused}
    differences = {name: Held(CHANGED if name in digests else ADDED, each.digest) for name, each in accepted.items()}
    differences |= {name: Held(REFUSED, each.digest) for name, each in refused.items()}
    names = frozenset(name for _, name, _ in shown) | refused.keys()
    differences |= {name: Held(REMOVED, None) for name in digests.keys() - names}
    return Listing(names, differences, accepted, refused)


def rule(
    listing: Listing,
    rows: Mapping[str, HeldTool],
    sight: Sight,
    *,
    now: datetime,
) -> Ruling:
    """Say what the rows are to be after a list."""
    keep: dict[str, Held] = {}
    news: list[str] = []
    for name, helds in sorted(sight.for_anybody.items(), key=_changed_first):
        row = rows.get(name)
        if row is not None and Held(row.kind, row.digest) in helds:
            keep[name] = Held(row.kind, row.digest)
        elif listing.differences.get(name) in helds and len(keep) < MOST_HELD:
            keep[name] = listing.differences[name]
            news.append(name)
        elif row is not None:
            keep[name] = Held(row.kind, row.digest)
    gone: list[str] = []
    for name, row in rows.items():
        if name not in keep:
            if _no_longer_applies(row, listing, before=sight.before, now=now) or len(keep) >= MOST_HELD:
                gone.append(name)
            else:
                keep[name] = Held(row.kind, row.digest)
    return Ruling(keep, tuple(news), tuple(gone))


def row_values(name: str, listing: Listing, *, room: int) -> dict[str, Any]:
    """Return the columns of what is held back under a name; without the definition where there is no room for it."""
    held = listing.differences[name]
    values: dict[str, Any] = {"kind": held.kind, "digest": held.digest, "definition": None, "findings": []}
    if name in listing.read:
        tool = listing.read[name]
        definition = dict(tool.definition)
        if written_size(definition) <= room:
            return {**values, "definition": definition, "findings": [*tool.hidden, *tool.warnings]}
        return {**values, "findings": ["too much is held back to keep this definition as well; decide on the others"]}
    if name in listing.refused:
        return {**values, "findings": [listing.refused[name].reason]}
    return values


def written_size(definition: Mapping[str, Json] | None) -> int:
    """Return about how many bytes a definition takes in a row."""
    return 0 if definition is None else len(json.dumps(definition))


def _no_longer_applies(row: HeldTool, listing: Listing, *, before: Differences, now: datetime) -> bool:
    """Tell of a row that nobody's list supports, as far as we know: lists of before a restart we don't."""
    if row.name in listing.names or row.name in before:
        return True
    return now - row.last_seen_at > _FORGOTTEN_AFTER


def _changed_first(item: tuple[str, frozenset[Held]]) -> tuple[int, str]:
    name, helds = item
    return 1 if all(held.kind == ADDED for held in helds) else 0, name


def _name(tool: Json) -> str:
    name: Json = cast("Mapping[str, Json]", tool).get("name") if isinstance(tool, Mapping) else None
    return name if isinstance(name, str) else ""
