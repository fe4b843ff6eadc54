from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.parts.node import Node
from tests.support.everything.conformance import SCORED, judged
from tests.support.everything.through_toolgate import passing_through


@pytest.fixture
async def passed_through(tmp_path: Path) -> AsyncIterator[str]:
    """The server of everything through a gateway, which demands a token that is added on the way."""
    async with passing_through(tmp_path / "toolgate") as url:
        yield url


@pytest.mark.parametrize("revision", SCORED)
async def test_a_server_that_is_passed_through_is_as_conformant_as_it_is_by_itself(
    revision: str, passed_through: str, node: Node, tmp_path: Path
) -> None:
    verdict = await judged(node, passed_through, revision, tmp_path)
    assert verdict.exit_code == 0, verdict.output
    assert verdict.failed == frozenset(), verdict.output
    assert len(verdict.passed) >= SCORED[revision]
