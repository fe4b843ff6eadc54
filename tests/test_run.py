"""The `run` script, as somebody meets it who has just cloned the repository: in a copy of its own, with a tiny gateway."""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

RUN = Path(__file__).parents[1] / "run"
# Put together here, so that this file is not a finding itself.
REGISTRY = ".".join(("pypi", "org"))
HOME = "/".join(("", "home", "alice"))


def run(checkout: Path, *arguments: str, python: str = sys.executable) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([python, str(checkout / "run"), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(RUN, folder)
    (folder / "requirements.lock").write_text("# nothing to install\n")
    (folder / "gateway").mkdir()
    (folder / "gateway" / "__init__.py").touch()
    (folder / "gateway" / "__main__.py").write_text("import sys; print('gateway', *sys.argv[1:]); sys.exit(3)\n")
    return folder


def test_without_a_command_it_says_what_there_is_and_installs_nothing(checkout: Path) -> None:
    asked = run(checkout)

    assert asked.returncode == 0
    assert "./run demo" in asked.stdout
    assert not (checkout / ".venv").exists()


def test_the_first_command_sets_up_and_the_next_starts_at_once(checkout: Path) -> None:
    first, second = run(checkout, "serve", "--port", "1"), run(checkout, "serve", "--port", "1")

    assert "Set up in" in first.stdout
    assert first.stdout.endswith("gateway serve --port 1\n")
    assert second.stdout == "gateway serve --port 1\n"
    assert (first.returncode, second.returncode) == (3, 3)


def test_a_set_up_that_was_cut_off_starts_over(checkout: Path) -> None:
    run(checkout, "serve")
    # The last thing that a set-up writes; a cut-off one never came to it.
    (checkout / ".venv" / "toolgate-whole").unlink()
    (checkout / ".venv" / "left-by-the-first-try").touch()

    assert "Making a virtual environment" in run(checkout, "serve").stdout
    assert not (checkout / ".venv" / "left-by-the-first-try").exists()


def test_another_lock_is_installed_into_what_is_there(checkout: Path) -> None:
    run(checkout, "serve")
    (checkout / ".venv" / "kept").touch()
    (checkout / "requirements.lock").write_text("# still nothing to install, but changed\n")

    assert "Installing" in run(checkout, "serve").stdout
    assert (checkout / ".venv" / "kept").exists()


def test_a_checkout_may_be_moved(checkout: Path, tmp_path: Path) -> None:
    run(checkout, "serve")
    moved = shutil.copytree(checkout, tmp_path / "elsewhere", symlinks=True)
    (moved / "gateway" / "__main__.py").write_text("print('the moved one')\n")

    assert run(moved, "serve").stdout == "the moved one\n"


def test_names_of_package_indexes_and_of_machine_folders_are_found_in_what_git_tracks(tmp_path: Path) -> None:
    shutil.copy(RUN, tmp_path)
    (tmp_path / "harmless.txt").write_text("see https://example.com/home/page and ~/work/notes and a/root/file\n")
    (tmp_path / "index.txt").write_text(f"fine\nfrom https://{REGISTRY}/simple\n")
    (tmp_path / "folder.txt").write_text(f"in {HOME}/toolgate\n")
    (tmp_path / "uv.lock").touch()
    (tmp_path / "untracked.txt").write_text(REGISTRY)
    git = ["git", "-C", str(tmp_path), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "run", "harmless.txt", "index.txt", "folder.txt", "uv.lock"], check=True)
    look = f"import runpy; print(*runpy.run_path({str(tmp_path / 'run')!r})['slips_in_committed_files'](), sep='\\n')"

    found = subprocess.run([sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert found.stdout.splitlines() == [
        "uv.lock: must not be committed",
        "folder.txt:1: names a path of one machine",
        "index.txt:2: names a package index",
    ]


def as_module() -> ModuleType:
    """The script, not run."""
    loader = SourceFileLoader("run_script", str(RUN))
    spec = spec_from_loader("run_script", loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)
    return script


def archive(folder: Path) -> Path:
    """What npm packs: `package/` with a file in it."""
    (folder / "package").mkdir()
    (folder / "package" / "api.json").write_text("{}")
    with tarfile.open(folder / "parts.tgz", "w:gz") as made:
        made.add(folder / "package", "package")
    return folder / "parts.tgz"


def test_one_file_is_taken_out_of_a_package_only_as_long_as_the_package_is_the_one_that_was_named(
    tmp_path: Path,
) -> None:
    script = as_module()
    packed = archive(tmp_path)
    digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    script.take_out(packed, {"file": "api.json", "integrity": f"sha512-{digest}"}, to=tmp_path / "deep" / "api.json")
    assert (tmp_path / "deep" / "api.json").read_text() == "{}"
    with pytest.raises(script.Stopped, match="is not the archive"):
        script.take_out(packed, {"file": "api.json", "integrity": "sha512-AAAA"}, to=tmp_path / "other.json")
    assert not (tmp_path / "other.json").exists()
