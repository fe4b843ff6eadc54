"""Whatever happens while a gateway runs, nothing that it writes holds a secret (security R44)."""

import base64
import signal
from pathlib import Path

import httpx2
import pytest

from tests.flows.product import Product, open_product
from tests.gateway.commands.terminal import Serving
from tests.parts.loopback import answer, answering
from tests.parts.mcp_wire import Wire
from tests.parts.rest import SERVICE_KEY, Rest

CREDENTIAL = "c4n4ryCredential0123456789"
ROTATED = "c4n4ryRotated0123456789"
CLIENT_SECRET = "c4n4ryClientSecret0123456789"
ARGUMENT = "c4n4ryArgument0123456789"
QUERY = "c4n4ryQuery0123456789"
IN_PATH = "c4n4ryPath0123456789c4n4ryPath0123456789c4n4ry"
ENCRYPTION_KEY = base64.b64encode(b"c4n4ry key of thirty-two bytes..").decode()

# What a provider may answer with at its worst: it repeats the credential that it was sent.
NASTY = [
    answer(b'{"full_name": "acme/website"}', "content-type: application/json"),
    answer(f'{{"message": "no: Bearer {CREDENTIAL}"}}'.encode(), f"x-debug: {CREDENTIAL}", status="500 Broken"),
    answer(f"<html>{CREDENTIAL}</html>".encode(), f"set-cookie: session={CREDENTIAL}"),
    answer(b"{}", f"location: https://api.github.com/?token={CREDENTIAL}", status="302 Found"),
    f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{CREDENTIAL}\r\n".encode(),
    answer(b'{"message": "Bad credentials"}', "content-type: application/json", status="401 Unauthorized"),
]


async def use_everything(url: str) -> list[str]:
    """Let a product and its agents do what they do, well and badly; returns the secrets that they were given."""
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        product = await open_product(Rest(client))
        await product.add("github", authMethodKey="personal_access_token")
        connection = await product.connect(
            "alice",
            "",
            "github",
            type="SECRET_TEXT",
            secretText=CREDENTIAL,
            authMethodKey="personal_access_token",
            accessToken=None,
        )
        server = await product.server()
        token = await product.token(server, "alice")
        wire = Wire(client, server.endpoint, token)
        for _ in NASTY:
            await wire.modern(
                "tools/call", {"name": "github__get_repository", "arguments": {"repository": f"acme/{ARGUMENT}"}}
            )
        await product.execute("github", "get_repository", "alice", repository="acme/website")
        await product.rest.put(f"/connections/{connection['id']}/credentials", {"secretText": ROTATED})
        await misbehave(client, product, token)
        return [token, product.rest.headers["Authorization"].removeprefix("Bearer ")]


async def misbehave(client: httpx2.AsyncClient, product: Product, token: str) -> None:
    """Send secrets where they don't belong, and bodies that can't be read."""
    await client.get(f"/api/v1/workspaces?api_key={QUERY}&token={token}")
    await client.get(f"/api/v1/{IN_PATH}")
    await client.get(f"/files/{IN_PATH}")
    await client.get(f"/connect/s/{IN_PATH}")
    await client.post(f"/mcp/{token}", content=b"{}")
    await client.get("/api/v1/workspaces", headers={"Authorization": f"Bearer {QUERY}"})
    await client.get("/api/v1/workspaces", headers={"X-Service-Key": QUERY})
    await client.post(
        "/api/v1/connections",
        content=f'{{"secretText": "{QUERY}", '.encode(),
        headers={**product.rest.headers, "Content-Type": "application/json"},
    )
    await product.rest.post("/connections", {"type": "SECRET_TEXT", "secretText": QUERY, "nonsense": {QUERY: QUERY}})


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_nothing_that_a_running_gateway_writes_holds_a_secret(
    tmp_path: Path, serving: Serving, port: int, log_format: str
) -> None:
    (tmp_path / "client-secret").write_text(CLIENT_SECRET)
    async with answering(*NASTY) as provider:
        with serving(
            LOG_LEVEL="debug",
            LOG_FORMAT=log_format,
            SERVICE_KEY=SERVICE_KEY,
            ENCRYPTION_KEYS=ENCRYPTION_KEY,
            INTEGRATIONS_GITHUB_CLIENT_ID="id",
            INTEGRATIONS_GITHUB_CLIENT_SECRET_FILE="client-secret",
            INTEGRATIONS_GITHUB_URLS=f"https://api.github.com/=http://127.0.0.1:{provider.port}/",
        ) as process:
            given = await use_everything(f"http://127.0.0.1:{port}")
            process.send_signal(signal.SIGTERM)
            said = process.stdout.read() if process.stdout else ""
            process.wait(timeout=60)
    assert any(CREDENTIAL.encode() in request for request in provider.requests)
    first_key = (tmp_path / "data/first-api-key").read_text().strip()
    canaries = [CREDENTIAL, ROTATED, CLIENT_SECRET, QUERY, IN_PATH, ENCRYPTION_KEY, SERVICE_KEY, first_key, *given]
    written = (tmp_path / "output").read_text() + said
    assert '"request"' in written or " request " in written
    assert [canary for canary in [*canaries, ARGUMENT] if canary in written] == []
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.name != "first-api-key")
    assert [canary for canary in canaries if canary.encode() in stored] == []
