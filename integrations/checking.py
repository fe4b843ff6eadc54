"""`toolgate integrations check`: everything that can be known to be wrong with a manifest before it runs."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from integrations.catalog import manifest_files
from integrations.checking_actions import action_faults, lookup_faults, trigger_faults
from integrations.checking_auth import account_faults, auth_faults
from integrations.checking_mcp import mcp_faults
from integrations.loading import parse, read_text
from integrations.manifest import Manifest
from integrations.problems import ManifestInvalid, Problem
from integrations.yaml_source import Path as Place
from integrations.yaml_source import Source, read_yaml

Fault: TypeAlias = tuple[Place, str]
"""Where in the document, and what is wrong there."""


def check(paths: Iterable[Path], *, taken: Mapping[str, str] = {}) -> list[Problem]:
    """The problems of all manifests in `paths` (files, or folders of `*.yaml`), in their order; empty if all is well.

    `taken` are names that none of them may have, each with what has it.
    """
    problems: list[Problem] = []
    seen = dict(taken)
    for path in manifest_files(paths):
        try:
            source = read_yaml(read_text(path), str(path))
            manifest = parse(source)
        except ManifestInvalid as error:
            problems.extend(error.problems)
            continue
        problems.extend(check_manifest(source, manifest))
        problems.extend(_name_problems(source, manifest, path, seen=seen))
        seen.setdefault(manifest.name, str(path))
    return problems


def check_manifest(source: Source, manifest: Manifest, *, accounts_are_known: bool = True) -> list[Problem]:
    """The problems of one manifest of valid format, by line.

    `accounts_are_known=False` is for what was made from a description that can't tell whose account is connected.
    """
    faults = [*_faults(manifest), *(account_faults(manifest) if accounts_are_known else ())]
    found = [source.problem(place, message) for place, message in faults]
    return sorted(dict.fromkeys(found), key=lambda problem: problem.line)


def _faults(manifest: Manifest) -> Iterator[Fault]:
    yield from auth_faults(manifest)
    yield from action_faults(manifest)
    yield from lookup_faults(manifest)
    yield from trigger_faults(manifest)
    yield from mcp_faults(manifest)


def _name_problems(source: Source, manifest: Manifest, path: Path, *, seen: dict[str, str]) -> Iterator[Problem]:
    if manifest.name != path.stem:
        yield source.problem(("name",), f"name: the file of {manifest.name!r} must be called {manifest.name}.yaml")
    if manifest.name in seen:
        yield source.problem(("name",), f"name: {manifest.name!r} is taken by {seen[manifest.name]}")
