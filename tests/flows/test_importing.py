"""Claims about importing over REST, with a gateway that is a process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
import pytest

from tests.flows.hostile_api import hostile_api
from tests.flows.process import GatewayProcess
from tests.flows.product import Product, open_product
from tests.integrations.openapi.descriptions import described
from tests.parts.mcp_wire import Wire
from tests.parts.memory import Watched
from tests.parts.rest import Rest


@dataclass(frozen=True)
class Scene:
    """A gateway that somebody uses while documents come in."""

    product: Product
    agent: Wire
    memory: Watched

    async def brought(self, body: bytes) -> tuple[httpx2.Response, float, float]:
        """The answer to an import, the seconds that it took, and those of the slowest call meanwhile."""
        started, slowest = perf_counter(), 0.0
        headers = {"Content-Type": "application/json"}
        async with asyncio.TaskGroup() as tasks:
            asked = self.product.rest.send("POST", "/integrations/import", content=body, headers=headers)
            answer = tasks.create_task(asked)
            while not answer.done():
                before = perf_counter()
                await self.agent.call("kv_store__get", {"key": "a"})
                slowest = max(slowest, perf_counter() - before)
        return answer.result(), perf_counter() - started, slowest


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    gateway = GatewayProcess(tmp_path, {"EGRESS_ALLOW": "127.0.0.1"})
    async with (
        gateway.running() as process,
        httpx2.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as http,
    ):
        product = await open_product(Rest(http))
        await product.add("kv-store")
        server = await product.server()
        agent = Wire(http, server.endpoint, await product.token(server, "alice"))
        await agent.call("kv_store__put", {"key": "a", "value": "b"})
        yield Scene(product, agent, Watched(process.pid))


@pytest.mark.parametrize("is_text", [False, True], ids=["object", "text"])
async def test_githubs_whole_document_is_shown_in_five_seconds_and_three_hundred_megabytes(
    scene: Scene, github_document: Path, is_text: bool
) -> None:
    written: Any = github_document.read_text()
    asked = {"name": "custom-github", "document": written if is_text else json.loads(written), "preview": True}
    answer, seconds, slowest = await scene.brought(json.dumps(asked).encode())
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["tools"]) == 1222
    assert seconds < 5
    assert scene.memory.peak_megabytes() < 300
    assert slowest < 1


@pytest.mark.parametrize("is_text", [False, True], ids=["object", "text"])
async def test_ten_megabytes_of_one_schema_are_refused_before_they_take_memory(scene: Scene, is_text: bool) -> None:
    properties = {f"property_{i}": {"type": "string", "description": "x" * 60} for i in range(90_000)}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}
    document = described({"/x": {"post": {"operationId": "x", "requestBody": body}}})
    asked = {"name": "custom-x", "document": json.dumps(document) if is_text else document, "preview": True}
    scene.memory.begin()
    answer, seconds, slowest = await scene.brought(json.dumps(asked).encode())
    assert answer.status_code == 400
    assert "more than 1,048,576 characters" in answer.json()["error"]
    assert seconds < 5
    assert slowest < 1
    assert scene.memory.grown_by_megabytes() < 50


@pytest.mark.parametrize("is_text", [False, True], ids=["object", "text"])
async def test_millions_of_empty_values_are_refused_before_they_take_memory(scene: Scene, is_text: bool) -> None:
    empty = '{"openapi": "3.1.0", "paths": {}, "x": [' + "{}," * 3_000_000 + "{}]}"
    document = json.dumps(empty) if is_text else empty
    scene.memory.begin()
    answer, seconds, slowest = await scene.brought(f'{{"name": "custom-x", "document": {document}}}'.encode())
    assert answer.status_code == 400
    assert "more than 600" in answer.json()["error"]
    assert seconds < 5
    assert slowest < 1
    assert scene.memory.grown_by_megabytes() < 50


async def test_an_address_that_gives_no_document_is_told_and_takes_little_memory(scene: Scene) -> None:
    async with hostile_api() as url:
        for behaviour in ("send_a_gigabyte", "send_without_end", "explode", "promise_more", "call_a_page_json"):
            scene.memory.begin()
            asked = {"name": "custom-x", "url": f"{url}{behaviour}", "preview": True}
            answer, seconds, slowest = await scene.brought(json.dumps(asked).encode())
            assert answer.status_code == 400, behaviour
            assert "url: " in answer.json()["error"] or "document: " in answer.json()["error"], behaviour
            assert seconds < 5, behaviour
            assert slowest < 1, behaviour
            assert scene.memory.grown_by_megabytes() < 50, behaviour
