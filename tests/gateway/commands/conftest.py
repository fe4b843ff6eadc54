"""The command line as an operator has it: a process of its own, in an empty directory."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.gateway.commands.terminal import Serving, Toolgate

ROOT = Path(__file__).parents[3]


@pytest.fixture
def port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(port: int) -> dict[str, str]:
    """Return the environment of the process, without the settings of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOOLGATE_")}
    return clean | {"PYTHONPATH": str(ROOT), "TOOLGATE_PORT": str(port)}


@pytest.fixture
def toolgate(tmp_path: Path, environment: dict[str, str]) -> Toolgate:
    """Run a command to its end."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        given = {f"TOOLGATE_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "gateway", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | given, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def serving(tmp_path: Path, environment: dict[str, str], port: int) -> Serving:
    """Run `toolgate serve` while a block lasts; both its outputs go to `tmp_path/output`."""

    @contextmanager
    def run(**settings: str) -> Iterator[subprocess.Popen[str]]:
        given = {f"TOOLGATE_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "gateway", "serve"]
        with (tmp_path / "output").open("a") as output:
            process = subprocess.Popen(
                command, cwd=tmp_path, env=environment | given, stdout=output, stderr=output, text=True
            )
            try:
                _wait_until_healthy(process, port)
                yield process
            finally:
                process.kill()
                process.wait()

    return run


def _wait_until_healthy(process: subprocess.Popen[str], port: int) -> None:
    with httpx2.Client(transport=httpx2.HTTPTransport(retries=0), trust_env=False) as client:
        while process.poll() is None:
            try:
                if client.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200:
                    return
            except httpx2.TransportError:
                # Not listening yet: the process itself tells when waiting is in vain, pytest's timeout ends the rest.
                continue
    raise AssertionError(f"toolgate serve ended with {process.returncode}")
