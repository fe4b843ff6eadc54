"""Reading YAML as plain data: 1.2's scalars, no aliases, no tags, no duplicate keys, every value's line known."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from integrations.ports import Json
from integrations.problems import ManifestInvalid, Problem

MAX_CHARACTERS: Final = 1024 * 1024
MAX_DEPTH: Final = 50

INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]{1,2})?|[eE][-+]?[0-9]{1,2})")
CONSTANTS: Final[dict[str, Json]] = {"": None, "~": None, "null": None, "true": True, "false": False}

Path: TypeAlias = Sequence[str | int]


@dataclass(slots=True)
class Lines:
    """The line (from 1) where a value is written, and those of its members by key or index."""

    line: int
    members: dict[str | int, "Lines"] = field(default_factory=dict[str | int, "Lines"])


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML document as data, with the way back to its lines."""

    file: str
    value: Json
    lines: Lines

    def line_of(self, path: Path) -> int:
        """The line of the value at `path`; steps that lead nowhere are skipped."""
        lines = self.lines
        for step in path:
            lines = lines.members.get(step, lines)
        return lines.line

    def known_steps(self, path: Path) -> tuple[str | int, ...]:
        """`path` without the steps that lead nowhere in this document."""
        known: list[str | int] = []
        lines = self.lines
        for step in path:
            if step in lines.members:
                known.append(step)
                lines = lines.members[step]
        return tuple(known)

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path`."""
        return Problem(self.file, self.line_of(path), message)


def read_yaml(text: str, file: str, *, max_characters: int = MAX_CHARACTERS) -> Source:
    """Parse one document.

    Raises:
        ManifestInvalid: it is not YAML, or uses what manifests do not have.
    """
    if len(text) > max_characters:
        raise ManifestInvalid((Problem(file, 1, f"the file has more than {max_characters} characters"),))
    try:
        # Events, not nodes: libyaml's own composer overflows the stack on deep nesting.
        value, lines = _Reader(file, yaml.parse(text, Loader=yaml.CSafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ManifestInvalid((Problem(file, line, f"not valid YAML: {error.problem or error.context}"),)) from error
    except yaml.YAMLError as error:
        raise ManifestInvalid((Problem(file, 1, f"not valid YAML: {error}"),)) from error
    return Source(file, value, lines)


class _Reader:
    """Turns the parser's events into a value and its lines."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._events = events

    def document(self) -> tuple[Json, Lines]:
        found: tuple[Json, Lines] | None = None
        for event in self._events:
            match event:
                case yaml.StreamStartEvent() | yaml.StreamEndEvent() | yaml.DocumentEndEvent():
                    continue
                case yaml.DocumentStartEvent() if found is None:
                    found = self._value(next(self._events), depth=0)
                case _:
                    raise self._refusal(event, "there must be one document only")
        return found or (None, Lines(1))

    def _value(self, event: yaml.Event, *, depth: int) -> tuple[Json, Lines]:
        self._refuse_foreign(event, depth)
        lines = Lines(_line(event))
        match event:
            case yaml.ScalarEvent():
                return _scalar(event), lines
            case yaml.SequenceStartEvent():
                return self._sequence(lines, depth), lines
            case _:
                return self._mapping(lines, depth), lines

    def _refuse_foreign(self, event: yaml.Event, depth: int) -> None:
        if getattr(event, "anchor", None) is not None:
            raise self._refusal(event, "anchors and aliases are not allowed: write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._refusal(event, f"tags such as {tag} are not allowed")
        if depth > MAX_DEPTH:
            raise self._refusal(event, f"nested more than {MAX_DEPTH} deep")

    def _sequence(self, lines: Lines, depth: int) -> list[Json]:
        found: list[Json] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            value, lines.members[len(found)] = self._value(event, depth=depth + 1)
            found.append(value)
        return found

    def _mapping(self, lines: Lines, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            self._refuse_foreign(event, depth)
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refusal(event, "a key must be text")
            key = event.value
            if key in found:
                raise self._refusal(event, f"the key {key!r} is there twice")
            found[key], inner = self._value(next(self._events), depth=depth + 1)
            lines.members[key] = Lines(_line(event), inner.members)
        return found

    def _refusal(self, event: yaml.Event, message: str) -> ManifestInvalid:
        return ManifestInvalid((Problem(self._file, _line(event), message),))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _scalar(event: yaml.ScalarEvent) -> Json:
    """The value by YAML 1.2's core rules; quoted and block scalars are text."""
    text = event.value
    if event.style not in {None, ""}:
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text
