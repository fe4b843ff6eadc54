"""Files out of Node packages that are too large to install (tests/node/single-files.json)."""

import json
import sys
from pathlib import Path

import pytest

from tests.parts.presence import missing

_WANTED = Path(__file__).parents[1] / "node" / "single-files.json"


@pytest.fixture(scope="session")
def github_document() -> Path:
    """GitHub's description of its REST API: OpenAPI 3.0 as JSON, 13 MB."""
    return _single_file("@octokit/openapi")


def _single_file(package: str) -> Path:
    wanted = json.loads(_WANTED.read_text())[package]
    file = Path(sys.prefix, "toolgate-single-files", f"{package}@{wanted['version']}", wanted["file"])
    if not file.exists():
        missing(f"{file.name} of the Node package {package} (`./run setup` fetches it)")
    return file
