"""Actions held against the provider's own OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.ports import Credentials

Json = Any


@dataclass(frozen=True)
class ByDocument:
    """A provider's document. Each module of `openapi/` holds one, as DOCUMENT."""

    integration: str
    package: str
    """The Node package that carries the document."""
    path: Path
    """Where it stands in the package."""
    credentials: Credentials
    auth_method: str
    """The OAuth method whose scopes are compared with the document's."""
    calls: Mapping[str, tuple[str, Mapping[str, Json]]]
    """By the name of the action: the operation that it has to be, and the arguments."""
