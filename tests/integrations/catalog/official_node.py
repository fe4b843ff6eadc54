"""Official clients that are written for Node: a process each, which is told what to call."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from tests.parts.node import Node

_NODE = Path(__file__).parents[2] / "node"


class NodeClient:
    """A client in a process of its own. What it prints to stderr is in the test's output."""

    def __init__(self, module: Path, *, said: IO[str], told: IO[str]) -> None:
        self._module = module
        self._said = said
        self._told = told
        first = said.readline()
        assert first, f"{module.name} ended before it said where the client goes"
        about: dict[str, Any] = json.loads(first)
        self.address: str = about["address"]
        """Where the client goes of its own accord."""
        self.calls: list[str] = about["calls"]
        """The actions that it has a call for."""

    def call(self, action: str) -> None:
        """Let the client ask for the same as this action; returns when it has."""
        assert action in self.calls, f"{self._module.name} has no call for {action}"
        with suppress(BrokenPipeError):  # that it ended is told below
            self._told.write(f"{action}\n")
            self._told.flush()
        assert self._said.readline() == "done\n", f"{self._module.name} ended during {action}"


def module_of(integration: str) -> Path:
    """The program with an integration's client for Node."""
    return _NODE / "official" / f"{integration}.mjs"


@contextmanager
def node_client(node: Node, module: Path, address: str) -> Generator[NodeClient]:
    """Start the client of this module for the provider at this address."""
    process = subprocess.Popen(
        [node.binary, _NODE / "official.mjs", module, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node.environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield NodeClient(module, said=process.stdout, told=process.stdin)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
