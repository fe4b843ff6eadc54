"""The documentation, held to what there is: commands, routes, links, and the walk-throughs run as they are written."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.main import get_command

from gateway.__main__ import app
from gateway.api.routes import ROUTES
from gateway.events import Event
from gateway.webhooks.pings import PING
from integrations.catalog import Catalog
from storage.records import Record
from storage.scope import TenantScope
from tests.gateway.mcp.shop import open_shop
from tests.parts.emulators import Emulators
from tests.parts.ports import free_port
from tests.parts.served import Served, serving

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
WALK_THROUGHS = ("quickstart.md", "rest.md", "mcp.md", "integrations.md")
OWN_COMMANDS = {"setup", "test", "check", "bench", "conformance", "lock"}
"""What `./run` does itself; everything else is a gateway command."""

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
names = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Every command line that starts `./run` or `toolgate`, in blocks and in the text."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += re.findall(r"`((?:\./run|toolgate)(?: [^`]*)?)`", page.read_text())
    words = [shlex.split(line, comments=True) for line in lines if re.match(r"(?:\./run|toolgate)\b", line)]
    return [each for each in words if len(each) > 1]


def gateway_commands() -> dict[str, set[str]]:
    """The options of each command of `toolgate`, subcommands as `keys create`."""
    found: dict[str, set[str]] = {}
    waiting: list[tuple[str, Any]] = [("", get_command(app))]
    while waiting:
        path, command = waiting.pop()
        found[path] = {option for parameter in command.params for option in parameter.opts}
        waiting += [(f"{path} {name}".strip(), each) for name, each in getattr(command, "commands", {}).items()]
    return found


@names
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = gateway_commands()
    for _, *words in commands(page):
        if words[0].startswith("-") or words[0] in OWN_COMMANDS:
            continue
        path = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        assert path in known, f"{page.name}: there is no command {' '.join(words)!r}"
        given = {word.partition("=")[0] for word in words if word.startswith("--")} - {"--help"}
        assert given <= known[path], f"{page.name}: {path} has no {given - known[path]}"


@names
def test_every_route_that_a_page_names_is_in_the_route_table(page: Path) -> None:
    table = {(route.method, re.sub(r"\{\w+\}", "*", route.path)) for route in ROUTES}
    paths = {path for _, path in table}
    text = page.read_text()
    for method, path in re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/api/v1/[\w/{}.$-]+)", text):
        assert (method, generic(path)) in table, f"{page.name}: there is no route {method} {path}"
    for path in re.findall(r"\$TOOLGATE(/api/v1/[\w/{}.$-]+)", text):
        assert any(fits(generic(path), known) for known in paths), f"{page.name}: there is no route {path}"


def generic(path: str) -> str:
    return re.sub(r"\{\w+\}|\$\w+", "*", path.rstrip("."))


def fits(path: str, known: str) -> bool:
    given, wanted = path.split("/"), known.split("/")
    return len(given) == len(wanted) and all(w in ("*", g) for g, w in zip(given, wanted, strict=True))


@names
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), f"{page.name}: {target} leads nowhere"
        assert not anchor or anchor in anchors(linked), f"{page.name}: {linked.name} has no heading {anchor!r}"


def test_every_page_that_the_code_sends_people_to_exists() -> None:
    sources = [ROOT / "config.example.toml", *ROOT.glob("gateway/**/*.py"), *ROOT.glob("integrations/**/*.py")]
    named = {page for source in sources for page in re.findall(r"docs/[\w-]+\.md", source.read_text())}

    assert "docs/public-address.md" in named
    assert [page for page in named if not (ROOT / page).exists()] == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_has_the_two_commands() -> None:
    given = [" ".join(words) for words in commands(ROOT / "README.md")]

    assert "./run demo" in given
    assert "./run test" in given
    for command in ("demo", "test"):
        said = subprocess.run([sys.executable, str(ROOT / "run")], capture_output=True, text=True, check=True).stdout
        assert f"./run {command}" in said


def test_the_storage_page_has_every_table() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "storage.md").read_text(), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert described == {*Record.metadata.tables, "alembic_version"}


def test_the_webhooks_page_has_every_event() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", (ROOT / "docs" / "webhooks.md").read_text(), re.MULTILINE)

    assert rows == [*Event, PING]


def test_the_integrations_page_has_every_built_in_action() -> None:
    page = (ROOT / "docs" / "integrations.md").read_text().partition("## Built in")[2]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*)$", page, re.MULTILINE))

    built_in = {integration.name: integration for integration in Catalog() if not integration.auth}
    assert rows.keys() == built_in.keys()
    for name, row in rows.items():
        assert set(re.findall(r"`(\w+)`", row)) == set(built_in[name].actions)


@dataclass
class Reader:
    """Somebody who follows the pages at a terminal: every block is run, values are taken from the answers."""

    served: Served
    folder: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])
    answer: Any = None

    async def follow(self, page: Path) -> None:
        for language, block in re.findall(r"^```(sh|python)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            if language == "python" and "WeavzClient" in block:
                await self._run(page, [sys.executable, "-c", self._filled(block)])
            elif "curl" in block:
                await self._curl(page, block)
            for name, path in re.findall(r"^export (\w+)=… *# ([\w.]+) of the answer$", block, re.MULTILINE):
                value = self.answer
                for part in path.split("."):
                    value = value[int(part) if part.isdigit() else part]
                self.variables[name] = value

    async def _curl(self, page: Path, block: str) -> None:
        for command in re.split(r"\n(?=curl )", block.strip()):
            said = await self._run(page, ["sh", "-c", f"{command} -w '\n%{{http_code}}'"])
            body, _, status = said.rpartition("\n")
            self.answer = json.loads(body)
            told = f"{page.name}: {command}\nanswered {status} {body}"
            assert status.startswith("2"), told
            assert self._is_as_told(), told

    def _is_as_told(self) -> bool:
        """Over MCP, the one failure that the pages show is the account that is missing."""
        if "jsonrpc" not in self.answer:
            return True
        result = self.answer.get("result", {"isError": True})
        return not result.get("isError") or result["structuredContent"]["code"] == "CONNECTION_REQUIRED"

    async def _run(self, page: Path, command: list[str]) -> str:
        variables = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **self.variables}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        said, complaint = await process.communicate()
        assert process.returncode == 0, f"{page.name}: {command}\n{complaint.decode()}"
        return said.decode()

    def _filled(self, block: str) -> str:
        return block.replace("wvz_…", self.variables["API_KEY"]).replace("http://127.0.0.1:8080", self.served.url)


async def a_reader(served: Served, folder: Path, **variables: str) -> Reader:
    organization = await served.gateway.organizations.create(name="Default", slug="default")
    key = await served.gateway.api_keys.create(TenantScope(organization.id), name="First key")
    return Reader(
        served,
        folder,
        {"TOOLGATE": served.url, "API_KEY": key.token.plain, "ACME": served.acme.url.rstrip("/"), **variables},
    )


@needs_curl
async def test_whoever_follows_the_pages_step_by_step_arrives(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        reader = await a_reader(served, tmp_path)
        for name in WALK_THROUGHS:
            await reader.follow(ROOT / "docs" / name)


@needs_curl
async def test_whoever_follows_the_page_of_signed_hand_offs_has_said_what_they_are_signed_with(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        reader = await a_reader(
            served, tmp_path, WORKSPACE="shop", HANDOFF_SECRET="a secret of thirty-two bytes, or more"
        )
        [organization] = await served.gateway.organizations.all()
        await served.gateway.workspaces.create(TenantScope(organization.id), name="Shop", slug="shop")
        await reader.follow(ROOT / "docs" / "signed-handoff.md")

    assert reader.answer["handoffKey"]["kind"] == "jwks"
    assert reader.answer["handoffKey"]["tokenUrl"] == f"{served.url}/connect/handoff"


@needs_curl
async def test_whoever_follows_the_slack_page_posts_as_the_owner_of_the_token(
    tmp_path: Path, emulators: Emulators
) -> None:
    channel, token = await emulators.slack_channel_id("general"), await emulators.access_token("slack", "alice")
    async with serving(tmp_path, urls={"slack": emulators.url_map("slack")}) as served:
        reader = await a_reader(served, tmp_path, SLACK_TOKEN=token, CHANNEL=channel)
        await reader.follow(ROOT / "docs" / "first-slack-message.md")

    assert not reader.answer["result"].get("isError"), reader.answer
    [message] = [each for each in await emulators.slack_messages("general") if each.text == "Hello from my agent"]
    assert message.author == "alice"


@needs_curl
async def test_whoever_follows_the_webhooks_page_hears_what_is_signed_and_nothing_else(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    [receiver] = [block for block in blocks(ROOT / "docs" / "webhooks.md", "python") if "ThreadingHTTPServer" in block]
    before, after = tmp_path / "before.md", tmp_path / "after.md"
    for part, content in zip((before, after), text.split(receiver), strict=True):
        part.write_text(content)
    port = free_port()
    url = f"http://127.0.0.1:{port}/hooks"
    async with serving(tmp_path, egress_allow=("127.0.0.1",)) as served:
        reader = await a_reader(served, tmp_path, RECEIVER=url)
        await reader.follow(before)
        variables = {"PORT": str(port), "WEBHOOK_SECRET": reader.variables["WEBHOOK_SECRET"]}
        async with program(receiver, port=port, **variables):
            await reader.follow(after)
            forged = {"webhook-id": "evt_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,"}
            async with httpx2.AsyncClient(trust_env=False) as attacker:
                assert (await attacker.post(url, json={"id": "evt_1"}, headers=forged)).status_code == 401
        deliveries = await served.gateway.telling.deliveries.page(
            TenantScope((await served.gateway.organizations.all())[0].id),
            reader.variables["WEBHOOK_ID"],
            limit=10,
            offset=0,
        )
    assert [row.event for row in deliveries.rows] == ["webhook.ping"]


@asynccontextmanager
async def program(source: str, *, port: int, **variables: str) -> AsyncGenerator[None]:
    """Run a page's Python program, which listens on a port, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(10):
            while not await is_listening(port):
                assert process.returncode is None
        yield
    finally:
        process.kill()
        await process.communicate()


async def is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await asyncio.sleep(0.02)
        return False
    writer.close()
    return True


async def test_the_python_client_of_the_page_lists_tools(tmp_path: Path) -> None:
    [block] = [block for block in blocks(ROOT / "docs" / "mcp.md", "python") if "streamable_http_client" in block]
    page: dict[str, Any] = {}
    exec(compile(block, "mcp.md", "exec"), page)
    async with serving(tmp_path) as served:
        shop = await open_shop(served)
        await shop.add("hash-encode", "fixed")

        assert "hash_encode__hash" in await page["tools"](shop.url, await shop.token(shop.alice))
