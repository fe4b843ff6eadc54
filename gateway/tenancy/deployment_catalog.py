"""The catalogue of one deployment: what ships, and the manifests that its operator keeps in `integrations_dir`.

Those are files of whoever runs this machine, so they may name Python functions (`code:`), which organizations' may not.
"""

from pathlib import Path
from typing import Final

from gateway.settings import Settings, SettingsError
from gateway.tenancy.catalogs import OWN_PREFIX
from integrations.catalog import Catalog
from integrations.checking import check
from integrations.problems import Problem

_TAKEN: Final = "an integration that ships; choose another, or whoever is connected there would reach your addresses"
_TOLD: Final = 3


def deployment_catalog(settings: Settings) -> Catalog:
    """Read it, as it stays until the next start.

    Raises `SettingsError` where a manifest has faults: a tool that is silently missing is found by its users.
    """
    folder = settings.integrations_dir
    if folder is None:
        return Catalog()
    problems = problems_in(folder)
    if problems:
        told = "; ".join(map(str, problems[:_TOLD]))
        more = f"; and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise SettingsError(f"integrations_dir: {told}{more} (`toolgate integrations check` lists them)")
    return Catalog(further=[folder])


def problems_in(folder: Path) -> list[Problem]:
    """Return what is wrong with the manifests of an operator, by file and line; raises `SettingsError` for no folder."""
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise SettingsError(f"integrations_dir: {folder}: {error.strerror}; name a folder that can be read") from error
    return [
        *(
            Problem(str(file), 1, f"the file must be called {file.stem}.yaml")
            for file in files
            if file.suffix == ".yml"
        ),
        *(
            Problem(str(file), 1, f"names that begin with {OWN_PREFIX!r} are those of organizations' own integrations")
            for file in files
            if file.suffix == ".yaml" and file.name.startswith(OWN_PREFIX)
        ),
        *check([folder], taken=dict.fromkeys(Catalog().names(), _TAKEN)),
    ]
