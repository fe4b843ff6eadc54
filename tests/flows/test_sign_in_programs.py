"""Claims about programs that are started as they are, and send their person to sign in by printing an address."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.flows.product import Product, Server
from tests.flows.signing_in import Signer, signer
from tests.parts.node import Node
from tests.parts.ports import free_port
from tests.parts.served import Served

CONFORMANCE = "@modelcontextprotocol/conformance/dist/index.js"
MCP_REMOTE = "mcp-remote/dist/client.js"


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


async def test_mcp_remote_registers_signs_its_person_in_and_lists_the_tools(
    alice_and_bob: Server, served: Served, node: Node, tmp_path: Path
) -> None:
    async with signer(served, "bob@corp.example") as bob:
        code, output = await run(node, bob, tmp_path, MCP_REMOTE, alice_and_bob.endpoint, str(free_port()))
    assert code == 0, output
    assert '"acme__whoami"' in output
    assert "bob" in bob.read[0]


async def run(node: Node, somebody: Signer, home: Path, program: str, *arguments: str) -> tuple[int, str]:
    """Run a program to its end; whenever it prints where to sign in, `somebody` does, and goes back to it."""
    said: list[str] = []
    async with started(node, home, program, *arguments) as process, httpx2.AsyncClient(trust_env=False) as browser:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            async for line in process.stdout:
                said.append(line.decode())
                if asked := re.search(re.escape(f"{somebody.served.url}/oauth/authorize?") + r"\S+", said[-1]):
                    if somebody.read:
                        continue
                    assert (await browser.get(await somebody.sign_in(asked[0]))).status_code == 200
            return await process.wait(), "".join(said)


@asynccontextmanager
async def started(node: Node, home: Path, program: str, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start a program of tests/node that keeps what it keeps in `home`."""
    process = await asyncio.create_subprocess_exec(
        *(str(node.binary), str(node.packages / program), *arguments),
        cwd=home,
        env={**node.environment, "HOME": str(home), "MCP_REMOTE_CONFIG_DIR": str(home)},
        # Never written to, and open: at its end mcp-remote ends.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**24,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
