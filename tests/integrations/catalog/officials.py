"""All official clients that actions are compared with."""

from importlib import import_module
from pathlib import Path
from typing import Final

from tests.integrations.catalog.official_call import Official

_MODULES = sorted((Path(__file__).parent / "official").glob("*.py"))

OFFICIALS: Final[tuple[Official, ...]] = tuple(
    import_module(f"tests.integrations.catalog.official.{path.stem}").OFFICIAL for path in _MODULES
)
