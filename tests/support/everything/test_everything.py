from pathlib import Path

import pytest

from tests.parts.node import Node
from tests.support.everything.conformance import SCORED, judged
from tests.support.everything.running import everything


@pytest.mark.parametrize("revision", SCORED)
async def test_the_server_has_everything_that_the_conformance_suite_looks_for(
    revision: str, node: Node, tmp_path: Path
) -> None:
    async with everything() as url:
        verdict = await judged(node, url, revision, tmp_path)
    assert verdict.exit_code == 0, verdict.output
    assert verdict.failed == frozenset(), verdict.output
    assert len(verdict.passed) >= SCORED[revision]
