"""What a test of commands is given: a process of its own, in an empty directory."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

Toolgate: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
"""Runs a command to its end: arguments as on the command line, settings as keywords."""

Serving: TypeAlias = Callable[..., AbstractContextManager[subprocess.Popen[str]]]
"""Runs `toolgate serve` while a block lasts."""
