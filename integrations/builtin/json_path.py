"""The part of JSONPath (RFC 9535) that only walks down: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[*]`, `.*`.

Filters, slices and `..` are left out: with them one short selector can ask for unbounded work.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from integrations.failures import InvalidInput
from integrations.ports import Json

MAX_SELECTOR_LENGTH: Final = 1_000
MAX_MATCHES: Final = 100_000

STEP: Final = re.compile(
    r"""\.(?P<name>[^\s.\[\]'"*$@?()]+) | \[(?P<index>-?\d{1,9})\] | (?P<every>\.\*|\[\*\])
      | \['(?P<single>[^'\\]*)'\] | \["(?P<double>[^"\\]*)"\]""",
    re.VERBOSE,
)


class Matches:
    """How many values the selectors of one call may still match, those on their way included."""

    def __init__(self) -> None:
        self._left = MAX_MATCHES

    def spend(self, count: int, *, where: str) -> None:
        """Raise InvalidInput, pointing to `where`, when there are too many."""
        self._left -= count
        if self._left < 0:
            raise InvalidInput(f"the selectors match more than {MAX_MATCHES} values", path=where)


def select(document: Json, selector: Json, *, where: str, matches: Matches) -> Json:
    """What `selector` finds in `document`: with `*` a list of all matches, else the one match or None.

    Raises InvalidInput, pointing to `where`, on anything that is not such a selector.
    """
    steps = parse(selector, where=where)
    found: list[Json] = [document]
    for step in steps:
        found = [child for value in found for child in _children(value, step)]
        matches.spend(len(found), where=where)
    if None in steps:
        return found
    return found[0] if found else None


def parse(selector: Json, *, where: str) -> list[str | int | None]:
    """The steps of a selector: a name, an index, or None for every child."""
    if not isinstance(selector, str) or not selector.startswith("$") or len(selector) > MAX_SELECTOR_LENGTH:
        raise InvalidInput(f"a selector is text such as $.user.email, not {str(selector)[:60]!r}", path=where)
    steps: list[str | int | None] = []
    position = 1
    while position < len(selector):
        match = STEP.match(selector, position)
        if match is None:
            rest = selector[position : position + 20]
            raise InvalidInput(f"cannot read {rest!r}: use .name, ['name'], [0] and [*] after the $", path=where)
        steps.append(_step(match))
        position = match.end()
    return steps


def _step(match: re.Match[str]) -> str | int | None:
    if match["every"]:
        return None
    if match["index"]:
        return int(match["index"])
    return next(text for text in (match["name"], match["single"], match["double"]) if text is not None)


def _children(value: Json, step: str | int | None) -> Iterable[Json]:
    if isinstance(value, Mapping):
        named = cast("Mapping[str, Json]", value)
        if step is None:
            return named.values()
        return [named[step]] if isinstance(step, str) and step in named else []
    if isinstance(value, list):
        items = cast("list[Json]", value)
        if step is None:
            return items
        return [items[step]] if isinstance(step, int) and -len(items) <= step < len(items) else []
    return []
