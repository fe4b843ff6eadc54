"""The server of everything in a process of its own."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from tests.parts.ports import free_port


@asynccontextmanager
async def everything() -> AsyncGenerator[str]:
    """Run it until the block ends; its address."""
    port = free_port()
    # It does what 2026-07-28 deprecates, because clients of the revisions before do.
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.everything.server", str(port)]
    async with await anyio.open_process(command, cwd=Path(__file__).parents[3], stderr=None) as process:
        with anyio.fail_after(30):
            while True:
                try:
                    await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
                    break
                except OSError:
                    await anyio.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()
