"""The MCP conformance suite's server scenarios, run as its users run them, and what they say."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.flows.programs import CONFORMANCE, started
from tests.parts.node import Node

SCORED: Final[Mapping[str, int]] = {"2026-07-28": 37, "2025-11-25": 30}
"""How many scenarios count, by revision."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run said; `failed` are scored scenarios."""

    exit_code: int
    passed: frozenset[str]
    failed: frozenset[str]
    output: str


async def judged(node: Node, url: str, revision: str, folder: Path) -> Verdict:
    """Run every scenario of a revision against the MCP server at `url`."""
    arguments = ("server", "--url", url, "--requirements", revision, "-o", str(folder / "results"))
    async with started(node, folder, CONFORMANCE, *arguments) as process:
        assert process.stdout is not None
        output = (await process.stdout.read()).decode()
        code = await asyncio.wait_for(process.wait(), 10)
    told, _, unscored = output.partition("=== SUMMARY ===")[2].partition("Not scored for")
    ignored = set(re.findall(r"^  [✗✓] ([\w-]+) ", unscored, re.MULTILINE))
    verdicts = {
        name: sign for sign, name in re.findall(r"^([✓✗]) ([\w-]+):", told, re.MULTILINE) if name not in ignored
    }
    return Verdict(
        exit_code=code,
        passed=frozenset(name for name, sign in verdicts.items() if sign == "✓"),
        failed=frozenset(name for name, sign in verdicts.items() if sign == "✗"),
        output=output,
    )
