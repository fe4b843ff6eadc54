"""All OpenAPI documents that actions are held against."""

from importlib import import_module
from pathlib import Path
from typing import Final

from tests.integrations.catalog.openapi_call import ByDocument

_MODULES = sorted((Path(__file__).parent / "openapi").glob("*.py"))

DOCUMENTS: Final[tuple[ByDocument, ...]] = tuple(
    import_module(f"tests.integrations.catalog.openapi.{path.stem}").DOCUMENT for path in _MODULES
)
