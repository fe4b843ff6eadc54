"""`toolgate integrations`: what third parties can do here, and whether a manifest is right."""

from collections.abc import Sequence
from pathlib import Path

from gateway.commands import CommandFailed
from gateway.commands.configuration import read_settings
from gateway.settings import Settings
from gateway.tenancy.deployment_catalog import deployment_catalog, problems_in
from integrations.catalog import manifest_files
from integrations.checking import check as problems_of
from integrations.problems import Problem


def check(config: Path | None, paths: Sequence[Path]) -> int:
    """Print the problems of manifests, each with file and line; the exit code is 1 where there are any.

    Without paths those of the deployment's `integrations_dir` are checked, their names against what ships too.
    Raises `SettingsError`, and `CommandFailed` where there is nothing to check: a wrong folder is not a manifest
    without problems.
    """
    problems = _problems(paths) if paths else _problems_of_deployment(read_settings(config))
    for problem in problems:
        print(problem)
    if not problems:
        print("no problems found")
    return 1 if problems else 0


def _problems(paths: Sequence[Path]) -> list[Problem]:
    if not manifest_files(paths):
        raise CommandFailed(f"{', '.join(map(str, paths))}: no manifest (*.yaml) here; name a file or its folder")
    return problems_of(paths)


def _problems_of_deployment(settings: Settings) -> list[Problem]:
    if settings.integrations_dir is None:
        raise CommandFailed("name a manifest or a folder of them, or set integrations_dir")
    return problems_in(settings.integrations_dir)


def list_all(config: Path | None) -> None:
    """Print name, title and number of actions of every integration of this deployment. Raises `SettingsError`."""
    known = list(deployment_catalog(read_settings(config)))
    width = max((len(integration.name) for integration in known), default=0)
    for integration in known:
        actions = len(integration.actions)
        print(f"{integration.name:<{width}}  {integration.title} ({actions} action{'s' * (actions != 1)})")
