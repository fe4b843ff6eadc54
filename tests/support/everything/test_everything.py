import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from tests.parts.node import Node
from tests.parts.ports import free_port
from tests.support.everything.conformance import SCORED, judged


@pytest.fixture
async def everything() -> AsyncIterator[str]:
    """The address of the server of everything, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.everything.server", str(port)]
    async with await anyio.open_process(command, cwd=Path(__file__).parents[3], stderr=None) as process:
        with anyio.fail_after(30):
            while True:
                try:
                    await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
                    break
                except OSError:
                    await anyio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
        process.terminate()


@pytest.mark.parametrize("revision", SCORED)
async def test_the_server_has_everything_that_the_conformance_suite_looks_for(
    revision: str, everything: str, node: Node, tmp_path: Path
) -> None:
    verdict = await judged(node, everything, revision, tmp_path)
    assert verdict.exit_code == 0, verdict.output
    assert verdict.failed == frozenset(), verdict.output
    assert len(verdict.passed) >= SCORED[revision]
