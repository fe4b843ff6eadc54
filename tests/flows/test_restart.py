"""Claims about a gateway that dies or is stopped: what was acknowledged stays, and whoever is connected goes on."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import cast

import httpx2
import pytest

from tests.flows.agents import HANDSHAKE, KINDS, Connect, Kind, Listener, python_agent
from tests.flows.process import GatewayProcess
from tests.flows.product import Product, Server, open_product
from tests.flows.slow_api import slow_api
from tests.parts.mcp_wire import Wire
from tests.parts.rest import Rest

SECONDS = 10


@pytest.fixture
def gateway(tmp_path: Path) -> GatewayProcess:
    """A gateway whose tools may call this machine."""
    return GatewayProcess(tmp_path, {"EGRESS_ALLOW": "127.0.0.1"})


@pytest.fixture
async def http(gateway: GatewayProcess) -> AsyncIterator[httpx2.AsyncClient]:
    """A plain HTTP client of it."""
    async with httpx2.AsyncClient(base_url=gateway.url, timeout=30, trust_env=False) as client:
        yield client


async def test_what_was_acknowledged_survives_a_kill_in_the_middle_of_a_burst(
    gateway: GatewayProcess, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with gateway.running() as process:
        product, server = await _with_key_value_store(http)
        wire = Wire(http, server.endpoint, await product.token(server, "alice"))
        stored, made = await _burst_until_killed(process, wire, product)

    async with gateway.running():
        found = [await wire.call("kv_store__get", {"key": key}) for key in stored]
        people = [await product.rest.get("/end-users", workspaceId=product.workspace_id, externalId=p) for p in made]

    assert len(stored) >= 20
    assert len(made) >= 20
    assert [each["structuredContent"]["value"] for each in found] == stored
    assert [each.json()["total"] for each in people] == [1] * len(made)
    with sqlite3.connect(tmp_path / "data" / "toolgate.db") as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert database.execute("pragma foreign_key_check").fetchall() == []


async def _burst_until_killed(
    process: asyncio.subprocess.Process, wire: Wire, product: Product
) -> tuple[list[str], list[str]]:
    """Write from eight sides at once and kill the process in the midst of it; returns what it had acknowledged."""
    stored: list[str] = []
    made: list[str] = []
    numbers = count()

    async def store() -> None:
        key = f"key-{next(numbers)}"
        if not (await wire.call("kv_store__put", {"key": key, "value": key}))["isError"]:
            stored.append(key)

    async def make() -> None:
        person = f"person-{next(numbers)}"
        await product.person(person)
        made.append(person)

    async def keep(doing: Callable[[], Awaitable[None]]) -> None:
        try:
            while True:
                await doing()
                if min(len(stored), len(made)) >= 20 and process.returncode is None:
                    process.kill()
        except httpx2.TransportError:
            pass

    async with asyncio.TaskGroup() as tasks:
        for doing in (store, make) * 4:
            tasks.create_task(keep(doing))
    return stored, made


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.opens_urls], ids=str)
async def test_a_connected_client_goes_on_after_the_gateway_was_killed_and_started_again(
    kind: Kind, gateway: GatewayProcess, http: httpx2.AsyncClient, connect: Connect
) -> None:
    async with AsyncExitStack() as lives:
        process = await lives.enter_async_context(gateway.running())
        product, server = await _with_key_value_store(http)
        async with connect(kind, server.endpoint, await product.token(server, "alice")) as agent:
            await agent.call("kv_store__put", {"key": "before", "value": "still here"})
            process.kill()
            await process.wait()
            await lives.enter_async_context(gateway.running())
            found = await agent.call("kv_store__get", {"key": "before"})

    assert found.structured["value"] == "still here"


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.name in {"mcp legacy", "sdk default"} and not kind.opens_urls], ids=str
)
async def test_a_client_whose_stream_broke_is_told_of_the_change_that_it_missed(
    kind: Kind, gateway: GatewayProcess, http: httpx2.AsyncClient, connect: Connect
) -> None:
    async with AsyncExitStack() as lives:
        process = await lives.enter_async_context(gateway.running())
        product, server = await _with_key_value_store(http)
        async with connect(kind, server.endpoint, await product.token(server, "alice")) as agent:
            listener = cast("Listener", agent)
            await listener.listening.wait()
            process.kill()
            await process.wait()
            await lives.enter_async_context(gateway.running())
            await product.add("hash-encode", "fixed")
            await asyncio.wait_for(listener.heard.get(), SECONDS)


async def test_a_second_process_on_the_same_database_is_refused_in_one_line(
    gateway: GatewayProcess, tmp_path: Path
) -> None:
    second = GatewayProcess(tmp_path, gateway.settings)
    async with gateway.running() as process:
        with pytest.raises(AssertionError):
            await second.running().__aenter__()

    assert len(second.output) == 1
    assert f"is in use by process {process.pid}. Stop it first" in second.output[0]


async def test_a_stop_lets_calls_finish_ends_streams_and_exits_cleanly(
    gateway: GatewayProcess, http: httpx2.AsyncClient
) -> None:
    async with slow_api() as api, gateway.running() as process:
        product = await open_product(Rest(http))
        await product.add("http", "fixed")
        server = await product.server()
        token = await product.token(server, "alice")
        request = {"method": "GET", "url": api.url}
        wire = Wire(http, server.endpoint, token)
        async with python_agent(server.endpoint, token, mode="auto") as modern, _change_stream(wire) as handshake:
            listening = asyncio.create_task(modern.listen())
            await modern.listening.wait()
            # As agents do; a client that knows no list asks for one after its first call.
            await modern.tool_names()
            calls = (
                asyncio.create_task(wire.call("http__send_request", request)),
                asyncio.create_task(wire.bare("tools/call", {"name": "http__send_request", "arguments": request})),
                asyncio.create_task(modern.call("http__send_request", request)),
                asyncio.create_task(product.execute("http", "send_request", **request)),
            )
            await api.has_received(len(calls))

            process.send_signal(signal.SIGTERM)
            began = perf_counter()
            await asyncio.wait_for(listening, SECONDS)
            assert not any(["list_changed" in line async for line in handshake])
            assert not any(call.done() for call in calls)
            api.release.set()
            wire_call, bare_call, client_call, rest_call = calls
            by_wire, by_bare = await wire_call, await bare_call
            by_client, by_rest = await client_call, await rest_call
            assert await asyncio.wait_for(process.wait(), SECONDS) == 0

    print(f"stopped {1000 * (perf_counter() - began):.0f} ms after the signal")
    assert by_wire["structuredContent"]["body"] == "at last"
    assert by_bare.json()["result"]["structuredContent"]["body"] == "at last"
    assert by_client.structured["body"] == "at last"
    assert by_rest.json()["output"]["body"] == "at last"


async def test_an_idle_gateway_stops_at_once(gateway: GatewayProcess) -> None:
    async with gateway.running() as process:
        began = perf_counter()
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), SECONDS)

    print(f"stopped {1000 * (perf_counter() - began):.0f} ms after the signal")
    assert code == 0


async def _with_key_value_store(http: httpx2.AsyncClient) -> tuple[Product, Server]:
    product = await open_product(Rest(http))
    await product.add("kv-store", "fixed")
    return product, await product.server()


@asynccontextmanager
async def _change_stream(wire: Wire) -> AsyncGenerator[AsyncIterator[str]]:
    """Open the stream of a handshake client; yields its lines after the first, which says that it is open."""
    about = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    session = (await wire.bare("initialize", about)).headers["mcp-session-id"]
    headers = {"Authorization": f"Bearer {wire.token}", "Mcp-Session-Id": session, "Accept": "text/event-stream"}
    async with wire.client.stream("GET", wire.url, headers=headers) as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("id: ")
        yield lines
