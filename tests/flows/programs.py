"""Programs of tests/node that are started as they are, each with a home of its own."""

import asyncio
import os
import pty
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from tests.parts.node import Node

CONFORMANCE: Final = "@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR: Final = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
MCP_REMOTE: Final = "mcp-remote/dist/proxy.js"


@asynccontextmanager
async def started(
    node: Node, home: Path, program: str, *arguments: str, **variables: str
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a program while the block lasts; what it writes, errors too, is read from its `stdout`."""
    home.mkdir(exist_ok=True)
    with _terminal() as stdin:
        process = await asyncio.create_subprocess_exec(
            *(str(node.binary), str(node.packages / program), *arguments),
            cwd=home,
            env={**environment(node, home), **variables},
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=2**24,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def environment(node: Node, home: Path) -> dict[str, str]:
    """What a program finds around it: its home, and nothing that opens the browser of whoever runs the tests."""
    no_browser = {"BROWSER": "true", "DISPLAY": "", "WAYLAND_DISPLAY": "", "MCP_AUTO_OPEN_ENABLED": "false"}
    kept = {"HOME": str(home), "MCP_REMOTE_CONFIG_DIR": str(home), "MCP_INSPECTOR_SECRET_STORE": "memory"}
    return {**node.environment, **no_browser, **kept}


@contextmanager
def _terminal() -> Generator[int]:
    """A terminal at which nobody types: MCP Inspector sends people to sign in only where it has one."""
    ours, theirs = pty.openpty()
    try:
        yield theirs
    finally:
        os.close(ours)
        os.close(theirs)
