"""Claims about an API that hurts whoever calls it: an error in time, little memory, and nobody else notices.

The gateway is a process of its own, its integrations come of OpenAPI documents in a folder of the deployment.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
import pytest

from tests.flows.hostile_api import HOSTILE, ORIGIN, document, hostile_api
from tests.flows.process import GatewayProcess
from tests.flows.product import open_product
from tests.parts.mcp_wire import Wire
from tests.parts.memory import Watched
from tests.parts.rest import Rest

TIMEOUT_SECONDS = 3
ERRORS = [each.__name__ for each in HOSTILE]


@dataclass(frozen=True)
class Scene:
    """An agent of a gateway that has two integrations, `hostile` and `calm`, each with a provider of its own."""

    agent: Wire
    memory: Watched

    async def call(self, integration: str, action: str) -> tuple[dict[str, Any], float]:
        """The result of a tool call, and the seconds that it took."""
        started = perf_counter()
        result = await self.agent.call(f"{integration}__{action}")
        return result, perf_counter() - started


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        folder = tmp_path / "integrations"
        folder.mkdir()
        settings = {"INTEGRATIONS_DIR": str(folder), "TOOL_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS)}
        for name in ("hostile", "calm"):
            origin = ORIGIN.replace("hostile", name)
            await _save_integration(tmp_path, name, origin, folder)
            settings[f"INTEGRATIONS_{name.upper()}_URLS"] = (
                f"{origin}/={await stack.enter_async_context(hostile_api())}"
            )
        gateway = GatewayProcess(tmp_path, settings)
        process = await stack.enter_async_context(gateway.running())
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False))
        product = await open_product(Rest(http))
        for name in ("hostile", "calm"):
            await product.add(name)
        server = await product.server()
        agent = Wire(http, server.endpoint, await product.token(server, "alice"))
        yield Scene(agent, Watched(process.pid))


async def _save_integration(tmp_path: Path, name: str, origin: str, folder: Path) -> None:
    """As an operator does it."""
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    gateway = GatewayProcess(tmp_path)
    await gateway.ran("integrations", "import", "openapi.json", "--name", name, "--base-url", origin, "--save", folder)


async def test_whatever_it_does_costs_an_error_in_time_and_little_memory(scene: Scene) -> None:
    for action in ERRORS:
        await scene.call("hostile", "behave")
        scene.memory.begin()
        result, seconds = await scene.call("hostile", action)
        assert result["isError"], (action, result)
        assert seconds < TIMEOUT_SECONDS + 2, action
        assert scene.memory.grown_by_megabytes() < 50, action
        assert (await scene.call("hostile", "behave"))[0]["structuredContent"] == {"fine": True}, action


async def test_bytes_in_a_charset_that_they_are_not_in_are_text_all_the_same(scene: Scene) -> None:
    result, _ = await scene.call("hostile", "call_bytes_utf_16")
    assert not result["isError"], result


async def test_all_of_it_at_once_leaves_another_integration_as_it_was(scene: Scene) -> None:
    await scene.call("calm", "behave")
    scene.memory.begin()
    slowest = 0.0
    async with asyncio.TaskGroup() as tasks:
        trouble = [tasks.create_task(scene.call("hostile", action)) for action in ERRORS]
        while not all(task.done() for task in trouble):
            result, seconds = await scene.call("calm", "behave")
            assert result["structuredContent"] == {"fine": True}
            slowest = max(slowest, seconds)
    assert all(task.result()[0]["isError"] for task in trouble)
    assert slowest < 1
    assert scene.memory.grown_by_megabytes() < 50
