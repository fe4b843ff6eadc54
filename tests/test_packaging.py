"""What gets installed: the wheel and the locks."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("gateway", "integrations", "storage")


def locked(name: str) -> dict[str, set[str]]:
    """Package → the versions that a lock pins (more than one where Python versions differ)."""
    pins: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE):
        pins.setdefault(package, set()).add(version)
    return pins


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name)[0]).lower()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    expected = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}

    assert expected <= set(ZipFile(wheel).namelist())


def test_the_installed_wheel_offers_the_command(wheel: Path, tmp_path: Path) -> None:
    """Its dependencies are borrowed from here; our checkout is not: a `.pth` file works in a venv's own folder only."""
    venv.create(tmp_path / "bare", with_pip=True)
    python = tmp_path / "bare" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    site = next((tmp_path / "bare").glob("lib/python3*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))

    told = subprocess.run(
        [tmp_path / "bare" / "bin" / "toolgate", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stderr
    assert "serve" in told.stdout


def test_the_product_imports_only_what_its_own_lock_installs() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    distributions = packages_distributions()
    external = {module for module in graph.modules if graph.is_module_squashed(module)} - sys.stdlib_module_names

    missing = {
        name for name in external if not set(map(normalized, distributions[name])) & locked("requirements.lock").keys()
    }

    assert not missing


def test_both_locks_pin_the_same_versions() -> None:
    dev = locked("requirements-dev.lock")

    assert {name: dev.get(name) for name in locked("requirements.lock")} == locked("requirements.lock")


def test_the_locks_hold_everything_that_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [requirement for group in declared["dependency-groups"].values() for requirement in group]
    runtime = declared["project"]["dependencies"]

    assert set(map(normalized, runtime)) <= locked("requirements.lock").keys()
    assert set(map(normalized, [*runtime, *groups])) <= locked("requirements-dev.lock").keys()
