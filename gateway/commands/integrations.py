"""`toolgate integrations`: what third parties can do here, and whether a manifest is right."""

from collections.abc import Iterable
from pathlib import Path

from integrations.catalog import Catalog
from integrations.checking import check as problems_of


def check(paths: Iterable[Path]) -> int:
    """Print the problems of manifests, each with file and line; the exit code is 1 where there are any."""
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
