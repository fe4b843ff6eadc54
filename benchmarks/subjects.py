"""What is measured: the servers, and on each of them the requests that are repeated."""

import json
import shutil
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2

from benchmarks import load
from benchmarks.crowd import add_end_users
from benchmarks.load import Target, UnexpectedAnswer
from benchmarks.processes import Running, end_of, start
from benchmarks.provisioning import Backend, McpServer, last_tool, new_mcp_server, new_organization

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
    """Run Toolgate twice: with MCP servers of 10, 100 and 1,000 tools, and a copy of it with `crowd` more end users.

    The subjects are the first with 10 and with 1,000 tools, and the second with 10.
    """
    plain, crowded = folder / "plain", folder / "crowded"
    async with gateway_process(plain, acme) as server:
        made = await _provision(server, acme)
    shutil.copytree(plain, crowded)
    await add_end_users(
        crowded / "toolgate.db",
        organization_id=made[10].organization_id,
        workspace_id=made[10].workspace_id,
        count=crowd,
    )
    async with gateway_process(plain, acme) as server, gateway_process(crowded, acme) as its_copy:
        yield [
            _subject("Toolgate, 10 tools", server, made[10], acme=acme, lists=made),
            _subject("Toolgate, 1,000 tools", server, made[1_000], acme=acme),
            _subject(f"Toolgate, {crowd:,} end users", its_copy, made[10], acme=acme),
        ]


async def seconds_to_first_answer(subject: Subject) -> float:
    """Time from the start of the server's process to its first answered call, if none was made yet."""
    async with load.connected(subject.calls, clients=1):
        return perf_counter() - subject.server.started_at


@asynccontextmanager
async def gateway_process(folder: Path, acme: Acme, **more: Any) -> AsyncGenerator[Running]:
    """Run Toolgate with its data in `folder`; `more` is what else `benchmarks.gateway_server` is given."""
    given = {"port": _free_port(), "data_dir": str(folder), "acme_url": acme.url, "service_key": SERVICE_KEY, **more}
    log = folder.with_suffix(".log")
    async with start("benchmarks.gateway_server", [json.dumps(given)], log=log) as server:
        try:
            yield server
        except UnexpectedAnswer as error:
            error.add_note(f"The log of {folder.name} ends:\n{end_of(log)}")
            raise


async def _provision(server: Running, acme: Acme) -> dict[int, McpServer]:
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
            for size in LIST_SIZES
        }


def _subject(
    name: str, process: Running, server: McpServer, *, acme: Acme, lists: Mapping[int, McpServer] | None = None
) -> Subject:
    calls = [
        load.tools_call(
            server.at(process.url), "acme__get_note", {"id": acme.note_id}, token=token, expected='"Measured"'
        )
        for token in server.tokens
    ]
    listed = {
        size: load.tools_list(each.at(process.url), token=each.tokens[0], expected=f'"{last_tool(size)}"')
        for size, each in (lists or {}).items()
    }
    return Subject(name, process, calls, listed)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
