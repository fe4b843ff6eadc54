"""All GraphQL schemas that actions are held against."""

from importlib import import_module
from pathlib import Path
from typing import Final

from tests.integrations.catalog.graphql_call import BySchema

_MODULES = sorted((Path(__file__).parent / "graphql_schemas").glob("*.py"))

SCHEMAS: Final[tuple[BySchema, ...]] = tuple(
    import_module(f"tests.integrations.catalog.graphql_schemas.{path.stem}").SCHEMA for path in _MODULES
)
