"""The gateway as a process of its own, as an operator runs it."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.parts.ports import free_port
from tests.parts.rest import SERVICE_KEY

ROOT = Path(__file__).parents[2]


@dataclass
class GatewayProcess:
    """`toolgate serve` in a folder of its own, on a port that it keeps from one start to the next."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict[str, str])
    port: int = field(default_factory=free_port)
    output: list[str] = field(default_factory=list[str])
    """Every line that it wrote, in all its lives."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.subprocess.Process]:
        """Run it while the block lasts; at its end, whatever is left of it is killed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "serve"),
            cwd=self.folder,
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        listening = asyncio.Event()
        reading = asyncio.create_task(self._read(process, listening))
        try:
            await listening.wait()
            assert process.returncode is None, "".join(self.output)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading

    async def ran(self, *arguments: str | Path) -> str:
        """Run another command in the folder to its end; returns what it said. It has to succeed."""
        command = [sys.executable, "-m", "gateway", *map(str, arguments)]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def _read(self, process: asyncio.subprocess.Process, listening: asyncio.Event) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.output.append(line.decode())
            if "Toolgate is at" in self.output[-1]:
                listening.set()
        await process.wait()
        listening.set()

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLGATE_")}
        given = {
            "PORT": str(self.port),
            "DATA_DIR": str(self.folder / "data"),
            "SERVICE_KEY": SERVICE_KEY,
            "RATE_LIMIT_PER_MINUTE": "100000",
            **self.settings,
        }
        return {**own, "PYTHONPATH": str(ROOT), **{f"TOOLGATE_{name}": value for name, value in given.items()}}
