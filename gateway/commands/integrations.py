"""`toolgate integrations`: what third parties can do here, and whether a manifest is right."""

from collections.abc import Iterable
from pathlib import Path

from gateway.commands import CommandFailed
from integrations.catalog import Catalog, manifest_files
from integrations.checking import check as problems_of


def check(paths: Iterable[Path]) -> int:
    """Print the problems of manifests, each with file and line; the exit code is 1 where there are any.

    Raises `CommandFailed` where there is nothing to check: a wrong folder is not a manifest without problems.
    """
    paths = list(paths)
    if not manifest_files(paths):
        raise CommandFailed(f"{', '.join(map(str, paths))}: no manifest (*.yaml) here; name a file or its folder")
    problems = problems_of(paths)
    for problem in problems:
        print(problem)
    if not problems:
        print("no problems found")
    return 1 if problems else 0


def list_all() -> None:
    """Print name, title and number of actions of every integration."""
    known = list(Catalog())
    width = max((len(integration.name) for integration in known), default=0)
    for integration in known:
        actions = len(integration.actions)
        print(f"{integration.name:<{width}}  {integration.title} ({actions} action{'s' * (actions != 1)})")
