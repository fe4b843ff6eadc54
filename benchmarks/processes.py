"""Servers as processes of their own, which say as one line of JSON when and where they listen."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.cpu import cpu_seconds
from benchmarks.memory import resident_bytes

START_SECONDS = 60
STOP_SECONDS = 15


class ServerFailed(Exception):
    """A server did not start; the message has the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens. `said` is its line of JSON, `started_at` (of `perf_counter`) when it was begun."""

    pid: int
    said: dict[str, Any]
    started_at: float

    @property
    def url(self) -> str:
        return self.said["url"]

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def resident_bytes(self) -> int:
        return resident_bytes(self.pid)


@asynccontextmanager
async def start(module: str, arguments: Sequence[str] = (), *, log: Path) -> AsyncGenerator[Running]:
    """Run `python -m module` for as long as the block lasts; its log goes to a file. Raises `ServerFailed`."""
    started_at = perf_counter()
    with open(log, "ab") as stderr:  # noqa: ASYNC230, PTH123 - a local file, opened once
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    try:
        said = await _first_line(process, module, log)
        yield Running(process.pid, said, started_at)
    finally:
        await _stop(process)


async def _first_line(process: asyncio.subprocess.Process, module: str, log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        return json.loads(line)
    except (TimeoutError, ValueError) as error:
        raise ServerFailed(f"{module} did not start:\n{end_of(log)}") from error


def end_of(log: Path) -> str:
    """Return what a server wrote at last."""
    return log.read_text(errors="replace")[-3000:]


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
