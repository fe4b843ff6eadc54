"""docs/integrations/writing.md, followed literally: its file is checked, its tests are run."""

import inspect
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from integrations.catalog import SHIPPED, Catalog
from integrations.integration import Integration

PAGE: Final = (Path(__file__).parents[2] / "docs" / "integrations" / "writing.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def of_the_page() -> dict[str, Callable[[Integration], Awaitable[None]]]:
    """The tests that stand on the page."""
    found: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "writing.md", "exec"), found)
    return {name: each for name, each in found.items() if name.startswith("test_") and inspect.isfunction(each)}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The page's file, where the page says, in a folder that holds nothing else."""
    [path] = re.findall(r"^`integrations/catalog/(\w+\.yaml)`:$", PAGE, re.MULTILINE)
    [written] = blocks("yaml")
    file = tmp_path / path
    file.write_text(written)
    return file


def test_the_file_has_no_problems(manifest: Path) -> None:
    checked = CliRunner().invoke(app, ["integrations", "check", str(manifest)])
    assert (checked.exit_code, checked.output) == (0, "no problems found\n")


def test_a_deployment_takes_it_from_a_folder_of_its_own(manifest: Path) -> None:
    settings = {"TOOLGATE_INTEGRATIONS_DIR": str(manifest.parent)}
    [with_path, without] = re.findall(r"^toolgate (integrations check.*)$", PAGE, re.MULTILINE)
    assert with_path.endswith("postmark.yaml")
    checked = CliRunner(env=settings).invoke(app, without.split())
    assert (checked.exit_code, checked.output) == (0, "no problems found\n")
    listed = CliRunner(env=settings).invoke(app, ["integrations", "list"])
    assert any(line.startswith("postmark ") for line in listed.output.splitlines())


def test_the_file_is_all_that_it_takes(manifest: Path) -> None:
    catalog = Catalog(SHIPPED, further=[manifest])
    assert catalog.get("postmark").actions.keys() == {"send_email", "list_emails"}
    assert len(catalog) == len(Catalog()) + 1


@pytest.mark.parametrize("name", of_the_page())
async def test_what_the_page_tests_is_true(name: str, manifest: Path) -> None:
    await of_the_page()[name](Catalog(None, further=[manifest]).get("postmark"))
