"""What a test of commands is given: the command line as an operator has it, in an empty directory."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


Toolgate: TypeAlias = Callable[..., Ended]
"""Runs a command to its end: arguments as on the command line, settings as keywords."""

Serving: TypeAlias = Callable[..., AbstractContextManager[subprocess.Popen[str]]]
"""Runs `toolgate serve` while a block lasts."""
