"""Actions held against the GraphQL schema that the provider's own client carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.ports import Credentials

Json = Any


@dataclass(frozen=True)
class BySchema:
    """A provider's schema. Each module of `graphql_schemas/` holds one, as SCHEMA."""

    integration: str
    package: str
    """The Node package that carries the schema, as types of TypeScript."""
    types: str
    """Where they stand in the package (a pattern: names of such files change)."""
    origin: str
    credentials: Credentials
    calls: Mapping[str, tuple[tuple[str, ...], Mapping[str, Json]]]
    """By the name of the action: the operations that it has to ask for, and the arguments."""
