"""All integrations that this deployment knows: the ones that ship, and further manifests by path."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from integrations.integration import Integration
from integrations.loading import load_file
from integrations.problems import ManifestInvalid, Problem

SHIPPED: Final = Path(__file__).parent / "catalog"


class Catalog:
    """Integrations by name. Those that ship are parsed when first asked for, further ones at once.

    Immutable once built; a further manifest replaces a shipped one of the same name.
    """

    def __init__(self, shipped: Path | None = SHIPPED, *, further: Iterable[Path] = ()) -> None:
        """Index the folder `shipped` (None: nothing ships) and load `further`, files or folders.

        Raises:
            ManifestInvalid: a further manifest has faults.
        """
        self._paths = {path.stem: path for path in manifest_files([shipped] if shipped else [])}
        self._loaded: dict[str, Integration] = {}
        self._base: Catalog | None = None
        for path in manifest_files(further):
            integration = Integration(load_file(path))
            self._loaded[integration.name] = integration

    def get(self, name: str) -> Integration:
        """The integration called `name`.

        Raises:
            KeyError: there is none.
            ManifestInvalid: its manifest has faults (a shipped one never does: tests hold that).
        """
        if name not in self._loaded:
            if self._base is not None:
                return self._base.get(name)
            self._loaded[name] = _load_shipped(self._paths[name])
        return self._loaded[name]

    def extended(self, further: Iterable[Integration]) -> "Catalog":
        """Return this catalogue with more integrations; one of a name that is taken replaces what is there."""
        wider = Catalog(shipped=None)
        wider._base = self
        wider._loaded = {integration.name: integration for integration in further}
        return wider

    def read_all(self) -> None:
        """Parse what has not been asked for yet: a fifth of a second that no request has to wait for afterwards."""
        for name in self._names:
            self.get(name)

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return self._names

    def __contains__(self, name: object) -> bool:
        return name in self._loaded or name in (self._paths if self._base is None else self._base)

    def __iter__(self) -> Iterator[Integration]:
        return (self.get(name) for name in self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        below = () if self._base is None else self._base.names()
        return tuple(sorted({*self._paths, *self._loaded, *below}))


def manifest_files(paths: Iterable[Path]) -> list[Path]:
    """The manifests among `paths`: files as they are, the `*.yaml` of folders sorted by name."""
    return [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]


def _load_shipped(path: Path) -> Integration:
    manifest = load_file(path)
    if manifest.name != path.stem:
        raise ManifestInvalid((Problem(str(path), 1, f"the file must be called {manifest.name}.yaml"),))
    return Integration(manifest)
