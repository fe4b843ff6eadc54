"""Claims about programs that are started as they are, and send their person to sign in by printing an address."""

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx2
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.flows.agents import Agent, PythonAgent
from tests.flows.product import Product, Server
from tests.flows.programs import CONFORMANCE, INSPECTOR, MCP_REMOTE, environment, started
from tests.flows.signing_in import DOCUMENT, DOCUMENT_HOST, Signer, documented, signer
from tests.parts.node import Node
from tests.parts.ports import free_port
from tests.parts.served import Served


async def test_the_conformance_suite_finds_nothing_wrong_with_the_authorization_server(
    alice_and_bob: Server, served: Served, product: Product, node: Node, tmp_path: Path
) -> None:
    port, results = free_port(), tmp_path / "results"
    metadata = {"redirect_uris": [f"http://127.0.0.1:{port}/callback"], "token_endpoint_auth_method": "none"}
    made = await product.rest.client.post("/oauth/register", json=metadata)
    arguments = {
        "--url": served.url,
        "--client-id": made.json()["client_id"],
        "--resource": alice_and_bob.endpoint,
        "--port": str(port),
        "--output-dir": str(results),
    }
    flat = [word for pair in arguments.items() for word in pair]
    async with signer(served, "alice@corp.example") as alice:
        code, output = await run(node, alice, tmp_path, CONFORMANCE, "authorization", *flat)
    assert code == 0, output
    checks = [check for file in results.rglob("checks.json") for check in json.loads(file.read_text())]
    assert {check["id"] for check in checks} >= {"authorization-server-metadata", "authorization-code-grant"}
    assert {check["status"] for check in checks} <= {"SUCCESS", "INFO"}, checks


@pytest.mark.parametrize("program", ["mcp-remote", "inspector legacy", "inspector auto"])
async def test_programs_sign_two_people_in_at_the_same_time_and_each_acts_as_its_own_person(
    program: str, alice_and_bob: Server, served: Served, node: Node, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(signer(served, f"{who}@corp.example")) for who in ("alice", "bob")]
        homes = [tmp_path / str(number) for number in range(len(people))]
        whoami = partial(whoami_by, program, node, alice_and_bob.endpoint)
        assert await asyncio.gather(*map(whoami, people, homes)) == ["alice", "bob"]
    for somebody in people:
        assert "unverified" in somebody.read[0]


@pytest.mark.parametrize("program", ["mcp-remote", "inspector auto"])
async def test_programs_with_a_metadata_document_sign_in_without_registering(
    program: str, node: Node, tmp_path: Path
) -> None:
    async with documented(tmp_path) as found, signer(found.served, "alice@corp.example") as alice:
        named = ("--client-metadata-url", DOCUMENT)
        assert await whoami_by(program, node, found.server.endpoint, alice, tmp_path, *named) == "alice"
        assert f"known by {DOCUMENT_HOST}" in alice.read[0]
        async with found.served.gateway.database.read() as tx:
            assert await tx.oauth_clients.by_client_id(DOCUMENT) is None


async def whoami_by(program: str, node: Node, endpoint: str, somebody: Signer, home: Path, *arguments: str) -> str:
    """Let a program that keeps what it keeps in `home` sign `somebody` in; returns whose account its call used."""
    match program.split():
        case ["mcp-remote"]:
            async with through_mcp_remote(node, endpoint, somebody, home, *arguments) as agent:
                return str((await agent.call("acme__whoami")).structured["id"])
        case ["inspector", era]:
            wanted = ("--cli", endpoint, "--transport", "http", "--protocol-era", era, "--format", "json")
            called = ("--method", "tools/call", "--tool-name", "acme__whoami")
            back = ("--callback-url", f"http://127.0.0.1:{free_port()}/oauth/callback")
            code, output = await run(node, somebody, home, INSPECTOR, *wanted, *called, *back, *arguments)
            assert code == 0, output
            return str(json.loads(output.splitlines()[-1])["result"]["structuredContent"]["id"])
        case _:
            raise AssertionError(program)


async def run(node: Node, somebody: Signer, home: Path, program: str, *arguments: str) -> tuple[int, str]:
    """Run a program to its end; returns its exit code and what it said."""
    async with started(node, home, program, *arguments) as process, asyncio.timeout(60):
        assert process.stdout is not None
        said = await sign_in_when_asked(somebody, process.stdout)
        return await process.wait(), said


@asynccontextmanager
async def through_mcp_remote(
    node: Node, endpoint: str, somebody: Signer, home: Path, *arguments: str
) -> AsyncGenerator[Agent]:
    """Connect as programs do that know only servers which they start themselves."""
    home.mkdir(exist_ok=True)
    bridge = StdioServerParameters(
        command=str(node.binary),
        args=[str(node.packages / MCP_REMOTE), endpoint, str(free_port()), *arguments],
        env=environment(node, home),
        cwd=home,
    )
    reading, writing = os.pipe()
    said = asyncio.StreamReader()
    with os.fdopen(writing, "w") as errors:
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(said), os.fdopen(reading, "rb")
        )
        listening = asyncio.create_task(sign_in_when_asked(somebody, said))
        try:
            async with mcp.Client(stdio_client(bridge, errlog=errors), mode="legacy") as client:
                yield PythonAgent(client, client.protocol_version)
        finally:
            listening.cancel()
            pipe.close()


async def sign_in_when_asked(somebody: Signer, said: AsyncIterable[bytes]) -> str:
    """Read what a program says until it ends; when it prints where to sign in, `somebody` does, and goes back to it."""
    lines: list[str] = []
    async with httpx2.AsyncClient(trust_env=False) as browser:
        async for line in said:
            lines.append(line.decode())
            asked = re.search(re.escape(f"{somebody.served.url}/oauth/authorize?") + r"\S+", lines[-1])
            if asked and not somebody.read:
                assert (await browser.get(await somebody.sign_in(asked[0]))).status_code == 200
    return "".join(lines)
