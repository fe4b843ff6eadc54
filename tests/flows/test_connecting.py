"""Claims about people who connect accounts at Slack, GitHub and Google in a real browser, because an agent asked."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.agents import python_agent
from tests.flows.product import Product, Server
from tests.parts.browser import take_pictures
from tests.parts.emulator_seed import APPS, Person, Service, email_of
from tests.parts.emulators import Emulators
from tests.parts.served import Served, serving
from tests.parts.smtp_sink import SmtpSink, smtp_sink

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PEOPLE: tuple[Person, ...] = ("alice", "bob")
SERVICES: dict[str, Service] = {"slack": "slack", "github": "github", "gmail": "google"}
METHODS = {"slack": "user", "github": "oauth", "gmail": "oauth"}
TITLES = {"slack": "Slack", "github": "GitHub", "gmail": "Gmail"}


@pytest.fixture
async def mails() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


@pytest.fixture
async def served(tmp_path: Path, fresh_emulators: Emulators, mails: SmtpSink) -> AsyncIterator[Served]:
    """A gateway that sends mail, and reaches the emulators where it would reach Slack, GitHub and Google."""
    urls = {name: fresh_emulators.url_map(service) for name, service in SERVICES.items()}
    apps = {
        name: {"client_id": APPS[service].client_id, "client_secret": APPS[service].client_secret}
        for name, service in SERVICES.items()
    }
    post: dict[str, Any] = {"smtp_host": mails.host, "smtp_port": mails.port, "smtp_security": "none"}
    async with serving(tmp_path, urls=urls, apps=apps, mail_from="tools@example.com", **post) as running:
        for name, service in SERVICES.items():
            fresh_emulators.register_redirect_uri(service, f"{running.url}/connect/callback/{name}")
        yield running


@pytest.fixture
async def shop(product: Product) -> Product:
    """A workspace with all three integrations, to which everybody connects an account of their own."""
    for name, method in METHODS.items():
        await product.add(name, authMethodKey=method)
    return product


@pytest.fixture
async def server(shop: Product) -> Server:
    return await shop.server()


async def approve(page: "Page", name: str, person: Person, *, pictures: bool = False) -> None:
    """From the page that offers an account to the one that says whose is connected, through the provider's own."""
    await page.get_by_role("button", name=f"Continue to {TITLES[name]}").click()
    await page.get_by_role("button", name=email_of(person)).click()
    await page.get_by_role("heading", name=f"{TITLES[name]} is connected").wait_for()
    if pictures:
        await take_pictures(page, f"{name} connected")


@pytest.mark.parametrize("name", SERVICES)
async def test_a_link_leads_through_the_providers_consent_to_an_account_of_the_persons_own(
    name: str, shop: Product, server: Server, chromium: "Browser", fresh_emulators: Emulators
) -> None:
    arguments = await what_to_write(name, fresh_emulators)
    for person in PEOPLE:
        context = await chromium.new_context()
        page = await context.new_page()
        await page.goto(await shop.connect_link(person, name))
        await approve(page, name, person)
        await context.close()
    for person in PEOPLE:
        async with python_agent(server.endpoint, await shop.token(server, person), mode="auto") as agent:
            reply = await agent.call(f"{name}__{WRITING[name]}", arguments(f"by {person}"))
            assert not reply.is_error, reply
    assert await written(name, fresh_emulators) >= {("alice", "by alice"), ("bob", "by bob")}


# What agents write, and who wrote it: from the provider's own books.

WRITING = {"slack": "send_channel_message", "github": "create_issue", "gmail": "send_email"}


async def what_to_write(name: str, emulators: Emulators) -> Callable[[str], dict[str, str]]:
    """Return what makes a text into the arguments of the writing tool."""
    channel = await emulators.slack_channel_id("general")
    match name:
        case "slack":
            return lambda text: {"channel": channel, "text": text}
        case "github":
            return lambda text: {"repository": "acme/shared", "title": text}
        case _:
            return lambda text: {"to": "carol@example.com", "subject": text, "body": "Good morning"}


async def written(name: str, emulators: Emulators) -> set[tuple[str, str]]:
    """Return author and text of all that was written."""
    match name:
        case "slack":
            return {(each.author, each.text) for each in await emulators.slack_messages("general")}
        case "github":
            return {(each.author, each.title) for each in await emulators.github_issues()}
        case _:
            sent = {person: await emulators.gmail_messages(person, label="SENT") for person in PEOPLE}
            return {(person, mail.subject) for person, mails in sent.items() for mail in mails}
