"""A GraphQL schema out of the TypeScript types of it that a provider's own client carries (graphql-codegen writes them)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graphql import GraphQLSchema, build_schema

_OBJECT: Final = re.compile(r"^(?:export )?type (\w+) = ((?:\w+ & )*)\{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_UNION: Final = re.compile(r"^(?:export )?type (\w+) = (\w+(?: \| \w+)*);", re.MULTILINE)
_ENUM: Final = re.compile(r"^(?:export )?declare enum (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_MEMBER: Final = re.compile(r"^ +(\w+)(\??): ([^{}\n]+);$", re.MULTILINE)
_VALUE: Final = re.compile(r"= [\"'](\w+)[\"']")
_WRAPPED: Final = re.compile(r"(\w+)<(.*)>")
_SCALAR: Final = re.compile(r"Scalars\[[\"'](\w+)[\"']\](?:\[[\"']\w+[\"']\])?")
_BUILT_IN: Final = frozenset({"ID", "String", "Int", "Float", "Boolean"})


def schema_of(path: Path) -> GraphQLSchema:
    """The schema that these types were written from, as far as queries and mutations reach."""
    return build_schema("\n".join(_Types(path.read_text()).definitions()), assume_valid=True)


@dataclass(frozen=True)
class _Object:
    members: Mapping[str, str]
    """Name → type in GraphQL."""
    implements: tuple[str, ...]
    is_concrete: bool
    """Has a name of its own in answers: interfaces and inputs have none."""


class _Types:
    """Everything that a file declares, written anew as GraphQL on the way from the two roots."""

    def __init__(self, source: str) -> None:
        self._objects = {name: _object(parents, body) for name, parents, body in _OBJECT.findall(source)}
        self._unions = {name: members.split(" | ") for name, members in _UNION.findall(source)}
        self._enums = {name: _VALUE.findall(body) for name, body in _ENUM.findall(source)}
        self._seen: set[str] = set()

    def definitions(self) -> Iterator[str]:
        """Yield the definition of every type that a query, a mutation or one of their inputs needs."""
        yield from self._output("Query")
        yield from self._output("Mutation")

    def _output(self, name: str) -> Iterator[str]:
        if not self._is_new(name):
            return
        if name in self._unions:
            yield f"union {name} = {' | '.join(self._unions[name])}"
            for member in self._unions[name]:
                yield from self._output(member)
        elif name in self._objects:
            yield from self._fields(name, self._objects[name])
        else:
            yield from self._leaf(name)

    def _fields(self, name: str, declared: _Object) -> Iterator[str]:
        lines: list[str] = []
        for member, type_ in declared.members.items():
            arguments = self._objects.get(f"{name}{_pascal(member)}Args")
            taken = ", ".join(f"{key}: {of}" for key, of in arguments.members.items()) if arguments else ""
            lines.append(f"  {member}{f'({taken})' if taken else ''}: {type_}")
            for of in arguments.members.values() if arguments else ():
                yield from self._input(_bare(of))
        implements = f" implements {' & '.join(declared.implements)}" if declared.implements else ""
        kind = "type" if declared.is_concrete else "interface"
        yield f"{kind} {name}{implements} {{\n" + "\n".join(lines) + "\n}"
        for other in [*declared.implements, *map(_bare, declared.members.values())]:
            yield from self._output(other)
        if not declared.is_concrete:
            for other, candidate in self._objects.items():
                if name in candidate.implements:
                    yield from self._output(other)

    def _input(self, name: str) -> Iterator[str]:
        if not self._is_new(name):
            return
        if name not in self._objects:
            yield from self._leaf(name)
            return
        members = self._objects[name].members
        yield f"input {name} {{\n" + "\n".join(f"  {key}: {of}" for key, of in members.items()) + "\n}"
        for of in members.values():
            yield from self._input(_bare(of))

    def _leaf(self, name: str) -> Iterator[str]:
        if name in self._enums:
            yield f"enum {name} {{ {' '.join(self._enums[name])} }}"
        elif name not in _BUILT_IN:
            yield f"scalar {name}"

    def _is_new(self, name: str) -> bool:
        is_new = name not in self._seen
        self._seen.add(name)
        return is_new


def _object(parents: str, body: str) -> _Object:
    members = {name: _graphql(type_, optional=bool(mark)) for name, mark, type_ in _MEMBER.findall(body)}
    is_concrete = members.pop("__typename", None) is not None
    return _Object(members, tuple(parents.removesuffix(" & ").split(" & ")) if parents else (), is_concrete)


def _graphql(typescript: str, *, optional: bool = False) -> str:
    """`Maybe<Array<Scalars["String"]>>` as `[String!]`."""
    if wrapped := _WRAPPED.fullmatch(typescript):
        outer, inner = wrapped.groups()
        if outer in {"Maybe", "InputMaybe"}:
            return _graphql(inner, optional=True)
        written = f"[{_graphql(inner)}]"
    else:
        scalar = _SCALAR.fullmatch(typescript)
        written = scalar.group(1) if scalar else typescript.strip("\"'")
    return written if optional else f"{written}!"


def _bare(type_: str) -> str:
    return type_.strip("[]!")


def _pascal(name: str) -> str:
    return "_".join(part[:1].upper() + part[1:] for part in name.split("_"))
