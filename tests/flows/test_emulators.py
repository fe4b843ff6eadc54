"""Claims about what really happens at Slack, GitHub and Gmail, read from their own books."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.agents import Agent, python_agent
from tests.flows.product import Product, Server
from tests.parts.emulator_seed import Person, Service, email_of
from tests.parts.emulators import Emulators
from tests.parts.served import Served, serving
from tests.parts.strict_guard import Fault

PEOPLE: tuple[Person, ...] = ("alice", "bob")
SERVICES: dict[str, Service] = {"slack": "slack", "github": "github", "gmail": "google"}
METHODS = {"slack": "user", "github": "oauth", "gmail": "oauth"}


@pytest.fixture
async def served(tmp_path: Path, fresh_emulators: Emulators) -> AsyncIterator[Served]:
    """A gateway that reaches the emulators where it would reach Slack, GitHub and Google."""
    urls = {name: fresh_emulators.url_map(service) for name, service in SERVICES.items()}
    async with serving(tmp_path, urls=urls) as running:
        yield running


@pytest.fixture
async def shop(product: Product) -> Product:
    """A workspace with all three integrations, to which everybody connects an account of their own."""
    for name, method in METHODS.items():
        await product.add(name, authMethodKey=method)
    return product


@asynccontextmanager
async def agent_of(person: Person, shop: Product, server: Server | None = None) -> AsyncGenerator[Agent]:
    """Connect a person's agent."""
    server = server or await shop.server()
    async with python_agent(server.endpoint, await shop.token(server, person), mode="auto") as agent:
        yield agent


async def sign_in(shop: Product, emulators: Emulators, name: str, person: Person) -> tuple[dict[str, Any], str]:
    """Let a person sign in at the provider and connect the account; returns the connection and the access token."""
    token = await emulators.access_token(SERVICES[name], person)
    return await shop.connect(person, token, name, authMethodKey=METHODS[name]), token


def mail(subject: str) -> dict[str, str]:
    """What is sent."""
    return {"to": "carol@example.com", "subject": subject, "body": "Good morning"}


# Written by the right person.


@pytest.mark.promise("000-9", "001-4", "001-15")
async def test_a_slack_message_is_written_by_whose_agent_sent_it(shop: Product, fresh_emulators: Emulators) -> None:
    channel = await fresh_emulators.slack_channel_id("general")

    await _write(
        shop, fresh_emulators, "slack", "send_channel_message", lambda text: {"channel": channel, "text": text}
    )

    written = [(message.author, message.text) for message in await fresh_emulators.slack_messages("general")]
    assert written[-4:] == WRITTEN


async def test_a_github_issue_is_opened_by_whose_agent_opened_it(shop: Product, fresh_emulators: Emulators) -> None:
    await _write(
        shop, fresh_emulators, "github", "create_issue", lambda title: {"repository": "acme/shared", "title": title}
    )

    assert {(issue.author, issue.title) for issue in await fresh_emulators.github_issues()} == set(WRITTEN)


async def test_a_gmail_message_leaves_from_the_mailbox_of_whose_agent_sent_it(
    shop: Product, fresh_emulators: Emulators
) -> None:
    await _write(shop, fresh_emulators, "gmail", "send_email", mail)

    for person in PEOPLE:
        sent = await fresh_emulators.gmail_messages(person, label="SENT")
        assert {message.sender for message in sent} == {email_of(person)}
        assert {(person, message.subject) for message in sent} == {each for each in WRITTEN if each[0] == person}


WRITTEN = [(person, f"{person} by {face}") for person in PEOPLE for face in ("MCP", "REST")]


async def _write(
    shop: Product, emulators: Emulators, name: str, action: str, arguments: Callable[[str], dict[str, str]]
) -> None:
    """Have everybody's agent write something over MCP, and the product for everybody over REST."""
    server = await shop.server()
    for person in PEOPLE:
        await sign_in(shop, emulators, name, person)
    for person in PEOPLE:
        async with agent_of(person, shop, server) as agent:
            by_mcp = await agent.call(f"{name}__{action}", arguments(f"{person} by MCP"))
        by_rest = await shop.execute(name, action, person, **arguments(f"{person} by REST"))
        assert not by_mcp.is_error, by_mcp
        assert by_rest.status_code == 200, by_rest.text


# Whose account, when somebody has none.


@pytest.mark.promise("000-24", "001-16")
async def test_who_has_no_account_posts_as_the_teams_bot_and_nobody_else_does(
    product: Product, fresh_emulators: Emulators
) -> None:
    installed = await fresh_emulators.issue_token("slack", "alice")
    bot = await product.connect(None, installed["access_token"], "slack", authMethodKey="bot")
    await product.add("slack", "per_user_with_fallback", connectionId=bot["id"])
    await product.connect("alice", installed["authed_user"]["access_token"], "slack", authMethodKey="user")
    server, channel = await product.server(), await fresh_emulators.slack_channel_id("random")

    for person in PEOPLE:
        async with agent_of(person, product, server) as agent:
            reply = await agent.call("slack__send_channel_message", {"channel": channel, "text": f"for {person}"})
            assert not reply.is_error

    written = [(message.author, message.text) for message in await fresh_emulators.slack_messages("random")]
    assert written[-2:] == [("alice", "for alice"), ("toolgate", "for bob")]


async def test_a_revoked_account_is_never_replaced_by_the_teams_bot(
    product: Product, fresh_emulators: Emulators
) -> None:
    installed = await fresh_emulators.issue_token("slack", "alice")
    bot = await product.connect(None, installed["access_token"], "slack", authMethodKey="bot")
    await product.add("slack", "per_user_with_fallback", connectionId=bot["id"])
    own = installed["authed_user"]["access_token"]
    await product.connect("alice", own, "slack", authMethodKey="user")
    server, channel = await product.server(), await fresh_emulators.slack_channel_id("random")
    fresh_emulators.revoke(own)

    async with agent_of("alice", product, server) as agent:
        for _ in range(2):
            reply = await agent.call("slack__send_channel_message", {"channel": channel, "text": "as whom?"})
            assert reply.is_error
            assert "/connect/s/" in reply.structured["setupUrl"]

    assert all(message.text != "as whom?" for message in await fresh_emulators.slack_messages("random"))


# What goes wrong at the provider.

READING: dict[str, tuple[str, dict[str, Any]]] = {
    "slack": ("list_channels", {}),
    "github": ("get_repository", {"repository": "acme/shared"}),
    "gmail": ("list_messages", {}),
}


@pytest.mark.parametrize("name", SERVICES)
async def test_a_revoked_token_is_answered_with_where_to_reconnect_until_that_is_done(
    name: str, shop: Product, served: Served, fresh_emulators: Emulators
) -> None:
    action, arguments = READING[name]
    connection, token = await sign_in(shop, fresh_emulators, name, "alice")
    async with agent_of("alice", shop) as agent:
        working = await agent.call(f"{name}__{action}", arguments)
        fresh_emulators.revoke(token)
        by_mcp = await agent.call(f"{name}__{action}", arguments)
        by_rest = await shop.execute(name, action, "alice", **arguments)

        assert not working.is_error, working
        assert by_mcp.is_error
        assert f"{served.url}/connect/s/" in by_mcp.text
        assert (by_rest.status_code, by_rest.json()["code"]) == (400, "CONNECTION_REQUIRED")
        assert by_rest.json()["details"]["setupUrl"] == by_mcp.structured["setupUrl"]
        assert token not in by_mcp.text + by_rest.text

        renewed = {"accessToken": await fresh_emulators.access_token(SERVICES[name], "alice")}
        assert (await shop.rest.put(f"/connections/{connection['id']}/credentials", renewed)).status_code == 200
        assert not (await agent.call(f"{name}__{action}", arguments)).is_error


@pytest.mark.parametrize("name", SERVICES)
async def test_a_long_rate_limit_is_told_with_its_wait(name: str, shop: Product, fresh_emulators: Emulators) -> None:
    action, arguments = READING[name]
    await sign_in(shop, fresh_emulators, name, "alice")
    fresh_emulators.inject(SERVICES[name], Fault(status=429, retry_after_seconds=97, times=2))

    async with agent_of("alice", shop) as agent:
        by_mcp = await agent.call(f"{name}__{action}", arguments)
    by_rest = await shop.execute(name, action, "alice", **arguments)

    assert by_mcp.is_error
    assert "wait 97 seconds" in by_mcp.text
    assert (by_mcp.structured["reason"], by_mcp.structured["retryAfter"]) == ("rate_limited", 97)
    assert (by_rest.status_code, by_rest.json()["code"]) == (400, "ACTION_FAILED")
    assert by_rest.json()["error"] == by_mcp.text
    assert by_rest.json()["details"]["retryAfter"] == 97


@pytest.mark.parametrize("name", SERVICES)
async def test_a_short_rate_limit_is_waited_for_where_only_something_is_read(
    name: str, shop: Product, fresh_emulators: Emulators
) -> None:
    action, arguments = READING[name]
    await sign_in(shop, fresh_emulators, name, "alice")
    fresh_emulators.inject(SERVICES[name], Fault(status=429, retry_after_seconds=1))

    async with agent_of("alice", shop) as agent:
        assert not (await agent.call(f"{name}__{action}", arguments)).is_error


async def test_a_missing_scope_is_named(shop: Product, fresh_emulators: Emulators) -> None:
    installed = await fresh_emulators.issue_token("slack", "alice", ask={"user_scope": "channels:read", "scope": ""})
    await shop.connect("alice", installed["authed_user"]["access_token"], "slack", authMethodKey="user")
    channel = await fresh_emulators.slack_channel_id("general")

    async with agent_of("alice", shop) as agent:
        reply = await agent.call("slack__send_channel_message", {"channel": channel, "text": "not allowed"})

    assert reply.is_error
    assert (reply.structured["reason"], reply.structured["neededScopes"]) == ("permission_missing", ["chat:write"])
    assert "chat:write" in reply.text
