"""What is measured: the servers, and on each of them the requests that are repeated."""

import json
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import httpx2

from benchmarks import load
from benchmarks.crowd import add_end_users
from benchmarks.load import Target
from benchmarks.processes import Running, start
from benchmarks.provisioning import Backend, McpServer, new_mcp_server, new_organization

SERVICE_KEY = "benchmark-service-key-of-more-than-32-characters"
LIST_SIZES = (10, 100, 1_000)
END_USERS = {10: 64, 100: 1, 1_000: 16}
"""End users by tool count: every client is one, as a token may have only so many calls under way."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A server, the calls that its clients make, and its tool lists by length."""

    name: str
    server: Running
    calls: Sequence[Target]
    lists: Mapping[int, Target]


@dataclass(frozen=True, slots=True)
class Acme:
    """The loopback API: where it is, a key for it, and a note to be read."""

    url: str
    api_key: str
    note_id: str


@asynccontextmanager
async def start_acme(folder: Path) -> AsyncGenerator[Acme]:
    """Run the simulated provider with one note in it."""
    async with start("gateway.acme", log=folder / "acme.log") as server:
        key = server.said["people"][0]["api_key"]
        async with httpx2.AsyncClient(trust_env=False) as http:
            note = {"title": "Measured", "text": "What the calls of the benchmark read."}
            answer = await http.post(f"{server.url}notes", json=note, headers={"x-api-key": key})
        yield Acme(server.url, key, answer.raise_for_status().json()["id"])


@asynccontextmanager
async def start_bare(folder: Path) -> AsyncGenerator[Subject]:
    """Run the SDK alone."""
    async with start("benchmarks.bare_server", log=folder / "bare.log") as server:
        call = load.tools_call(f"{server.url}mcp/1", "echo", {"text": "hello"}, token=None, expected='"text":"hello"')
        lists = {
            size: load.tools_list(f"{server.url}mcp/{size}", token=None, expected=f'"echo_{size - 1}"')
            for size in LIST_SIZES
        }
        yield Subject("bare SDK, echo", server, [call], lists)


@asynccontextmanager
async def start_gateway(folder: Path, acme: Acme, *, crowd: int) -> AsyncGenerator[list[Subject]]:
    """Run two gateways, each with a database of its own: one with 10, 100 and 1,000 tools, one with `crowd` end users.

    The subjects are the first with 10 and with 1,000 tools, and the second with 10.
    """
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(_process(folder / "plain", acme))
        servers = await _provision(plain, acme, LIST_SIZES)
        crowded, its_server = await _crowded(stack, folder / "crowded", acme, crowd=crowd)
        yield [
            _subject("Toolgate, 10 tools", plain, servers[10], acme=acme, lists=servers),
            _subject("Toolgate, 1,000 tools", plain, servers[1_000], acme=acme),
            _subject(f"Toolgate, {crowd:,} end users", crowded, its_server, acme=acme),
        ]


async def seconds_to_first_answer(subject: Subject) -> float:
    """Time from the start of the server's process to its first answered call, if none was made yet."""
    await load.run(subject.calls[:1], clients=1, seconds=0.0)
    return perf_counter() - subject.server.started_at


async def _crowded(stack: AsyncExitStack, folder: Path, acme: Acme, *, crowd: int) -> tuple[Running, McpServer]:
    async with _process(folder, acme) as server:
        port = int(server.url.rstrip("/").rpartition(":")[2])
        provisioned = (await _provision(server, acme, LIST_SIZES[:1]))[10]
    await add_end_users(
        folder / "toolgate.db",
        organization_id=provisioned.organization_id,
        workspace_id=provisioned.workspace_id,
        count=crowd,
    )
    return await stack.enter_async_context(_process(folder, acme, port=port)), provisioned


@asynccontextmanager
async def _process(folder: Path, acme: Acme, *, port: int | None = None) -> AsyncGenerator[Running]:
    given = {
        "port": port or _free_port(),
        "data_dir": str(folder),
        "acme_url": acme.url,
        "service_key": SERVICE_KEY,
    }
    async with start("benchmarks.gateway_server", [json.dumps(given)], log=folder.with_suffix(".log")) as server:
        yield server


async def _provision(server: Running, acme: Acme, sizes: Sequence[int]) -> dict[int, McpServer]:
    organization_id, key = await new_organization(server.url, SERVICE_KEY)
    async with Backend(server.url, {"authorization": f"Bearer {key}"}) as backend:
        return {
            size: await new_mcp_server(
                backend,
                organization_id=organization_id,
                tools=size,
                end_users=END_USERS[size],
                api_key=acme.api_key,
            )
            for size in sizes
        }


def _subject(
    name: str, process: Running, server: McpServer, *, acme: Acme, lists: Mapping[int, McpServer] | None = None
) -> Subject:
    calls = [
        load.tools_call(server.url, "acme__get_note", {"id": acme.note_id}, token=token, expected='"Measured"')
        for token in server.tokens
    ]
    listed = {
        size: load.tools_list(each.url, token=each.tokens[0], expected='"acme__get_note"')
        for size, each in (lists or {}).items()
    }
    return Subject(name, process, calls, listed)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
