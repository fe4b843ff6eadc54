"""Reading YAML as plain data: 1.2's scalars, no aliases, no tags, no duplicate keys, every value's line known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from integrations.ports import Json
from integrations.problems import ManifestInvalid, Problem

MAX_CHARACTERS: Final = 1024 * 1024
MAX_DEPTH: Final = 50

STRING: Final = "tag:yaml.org,2002:str"
COLLECTIONS: Final = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")
CONSTANTS: Final[dict[str, Json]] = {"": None, "~": None, "null": None, "true": True, "false": False}

Path: TypeAlias = Sequence[str | int]


class _Loader(yaml.CSafeLoader):
    """Resolves no plain scalar by itself: `on`, `no` and `2026-11-21` stay text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - overrides PyYAML's own table


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML document as data, with the way back to its lines."""

    file: str
    value: Json
    root: Node | None = field(repr=False)

    def line_of(self, path: Path) -> int:
        """The line (from 1) of the value at `path`; steps that lead nowhere are skipped."""
        node = self.root
        line = node.start_mark.line if node else 0
        for step in path:
            entry = _entry(node, step)
            if entry is not None:
                key, node = entry
                line = key.start_mark.line
        return line + 1

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path`."""
        return Problem(self.file, self.line_of(path), message)

    def known_steps(self, path: Path) -> tuple[str | int, ...]:
        """`path` without the steps that lead nowhere in this document."""
        known: list[str | int] = []
        node = self.root
        for step in path:
            entry = _entry(node, step)
            if entry is not None:
                known.append(step)
                node = entry[1]
        return tuple(known)


def _entry(node: Node | None, step: str | int) -> tuple[Node, Node] | None:
    """The key node and the value node of a step (for an element both are the element)."""
    match node:
        case MappingNode():
            pairs = cast("list[tuple[Node, Node]]", node.value)
            return next((pair for pair in pairs if pair[0].value == step), None)
        case SequenceNode() if isinstance(step, int) and step < len(node.value):
            return (node.value[step], node.value[step])
        case _:
            return None


def read_yaml(text: str, file: str) -> Source:
    """Parse one document.

    Raises:
        ManifestInvalid: it is not YAML, or uses what manifests do not have.
    """
    if len(text) > MAX_CHARACTERS:
        raise ManifestInvalid((Problem(file, 1, f"the file has more than {MAX_CHARACTERS} characters"),))
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ManifestInvalid((Problem(file, line, f"not valid YAML: {error.problem or error.context}"),)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ManifestInvalid((Problem(file, 1, f"not valid YAML: {error}"),)) from error
    finally:
        loader.dispose()
    return Source(file, _Reader(file).read(root, depth=0) if root else None, root)


class _Reader:
    """Turns nodes into values; remembers those it has met, since a node met twice is an alias."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._met: set[int] = set()

    def read(self, node: Node, *, depth: int) -> Json:
        if id(node) in self._met:
            raise self._refusal(node, "anchors and aliases are not allowed: write the value out")
        if depth > MAX_DEPTH:
            raise self._refusal(node, f"nested more than {MAX_DEPTH} deep")
        self._met.add(id(node))
        if node.tag != STRING and node.tag not in COLLECTIONS:
            raise self._refusal(node, f"tags such as {node.tag} are not allowed")
        match node:
            case ScalarNode():
                return _scalar(node)
            case SequenceNode():
                return [self.read(element, depth=depth + 1) for element in cast("list[Node]", node.value)]
            case _:
                return self._mapping(cast("MappingNode", node), depth)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for key, value in cast("list[tuple[Node, Node]]", node.value):
            if not isinstance(key, ScalarNode):
                raise self._refusal(key, "a key must be text")
            if id(key) in self._met:
                raise self._refusal(key, "anchors and aliases are not allowed: write the value out")
            self._met.add(id(key))
            if key.value in found:
                raise self._refusal(key, f"the key {key.value!r} is there twice")
            found[key.value] = self.read(value, depth=depth + 1)
        return found

    def _refusal(self, node: Node, message: str) -> ManifestInvalid:
        return ManifestInvalid((Problem(self._file, node.start_mark.line + 1, message),))


def _scalar(node: ScalarNode) -> Json:
    """The value by YAML 1.2's core rules; quoted and block scalars are text."""
    text = cast("str", node.value)
    if node.style not in {None, ""}:
        return text
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text
