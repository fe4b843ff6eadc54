"""From an OpenAPI document to a manifest, for the operations that are wanted; what is left out is told with its reason."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Final
from urllib.parse import urljoin, urlsplit

import orjson

from integrations.checking import check_manifest
from integrations.integration import Integration
from integrations.loading import parse
from integrations.manifest import Manifest
from integrations.openapi.building import LeftOut
from integrations.openapi.document import Document, DocumentRefused, mapping, sequence
from integrations.openapi.operations import Operation, action_of, operations
from integrations.openapi.security import auth_methods, key_of, requirements, scope_titles, scopes_of
from integrations.openapi.texts import NOT_IN_ADDRESSES, legible, plain, snake
from integrations.ports import Json
from integrations.problems import ManifestInvalid, Problem
from integrations.yaml_source import Lines, Source

MAX_ACTIONS: Final = 1500
_NAME_CHARACTERS: Final = 64
_CHARACTERS_OF_A_TOKEN: Final = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which operations: those that match any of these; all, where nothing is named."""

    tags: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    """Ids of operations, or `get /pets`."""
    paths: tuple[str, ...] = ()
    """Patterns of paths: `/repos/*`."""

    def has(self, operation: Operation) -> bool:
        """Tell whether the operation is among them."""
        if not (self.tags or self.operations or self.paths):
            return True
        return (
            bool(self.tags & set(operation.tags))
            or bool(self.operations & {operation.id, f"{operation.method} {operation.path}"})
            or any(fnmatchcase(operation.path, pattern) for pattern in self.paths)
        )


@dataclass(frozen=True, slots=True)
class Named:
    """What the document is to be called here, and what to take instead of what it says."""

    name: str
    title: str | None = None
    base_url: str | None = None
    found_at: str | None = None
    """Where the document was fetched from: relative servers are relative to it."""
    auth: Sequence[Mapping[str, Json]] | None = None
    """Auth methods in the manifest's notation, instead of the document's security schemes."""


@dataclass(frozen=True, slots=True)
class ImportedTool:
    """One action that came of an operation; `tokens` estimates what its definition costs a model."""

    action: str
    operation: str
    title: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a document."""

    manifest: Mapping[str, Json] = field(repr=False)
    """In the manifest's notation, valid."""
    tools: Sequence[ImportedTool]
    left_out: Sequence[tuple[str, str]]
    """Operations that can't be actions, and security schemes that can't be connected, each with its reason."""

    @property
    def tokens(self) -> int:
        """What all definitions cost a model."""
        return sum(tool.tokens for tool in self.tools)


def import_document(document: Document, named: Named, wanted: Wanted) -> Imported:
    """Return the manifest of the operations that are wanted.

    Raises `DocumentRefused`, also where nothing is left.
    """
    chosen = _chosen(document, wanted)
    left_out: list[tuple[str, str]] = []
    access = _Access.given(named.auth) if named.auth is not None else _Access.declared(document, chosen, left_out)
    made = [
        (operation, {**action, **access.of(document, operation)})
        for operation, action in _actions(document, chosen, named, left_out)
    ]
    if not made:
        raise DocumentRefused(f"none of the {len(chosen)} operations can be an action: {left_out[0][1]}")
    manifest = _manifest(document, named, access.methods, [action for _, action in made])
    told = [(legible(what, 200), legible(why, 300)) for what, why in left_out]
    return Imported(manifest, _tools(manifest, [operation for operation, _ in made]), told)


def _chosen(document: Document, wanted: Wanted) -> list[Operation]:
    chosen = [operation for operation in operations(document) if wanted.has(operation)]
    if not chosen:
        raise DocumentRefused("no operation matches; `tags`, `operations` and `paths` name those of the document")
    if len(chosen) > MAX_ACTIONS:
        raise DocumentRefused(f"{len(chosen)} operations match; {MAX_ACTIONS} is the most, so choose by tag or path")
    return chosen


def _actions(
    document: Document, chosen: Sequence[Operation], named: Named, left_out: list[tuple[str, str]]
) -> Iterator[tuple[Operation, dict[str, Json]]]:
    declared = mapping(next(iter(sequence(document.root.get("servers"))), None)).get("url", "/")
    usual = {str(address).rstrip("/") for address in (declared, named.base_url) if address is not None}
    for operation, action_name in zip(chosen, _names(chosen, named.name), strict=True):
        try:
            _refuse_elsewhere(operation, usual)
            yield operation, action_of(document, operation, action_name)
        except LeftOut as error:
            left_out.append((operation.id, error.reason))


def _refuse_elsewhere(operation: Operation, usual: set[str]) -> None:
    """Raise `LeftOut` for an operation of another server: the account of this one is not sent there."""
    own = [address.rstrip("/") for address in operation.servers]
    if own and not usual & set(own):
        raise LeftOut(f"it is at {own[0]}, not where the others are; import it by itself, with that as `baseUrl`")


def _names(chosen: Sequence[Operation], integration: str) -> Iterator[str]:
    """A name for each that does not depend on which others are chosen, unless they would share it."""
    most = _NAME_CHARACTERS - len(integration) - 2
    plain_names = [snake(operation.id) for operation in chosen]
    shared = Counter(plain_names)
    for operation, name in zip(chosen, plain_names, strict=True):
        if len(name) <= most and shared[name] == 1:
            yield name
        else:
            digest = sha256(f"{operation.method} {operation.path}".encode()).hexdigest()[:6]
            yield f"{name[: most - 7].rstrip('_')}_{digest}"


@dataclass(frozen=True, slots=True)
class _Access:
    """The auth methods of an import, and whether they are the importer's own or the document's."""

    methods: Sequence[Mapping[str, Json]]
    is_given: bool

    @classmethod
    def given(cls, methods: Sequence[Mapping[str, Json]]) -> "_Access":
        return cls(methods, is_given=True)

    @classmethod
    def declared(cls, document: Document, chosen: Sequence[Operation], left_out: list[tuple[str, str]]) -> "_Access":
        used = (each for operation in chosen for each in requirements(document, operation.declared))
        methods, lines = auth_methods(document, used)
        left_out.extend(("security", line) for line in lines)
        left_out.extend(
            ("security", f"{method['key']}: nobody can tell whose account is connected; give `auth` with an `account`")
            for method in methods
            if method["type"] == "oauth2"
        )
        return cls(methods, is_given=False)

    def of(self, document: Document, operation: Operation) -> dict[str, Json]:
        """Return which auth methods an action works with, and the scopes that it needs of each."""
        alternatives = [] if self.is_given else requirements(document, operation.declared)
        by_key = {key_of(each): scopes_of(each) for each in alternatives}
        usable = [method["key"] for method in self.methods if method["key"] in by_key]
        asking = [method["key"] for method in self.methods if method["type"] in {"oauth2", "client_credentials"}]
        scopes = {key: by_key.get(key, []) for key in asking if not usable or key in usable}
        found: dict[str, Json] = {"scopes": scopes} if scopes else {}
        return found | ({"auth_methods": usable} if usable and len(usable) < len(self.methods) else {})


def _manifest(
    document: Document,
    named: Named,
    methods: Sequence[Mapping[str, Json]],
    actions: Sequence[Mapping[str, Json]],
) -> dict[str, Json]:
    info = document.info
    title = plain(info["title"], 80) if isinstance(info.get("title"), str) else ""
    manifest: dict[str, Json] = {
        "name": named.name,
        "title": named.title or title or named.name,
        "description": plain(info["description"], 300) if isinstance(info.get("description"), str) else None,
        "auth": list(methods),
        "scope_titles": scope_titles(document),
        "api": {"base_url": _base_url(document, named)},
        "actions": list(actions),
    }
    return {name: value for name, value in manifest.items() if value}


def _tools(manifest: Mapping[str, Json], made: Sequence[Operation]) -> list[ImportedTool]:
    """Return what agents would see, from the manifest as it would run. Raises `DocumentRefused`."""
    actions = Integration(as_manifest(manifest)).actions
    return [
        ImportedTool(action.name, operation.id, action.title, _tokens(action.description, action.input_schema))
        for action, operation in zip(actions.values(), made, strict=True)
    ]


def as_manifest(written: Mapping[str, Json]) -> Manifest:
    """Return the manifest of what is written in its notation. Raises `DocumentRefused` with the first faults."""
    source = Source("the document", dict(written), Lines(1))
    try:
        manifest = parse(source)
        problems = check_manifest(source, manifest, accounts_are_known=False)
    except ManifestInvalid as error:
        problems = list(error.problems)
        raise DocumentRefused(_told(problems)) from error
    if problems:
        raise DocumentRefused(_told(problems))
    return manifest


def _told(problems: Sequence[Problem]) -> str:
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(problem.message for problem in problems[:3]) + more


def _tokens(description: Json, schema: Mapping[str, Json]) -> int:
    return (len(str(description)) + len(orjson.dumps(dict(schema)))) // _CHARACTERS_OF_A_TOKEN


def _base_url(document: Document, named: Named) -> str:
    """Return the API's address: the first server's, with its variables at their defaults."""
    address = _declared_address(document) if named.base_url is None else named.base_url
    if named.found_at is not None:
        address = urljoin(named.found_at, address)
    parts = urlsplit(address)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None:
        raise DocumentRefused(f"servers: {address[:200]!r} is no https address; give `baseUrl`")
    if parts.query or parts.fragment:
        raise DocumentRefused(f"servers: {address[:200]!r} has a query or a fragment; give `baseUrl`")
    return address.rstrip("/") + "/"


def _declared_address(document: Document) -> str:
    """Return the first server's address, with its variables at their defaults.

    What still stands in braces would be filled with values of the account: its secret, in an address.
    """
    server = mapping(next(iter(sequence(document.root.get("servers"))), {"url": "/"}))
    address = str(server.get("url", "/"))
    for name, variable in mapping(server.get("variables")).items():
        address = address.replace(f"{{{name}}}", str(mapping(variable).get("default", "")))
    if NOT_IN_ADDRESSES.search(address):
        raise DocumentRefused(f"servers: {address[:200]!r} holds braces, blanks or control characters; give `baseUrl`")
    return address
