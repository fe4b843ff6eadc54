"""The command line as an operator has it: a process of its own, in an empty directory."""

import io
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from gateway.__main__ import main
from tests.gateway.commands.terminal import Ended, Serving, Toolgate
from tests.parts.ports import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def port() -> int:
    """Find a port that nobody listens on."""
    return free_port()


@pytest.fixture
def environment(port: int) -> dict[str, str]:
    """Return the environment of the process, without the settings of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOOLGATE_")}
    return clean | {"PYTHONPATH": str(ROOT), "TOOLGATE_PORT": str(port)}


@pytest.fixture
def toolgate(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Toolgate:
    """Run a command to its end, in this process because that is five times as quick."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> Ended:
        given = environment | {f"TOOLGATE_{name}": value for name, value in settings.items()}
        stdout, stderr = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
            patch.setattr(sys, "argv", ["toolgate", *arguments])
            patch.setattr(os, "environ", given)
            with pytest.raises(SystemExit) as ended:
                main()
        if isinstance(ended.value.code, str):  # what the interpreter does with it when the process ends
            return Ended(1, stdout.getvalue(), f"{stderr.getvalue()}{ended.value.code}\n")
        return Ended(ended.value.code or 0, stdout.getvalue(), stderr.getvalue())

    return run


@pytest.fixture
def refused_start(tmp_path: Path, environment: dict[str, str]) -> Toolgate:
    """Run a `toolgate serve` that ends by itself: in a process of its own, whose umask and logging it sets."""

    def run(**settings: str) -> Ended:
        given = {f"TOOLGATE_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "gateway", "serve"]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment | given, capture_output=True, text=True, timeout=60, check=False
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def serving(tmp_path: Path, environment: dict[str, str]) -> Serving:
    """Run `toolgate serve` while a block lasts; both its outputs go to `tmp_path/output`."""

    @contextmanager
    def run(**settings: str) -> Generator[Popen[str]]:
        given = {f"TOOLGATE_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "gateway", "serve"]
        with (
            (tmp_path / "output").open("a") as output,
            Popen(command, cwd=tmp_path, env=environment | given, stdout=PIPE, stderr=output, text=True) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                output.write(line)
                if line.startswith("Toolgate is at"):
                    break
            output.flush()
            try:
                yield process
            finally:
                process.kill()

    return run
