"""Official clients that are written for Node: a process each, which is told what to call."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.parts.node import Node

_PROGRAM = Path(__file__).parents[2] / "node" / "official.mjs"


class NodeClient:
    """A client in a process of its own."""

    def __init__(self, said: IO[str], told: IO[str]) -> None:
        self._said = said
        self._told = told
        about: dict[str, Any] = json.loads(said.readline())
        self.address: str = about["address"]
        """Where the client goes of its own accord."""
        self.calls: list[str] = about["calls"]
        """The actions that it has a call for."""

    def call(self, action: str) -> None:
        """Let the client ask for the same as this action; returns when it has."""
        self._told.write(f"{action}\n")
        self._told.flush()
        assert self._said.readline() == "done\n", f"the official client ended during {action}"


@contextmanager
def node_client(node: Node, integration: str, address: str) -> Generator[NodeClient]:
    """Start the client of `tests/node/official/<integration>.mjs` for the provider at this address."""
    process = subprocess.Popen(
        [node.binary, _PROGRAM, integration, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node.environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield NodeClient(process.stdout, process.stdin)
        finally:
            process.stdin.close()
            process.kill()
