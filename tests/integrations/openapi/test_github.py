"""GitHub's whole description of its API, one of the largest that are published, as it comes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from integrations.checking import check_manifest
from integrations.checking_actions import tool_name
from integrations.loading import parse
from integrations.openapi.document import Document, mapping, read_document
from integrations.openapi.importing import Named, Wanted, import_document
from integrations.openapi.operations import operations
from integrations.yaml_source import Lines, Source

Json = Any
ROOT: Final = Path(__file__).parents[3]
MOST_SECONDS: Final = 5
MOST_MEGABYTES: Final = 300
GITHUB: Final = "github-api"


@pytest.fixture(scope="module")
def imported(github_document: Path) -> Json:
    """What comes of all of it, and what that took."""
    command = [sys.executable, "-m", "tests.integrations.openapi.measured_import", str(github_document), GITHUB]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def document(github_document: Path) -> Document:
    return read_document(github_document.read_bytes())


def problems(manifest: Json) -> list[str]:
    source = Source("github.yaml", manifest, Lines(1))
    return [problem.message for problem in check_manifest(source, parse(source), accounts_are_known=False)]


def test_it_is_imported_in_five_seconds_and_three_hundred_megabytes(imported: Json):
    assert imported["seconds"] < MOST_SECONDS
    assert imported["megabytes"] < MOST_MEGABYTES


def test_each_operation_of_its_server_becomes_a_tool(imported: Json, document: Document):
    assert len(mapping(document.root["paths"])) == 811
    assert len([*operations(document)]) == 1223
    assert len(imported["manifest"]["actions"]) == 1222
    [(operation, reason)] = imported["left_out"]
    assert operation == "repos/upload-release-asset"
    assert "it is at https://uploads.github.com" in reason


def test_the_operation_of_another_server_is_imported_by_itself(document: Document):
    uploads = Named(name=GITHUB, base_url="https://uploads.github.com")
    found = import_document(document, uploads, Wanted(operations=frozenset({"repos/upload-release-asset"})))
    [action] = found.manifest["actions"]
    assert action["request"]["content"] == "{body}"
    assert action["input"]["body"]["file"] == "one"


def test_its_tools_have_names_of_their_own_that_fit(imported: Json):
    names = [tool_name(GITHUB, action["name"]) for action in imported["manifest"]["actions"]]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 64


def test_what_comes_of_it_passes_the_checker_whole_and_by_each_of_its_tags(imported: Json, document: Document):
    assert problems(imported["manifest"]) == []
    tags = {tag for operation in operations(document) for tag in operation.tags}
    assert len(tags) > 40
    for tag in sorted(tags):
        chosen = import_document(document, Named(name=GITHUB), Wanted(tags=frozenset({tag})))
        assert problems(dict(chosen.manifest)) == [], tag
