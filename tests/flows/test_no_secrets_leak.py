"""The claim that no secret is ever logged, told or stored in the clear: a full run, and then a search for every one."""

import base64
import io
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
import structlog
from pydantic import SecretBytes

from gateway.kit.log import configure_logging
from gateway.kit.tokens import TokenKind, mint
from tests.flows.process import GatewayProcess
from tests.flows.product import Product, Server, open_product
from tests.parts.loopback import Loopback, answer, loopback, read_request
from tests.parts.mcp_wire import Wire
from tests.parts.rest import SERVICE_KEY, Rest
from tests.parts.served import serving

KEY = b"canary-encryption-key-32-bytes-!"
CANARIES = {
    "slack token": "canary-slack-access-1f6a",
    "slack refresh token": "canary-slack-refresh-2b7c",
    "slack extra": "canary-slack-extra-3c8d",
    "platform token": "canary-platform-access-4d9e",
    "github token": "canary-github-pat-5eaf",
    "password": "canary-password-6fb0",
    "api key": "canary-api-key-70c1",
    "bearer of a call": "canary-bearer-argument-81d2",
    "hand-off secret": "canary-handoff-secret-of-32-bytes-b4d5",
    "refused": "canary-in-a-refused-request-92e3",
}


@dataclass
class Run:
    """What was said during a run, and what may not have been."""

    answers: list[str] = field(default_factory=list[str])
    minted: list[str] = field(default_factory=list[str])
    """Secrets of ours, each of which one answer may show."""

    async def note(self, response: httpx2.Response) -> None:
        """Keep an answer, headers and all."""
        await response.aread()
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.answers.append(f"{response.status_code}\n{headers}\n{response.text}")

    def shown(self, secret: str) -> int:
        """Count the answers that show a secret."""
        return sum(any(form in each for form in forms_of(secret)) for each in self.answers)


def forms_of(secret: str) -> set[str]:
    """A secret as such, and as its base64 in a Basic header."""
    return {secret, base64.b64encode(secret.encode()).decode().rstrip("=")}


@pytest.mark.promise("002-20")
@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_secret_is_logged_told_or_stored_in_the_clear(
    log_format: Literal["text", "json"], tmp_path: Path
) -> None:
    run = Run()
    async with hostile_provider() as hostile:
        urls = {
            "slack": {"https://slack.com/": hostile.url},
            "github": {"https://api.github.com/": hostile.url},
            "gmail": {"https://gmail.googleapis.com/": hostile.url},
        }
        settings: dict[str, Any] = {"encryption_keys": (SecretBytes(KEY),), "tool_timeout_seconds": 0.2}
        with logged(log_format) as log:
            async with serving(tmp_path, urls=urls, **settings) as served, _recorded(served.url, run) as client:
                product = await open_product(Rest(client))
                await _story(product, client, run, hostile)

    written = log.getvalue()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert written.count("slack__list_channels") > 20
    assert len(stored) > 100_000
    for name, secret in {**CANARIES, "service key": SERVICE_KEY, "encryption key": KEY.decode()}.items():
        assert _lines_with(secret, written) == [], f"{name} is logged"
        assert run.shown(secret) == 0, f"{name} is told"
        assert secret.encode() not in stored, f"{name} is stored"
    for secret in run.minted:
        assert _lines_with(secret, written) == []
        assert run.shown(secret) <= 1
        assert secret.encode() not in stored
    # What is masked here was about to be logged.
    assert "[redacted]" not in written


def _lines_with(secret: str, text: str) -> list[str]:
    return [line for line in text.splitlines() if any(form in line for form in forms_of(secret))]


async def test_a_process_writes_no_secret_of_its_settings_anywhere(tmp_path: Path) -> None:
    client_secret, other_key = (
        "canary-client-secret-a3f4",
        base64.b64encode(b"another-canary-key-of-32-bytes-!").decode(),
    )
    key = base64.b64encode(KEY).decode()
    settings = {
        "ENCRYPTION_KEYS": key,
        "INTEGRATIONS_SLACK_CLIENT_ID": "toolgate",
        "INTEGRATIONS_SLACK_CLIENT_SECRET": client_secret,
        "LOG_LEVEL": "debug",
    }
    gateway = GatewayProcess(tmp_path, settings)
    run = Run()
    async with gateway.running(), _recorded(gateway.url, run) as client:
        product = await open_product(Rest(client))
        await product.add("slack", authMethodKey="user")
        await product.connect("alice", CANARIES["slack token"], "slack")
        server = await product.server()
        await Wire(client, server.endpoint, await product.token(server, "alice")).tool_names()
        for path in ("/health", "/openapi.json", "/api/v1/integrations", f"/mcp/srv_{server.id}", "/nowhere"):
            await client.get(path)
    mistaken = GatewayProcess(tmp_path, {**settings, "ENCRYPTION_KEYS": other_key, "EGRESS_PROXY": "canary://proxy"})
    for wrong in (mistaken, GatewayProcess(tmp_path, {**settings, "ENCRYPTION_KEYS": f"{key[:-4]}, {other_key}"})):
        with pytest.raises(AssertionError):
            await wrong.running().__aenter__()
        assert len(wrong.output) == 1
        gateway.output += wrong.output

    first_key = (tmp_path / "data" / "first-api-key").read_text().strip()
    written = "".join(gateway.output)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("toolgate.db*"))
    for secret in (key, other_key, client_secret, SERVICE_KEY, first_key, CANARIES["slack token"]):
        assert _lines_with(secret, written) == []
        assert run.shown(secret) == 0
        assert secret.encode() not in stored
    assert KEY not in stored
    assert "[redacted]" not in written


# The run.


async def _story(product: Product, client: httpx2.AsyncClient, run: Run, hostile: "Hostile") -> None:
    rest = product.rest
    run.minted.append(rest.headers["Authorization"].removeprefix("Bearer "))
    run.minted += await _register_webhook(product)
    await _share_handoff_secret(product)
    await _connect_everything(product)
    server = await product.server()
    tokens = {person: await product.token_answer(server, person) for person in ("alice", "bob")}
    run.minted += [each["accessToken"] for each in tokens.values()]
    oauth = await rest.post(f"/mcp/servers/{server.id}/oauth-tokens", {"endUserId": "alice"})
    run.minted.append(oauth.json()["accessToken"])
    alice = Wire(client, server.endpoint, tokens["alice"]["accessToken"])

    for trouble in TROUBLES:
        hostile.trouble = trouble
        await _call_everything(alice, product)
    await _read_everything(product, server)
    for webhook in (await product.rest.get("/webhooks")).json()["webhooks"]:
        assert (await product.rest.get(f"/webhooks/{webhook['id']}/deliveries")).json()["total"] > 5
    await _knock_with_wrong_keys(product, server, client, run)
    await _ask_badly(product, alice)
    await product.revoke(server, tokens["alice"]["token"]["id"])
    assert (await alice.modern("tools/list")).status_code == 401
    assert (await alice.bare("tools/list")).status_code == 401


async def _register_webhook(product: Product) -> list[str]:
    """Have the hostile provider told of everything; returns the secrets that sign it, old and new."""
    made = (await product.rest.post("/webhooks", {"url": "https://slack.com/hooks"})).json()
    path = f"/webhooks/{made['webhook']['id']}"
    secrets = [made["secret"], (await product.rest.post(f"{path}/rotate-secret")).json()["secret"]]
    assert (await product.rest.post(f"{path}/test")).status_code == 200
    return [*secrets, *(secret.removeprefix("whsec_") for secret in secrets)]


async def _share_handoff_secret(product: Product) -> None:
    """Share a secret for hand-offs, and be refused with it."""
    path = f"/workspaces/{product.workspace_id}/handoff-key"
    wanted = {"secret": CANARIES["hand-off secret"]}
    assert (await product.rest.put(path, {**wanted, "jwksUrl": "https://shop.example/jwks"})).status_code == 400
    assert (await product.rest.put(path, wanted)).status_code == 200
    assert (await product.rest.get(path)).status_code == 200


async def _connect_everything(product: Product) -> None:
    """Configure everything, and connect an account of Alice's by every type of connection."""
    for name, method in {"slack": "user", "github": "personal_access_token", "gmail": "oauth"}.items():
        await product.add(name, authMethodKey=method)
    await product.add("http", "fixed")
    plain, keyed = await product.add("acme"), await product.add("acme", alias="keyed")
    about = {"workspaceId": product.workspace_id, "endUserId": "alice", "displayName": "Alice"}
    extra = {"data": {"note": CANARIES["slack extra"]}, "scope_oauth": "chat:write"}
    for number, fields in enumerate(
        (
            {"integrationName": "slack", "type": "OAUTH2", "authMethodKey": "user", **extra},
            {"integrationName": "gmail", "type": "PLATFORM_OAUTH2"},
            {"integrationName": "github", "type": "SECRET_TEXT"},
            {"integrationName": "acme", "type": "BASIC_AUTH", "workspaceIntegrationId": plain["id"]},
            {"integrationName": "acme", "type": "SECRET_TEXT", "workspaceIntegrationId": keyed["id"]},
        )
    ):
        new = {**about, "externalId": f"account-{number}", **fields}
        await product.rest.made("/connections", {**new, **_credential_of(new)})


BEARER = {"authType": "BEARER_TOKEN", "authFields": {"token": CANARIES["bearer of a call"]}}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("slack", "list_channels", {}),
    ("slack", "send_channel_message", {"channel": "C1", "text": "hello"}),
    ("github", "get_repository", {"repository": "acme/shared"}),
    ("github", "create_issue", {"repository": "acme/shared", "title": "x"}),
    ("gmail", "get_profile", {}),
    ("gmail", "send_email", {"to": "a@example.com", "subject": "x", "body": "y"}),
    ("acme", "whoami", {}),
    ("http", "send_request", {"method": "GET", "url": "http://127.0.0.1:9/", **BEARER}),
]


async def _call_everything(agent: Wire, product: Product) -> None:
    """Call every tool in both eras and over REST; how it ends does not matter here."""
    for name, action, arguments in CALLS:
        tool = {"name": f"{name}__{action}", "arguments": arguments}
        for answered in (await agent.modern("tools/call", tool), await agent.bare("tools/call", tool)):
            assert answered.status_code == 200, answered.text
        assert (await product.execute(name, action, "alice", **arguments)).status_code < 500
    await agent.modern("tools/call", {"name": "keyed__whoami"})
    # A credential that was refused counts as broken: put it back for the next trouble.
    for connection in (await product.rest.get("/connections")).json()["connections"]:
        values = _credential_of(connection)
        answered = await product.rest.put(f"/connections/{connection['id']}/credentials", values)
        assert answered.status_code == 200, answered.text


def _credential_of(connection: dict[str, Any]) -> dict[str, Any]:
    match connection["integrationName"], connection["type"]:
        case "slack", _:
            return {"accessToken": CANARIES["slack token"], "refreshToken": CANARIES["slack refresh token"]}
        case "gmail", _:
            return {"accessToken": CANARIES["platform token"]}
        case "github", _:
            return {"secretText": CANARIES["github token"]}
        case _, "BASIC_AUTH":
            return {"username": "alice", "password": CANARIES["password"]}
        case _:
            return {"secretText": CANARIES["api key"]}


async def _read_everything(product: Product, server: Server) -> None:
    """Ask for all that can be read about what holds a secret."""
    rest = product.rest
    people = (await rest.get("/end-users", workspaceId=product.workspace_id)).json()["endUsers"]
    for connection in (await rest.get("/connections")).json()["connections"]:
        await rest.get("/connections", id=connection["id"])
        await rest.patch(f"/connections/{connection['id']}", {"displayName": "Renamed"})
        selector = {"integrationName": connection["integrationName"], "workspaceId": product.workspace_id}
        for way in ("resolve", "explain"):
            await rest.post(f"/connections/{way}", {**selector, "endUserId": "alice"})
    for path in ("/api-keys", f"/mcp/servers/{server.id}", f"/mcp/servers/{server.id}/access-tokens", "/mcp/servers"):
        assert (await rest.get(path)).status_code == 200
    for person in people:
        assert (await rest.get(f"/end-users/{person['id']}")).status_code == 200


async def _knock_with_wrong_keys(product: Product, server: Server, client: httpx2.AsyncClient, run: Run) -> None:
    """Show keys that open nothing, in every place where somebody might put one."""
    for kind in TokenKind:
        token = mint(kind).plain
        run.minted.append(token)
        assert (await product.rest.signed_in(token).get("/workspaces")).status_code == 401
        wire = Wire(client, server.endpoint, token)
        assert (await wire.modern("tools/list")).status_code == 401
        assert (await wire.bare("tools/list", None, **{"Mcp-Session-Id": token})).status_code == 401
        assert (await client.get(server.endpoint, params={"token": token})).status_code == 401
        await client.get(f"/connect/s/{token}")
        await client.get(f"/files/{token}")
        await client.get(f"/mcp/srv_{token}")
        await client.get(f"/nowhere/{token}", headers={"Cookie": f"session={token}"})
    wrong = Rest(client, {"X-Service-Key": CANARIES["refused"], "X-Org-ID": CANARIES["refused"]})
    assert (await wrong.get("/orgs")).status_code == 401
    await client.get("/api/v1/workspaces", headers={"Authorization": f"Basic {CANARIES['refused']}"})


async def _ask_badly(product: Product, agent: Wire) -> None:
    """Send requests that are refused, each with a secret in it."""
    secret = CANARIES["refused"]
    connection = {"integrationName": "slack", "displayName": "x", "externalId": "bad", "type": "OAUTH2"}
    for body in (
        {**connection, "accessToken": [secret]},
        {**connection, "accessToken": secret, "workspaceId": "no-such-workspace"},
        {**connection, "accessToken": secret, "secret": secret},
        {**connection, "accessToken": secret, "props": [{"secret": secret}]},
        {**connection, "type": "SECRET_TEXT", "secretText": secret},
        {**connection, "type": "BASIC_AUTH", "username": "x", "password": secret},
        {**connection, "type": secret},
        {**connection, "accessToken": {"value": secret}, "scope": secret},
    ):
        assert (await product.rest.post("/connections", body)).status_code in {400, 403, 404}
    broken = f'{{"accessToken": "{secret}", "x": '.encode()
    as_json = {"Content-Type": "application/json"}
    assert (await product.rest.send("POST", "/connections", content=broken, headers=as_json)).status_code == 400
    assert (await agent.post(broken)).status_code == 400
    schema = {"name": "acme__create_note", "arguments": {"title": {"secret": secret}, "text": [secret]}}
    for answered in (await agent.modern("tools/call", schema), await agent.bare("tools/call", schema)):
        assert answered.json()["result"]["isError"]


# A provider that tells everybody what it was shown.

Trouble = Callable[[str], bytes]


def _failure(status: str, *headers: str) -> Trouble:
    return lambda shown: answer(f'{{"ok": false, "message": "no: {shown}"}}'.encode(), JSON, *headers, status=status)


JSON = "content-type: application/json"
TROUBLES: list[Trouble] = [
    lambda shown: answer(f'{{"ok": false, "error": "invalid_auth {shown}"}}'.encode(), JSON),
    _failure("400 Bad Request"),
    lambda shown: answer(
        f'{{"message": "{shown}"}}'.encode(), JSON, f"www-authenticate: Bearer error={shown}", status="401 Unauthorized"
    ),
    _failure("403 Forbidden"),
    lambda shown: answer(shown.encode(), "content-type: text/plain", status="404 Not Found"),
    _failure("429 Too Many Requests", "retry-after: 60"),
    lambda shown: answer(f"<html>{shown}</html>".encode(), "content-type: text/html", status="502 Bad Gateway"),
    lambda shown: answer(b"", f"location: https://example.com/?token={shown}", status="302 Found"),
    lambda shown: answer(f'{{"ok": true, "unfinished": "{shown}'.encode(), JSON),
    lambda shown: f"HTTP/1.1 {shown}\r\n\r\n".encode(),
    lambda shown: b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n" + shown.encode(),
    lambda _shown: b"",
]


@dataclass
class Hostile:
    """A provider that fails as it is told to, repeating the credential wherever it can."""

    served: Loopback
    trouble: Trouble

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.port}/"


@asynccontextmanager
async def hostile_provider() -> AsyncGenerator[Hostile]:
    """Serve it."""

    async def handler(reader: Any, writer: Any) -> None:
        head = (await read_request(reader)).decode(errors="replace")
        shown = ("authorization:", "webhook-signature:")
        credential = next(line for line in head.splitlines() if line.lower().startswith(shown))
        # Slack alone fails with status 200; what others answer with that is a result, and theirs to word.
        is_slack = head.partition("\r\n")[0].split()[1].startswith("/api/")
        trouble = TROUBLES[1] if hostile.trouble is TROUBLES[0] and not is_slack else hostile.trouble
        writer.write(trouble(credential.partition(":")[2].strip()))
        await writer.drain()
        if hostile.trouble is TROUBLES[-1]:
            await reader.read()  # says nothing until the other side has had enough

    async with loopback(handler) as served:
        hostile = Hostile(served, TROUBLES[0])
        yield hostile


@contextmanager
def logged(log_format: Literal["text", "json"]) -> Generator[io.StringIO]:
    """Log into a string as the gateway does, and everything; then leave logging as pytest had it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    configure_logging(stream=written, log_format=log_format, level="debug")
    try:
        yield written
    finally:
        root.handlers, root.level = handlers, level
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


@asynccontextmanager
async def _recorded(url: str, run: Run) -> AsyncGenerator[httpx2.AsyncClient]:
    hooks = {"response": [run.note]}
    async with httpx2.AsyncClient(base_url=url, event_hooks=hooks, timeout=30, trust_env=False) as client:
        yield client
