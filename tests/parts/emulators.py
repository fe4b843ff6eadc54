"""Slack, GitHub and Google on this machine: emulate's services, each behind a strict guard, and the test's hands on them."""

import json
import re
import socket
import subprocess
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
import uvicorn

from tests.parts.dialects import DIALECTS
from tests.parts.emulator_seed import APPS, REDIRECT_URI, Person, Service, email_of, reading_token, seed_of
from tests.parts.node import Node
from tests.parts.ports import free_port
from tests.parts.strict_guard import Fault, SeenCall, StrictGuard

LAUNCHER = Path(__file__).parents[1] / "node" / "emulators.mjs"


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message as Slack holds it; `author` is the user's name, `toolgate` for the bot."""

    author: str
    text: str
    ts: str


@dataclass(frozen=True, slots=True)
class GitHubIssue:
    """An issue as GitHub holds it."""

    number: int
    title: str
    author: str


@dataclass(frozen=True, slots=True)
class GmailMessage:
    """A message in one person's mailbox."""

    id: str
    sender: str
    to: str
    subject: str
    labels: tuple[str, ...]


class Emulators:
    """The three providers. `url[service]` is the guard's address: what the gateway is given as the provider."""

    def __init__(
        self, guards: dict[Service, StrictGuard], url: dict[Service, str], launcher: "subprocess.Popen[str]"
    ) -> None:
        self.url = url
        self._guards = guards
        self._launcher = launcher
        for service in guards:
            self.register_redirect_uri(service, REDIRECT_URI)

    # What a test does to the providers.

    def register_redirect_uri(self, service: Service, uri: str) -> None:
        """Let the service's app send people back to `uri`; exact comparison."""
        self._guards[service].books.redirect_uris.add(uri)

    def url_map(self, service: Service) -> dict[str, str]:
        """The `urls` setting that leads an integration here: prefixes of the real addresses → the guard's."""
        return {real: f"{self.url[service]}{path}" for real, path in DIALECTS[service].url_map.items()}

    def inject(self, service: Service, fault: Fault) -> None:
        """Let the next calls fail or wait; faults apply in the order they were injected."""
        self._guards[service].faults.append(fault)

    def revoke(self, token: str) -> None:
        """End the grant of this access or refresh token, as its owner would in the provider's settings."""
        assert any(guard.books.revoke(token) for guard in self._guards.values()), "nobody issued this token"

    def expire(self, service: Service, token: str) -> None:
        """Let this access token's lifetime be over."""
        self._guards[service].books.expire(token)

    def shorten_lifetime(self, service: Service, seconds: float) -> None:
        """New access tokens of a service with expiry (Google) live this long."""
        self._guards[service].books.lifetime_seconds = seconds

    def reset(self) -> None:
        """Put the seed back; every token, fault and seen call is gone."""
        _tell(self._launcher, "reset")
        for guard in self._guards.values():
            guard.books.forget_everything()
            guard.faults.clear()
            guard.calls.clear()

    # What a person does with the providers.

    async def issue_token(
        self, service: Service, person: Person, *, ask: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Sign in as `person` through the real pages; returns the token endpoint's answer.

        Slack is asked for the bot (`access_token`) and the person (`authed_user.access_token`) at once. `ask` replaces
        parameters of the authorize page.
        """
        app, dialect = APPS[service], DIALECTS[service]
        scope = ("," if service == "slack" else " ").join(app.scopes)
        asked = {"client_id": app.client_id, "redirect_uri": REDIRECT_URI, "scope": scope, "response_type": "code"}
        asked |= {"slack": {"user_scope": scope}, "google": {"access_type": "offline"}}.get(service, {})
        asked |= ask or {}
        async with httpx2.AsyncClient(base_url=self.url[service], trust_env=False) as client:
            page = await client.get(dialect.authorize_path, params=asked)
            action, fields = _consent_form(page.text, email_of(person))
            back = await client.post(action, data=fields)
            code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
            redemption = {
                "grant_type": "authorization_code",
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "code": code,
                "redirect_uri": REDIRECT_URI,
            }
            answer = await client.post(dialect.token_path, data=redemption, headers={"Accept": "application/json"})
        return cast("dict[str, Any]", answer.json())

    async def access_token(self, service: Service, person: Person) -> str:
        """The person's own access token, freshly issued."""
        answer = await self.issue_token(service, person)
        return str(answer["authed_user"]["access_token"] if service == "slack" else answer["access_token"])

    # What the providers hold: read past the guard, so that it proves what really happened.

    def calls(self, service: Service) -> list[SeenCall]:
        """Every call that reached the service, oldest first."""
        return list(self._guards[service].calls)

    async def slack_messages(self, channel: str) -> list[SlackMessage]:
        """The messages of the channel with this name, oldest first."""
        users = {user["id"]: user["name"] for user in (await self._read_slack("users.list"))["members"]}
        channel_id = await self.slack_channel_id(channel)
        history = (await self._read_slack("conversations.history", channel=channel_id))["messages"]
        return [SlackMessage(users[item["user"]], item["text"], item["ts"]) for item in reversed(history)]

    async def slack_channel_id(self, channel: str) -> str:
        """The id of the channel with this name."""
        channels = (await self._read_slack("conversations.list"))["channels"]
        return next(str(item["id"]) for item in channels if item["name"] == channel)

    async def github_issues(self, repository: str = "acme/shared") -> list[GitHubIssue]:
        """The issues of `owner/name`, oldest first: `acme/shared`, or a person's `alice/alice-notes`."""
        owner = repository.partition("/")[0]
        reader: Person = "bob" if owner == "bob" else "alice"
        path = f"/repos/{repository}/issues?state=all&direction=asc&per_page=100"
        items = await self._read("github", reader, path)
        return [GitHubIssue(item["number"], item["title"], item["user"]["login"]) for item in items]

    async def gmail_messages(self, person: Person, *, label: str | None = None) -> list[GmailMessage]:
        """The messages in the person's mailbox, such as those they sent (label `SENT`)."""
        query = f"?labelIds={label}" if label else ""
        listed = await self._read("google", person, f"/gmail/v1/users/me/messages{query}")
        return [await self._gmail_message(person, item["id"]) for item in listed.get("messages", [])]

    async def _gmail_message(self, person: Person, message_id: str) -> GmailMessage:
        message = await self._read("google", person, f"/gmail/v1/users/me/messages/{message_id}")
        headers = {header["name"].lower(): header["value"] for header in message["payload"]["headers"]}
        labels = tuple(message["labelIds"])
        return GmailMessage(message_id, headers["from"], headers["to"], headers["subject"], labels)

    async def _read_slack(self, method: str, **arguments: str) -> Any:
        answer = await self._read("slack", "alice", f"/api/{method}", arguments)
        assert answer["ok"], answer
        return answer

    async def _read(self, service: Service, person: Person, path: str, form: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {reading_token(service, person)}"}
        async with httpx2.AsyncClient(base_url=self._guards[service].emulator_url, trust_env=False) as client:
            if form is None:
                answer = await client.get(path, headers=headers)
            else:
                answer = await client.post(path, headers=headers, data=form)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="session")
def emulators(node: Node) -> Iterator[Emulators]:
    """Slack, GitHub and Google with alice and bob, kept through the whole run: what tests do there stays there."""
    sockets: dict[Service, socket.socket] = {}
    urls: dict[Service, str] = {}
    guards: dict[Service, StrictGuard] = {}
    plan: dict[Service, dict[str, Any]] = {}
    for service, dialect in DIALECTS.items():
        # Listens already, so that nobody has to wait for the server behind it.
        sockets[service] = socket.create_server(("127.0.0.1", 0))
        urls[service] = f"http://127.0.0.1:{sockets[service].getsockname()[1]}"
        port = free_port()
        guards[service] = StrictGuard(dialect, f"http://127.0.0.1:{port}")
        plan[service] = {"port": port, "baseUrl": urls[service], "seed": seed_of(service)}
    command = [str(node.binary), str(LAUNCHER)]
    with (
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=node.environment
        ) as launcher,
        _served([(guards[service], sockets[service]) for service in guards]),
    ):
        _tell(launcher, json.dumps(plan))
        yield Emulators(guards, urls, launcher)


@pytest.fixture
def fresh_emulators(emulators: Emulators) -> Emulators:
    """The same providers with their seed put back: nobody has signed in, nothing has been written."""
    emulators.reset()
    return emulators


@contextmanager
def _served(parts: list[tuple[StrictGuard, socket.socket]]) -> Generator[None]:
    """The guards, in a thread with an event loop of its own: tests come and go with theirs."""
    servers = [uvicorn.Server(uvicorn.Config(guard.app, log_config=None, ws="none")) for guard, _ in parts]

    async def serve() -> None:
        async with anyio.create_task_group() as tasks:
            for server, (_, opened) in zip(servers, parts, strict=True):
                tasks.start_soon(server.serve, [opened])
        for guard, _ in parts:
            await guard.close()

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        thread.join()


def _tell(launcher: "subprocess.Popen[str]", line: str) -> None:
    assert launcher.stdin is not None
    assert launcher.stdout is not None
    launcher.stdin.write(f"{line}\n")
    launcher.stdin.flush()
    assert launcher.stdout.readline() == "ready\n", "the emulators did not start; their error stands above"


def _consent_form(page: str, email: str) -> tuple[str, dict[str, str]]:
    """Where the button with this e-mail address posts to, and what."""
    forms = re.findall(r'<form [^>]*action="([^"]+)">(.*?)</form>', page, re.DOTALL)
    action, inside = next((action, inside) for action, inside in forms if f">{email}<" in inside)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', inside)
    return unescape(action), {name: unescape(value) for name, value in fields}
