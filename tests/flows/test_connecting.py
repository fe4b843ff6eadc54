"""Claims about people who connect accounts at Slack, GitHub and Google in a real browser, because an agent asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.agents import Action, python_agent
from tests.flows.product import Product, Server
from tests.parts.browser import take_pictures
from tests.parts.emulator_seed import APPS, PEOPLE, Person, Service, email_of
from tests.parts.emulators import Emulators
from tests.parts.served import Served, serving
from tests.parts.smtp_sink import SmtpSink, smtp_sink

if TYPE_CHECKING:
    from playwright.async_api import Browser

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
    for person in PEOPLE:
        end_user = await product.end_user(person)
        known = {"email": email_of(person), "displayName": PEOPLE[person]}
        assert (await product.rest.patch(f"/end-users/{end_user['id']}", known)).status_code == 200
    return product


@pytest.fixture
async def server(shop: Product) -> Server:
    return await shop.server()


@pytest.mark.promise("000-8", "000-20", "000-21")
@pytest.mark.parametrize("name", SERVICES)
async def test_an_agents_call_works_once_its_person_has_followed_the_link_and_approved(
    name: str, shop: Product, server: Server, chromium: "Browser", fresh_emulators: Emulators, mails: SmtpSink
) -> None:
    tool, arguments = f"{name}__{WRITING[name]}", await what_to_write(name, fresh_emulators)
    for person in PEOPLE:
        async with python_agent(server.endpoint, await shop.token(server, person), mode="auto") as agent:
            missing = await agent.call(tool, arguments(f"by {person}"))
            assert missing.is_error
            assert missing.structured["setupUrl"] in missing.text
            await connect(
                chromium, missing.structured["setupUrl"], name, person=person, mails=mails, keep=person == "alice"
            )
            assert not (await agent.call(tool, arguments(f"by {person}"))).is_error

    assert await written(name, fresh_emulators) >= {("alice", "by alice"), ("bob", "by bob")}


async def test_a_call_that_waits_goes_on_by_itself_when_its_person_has_approved(
    shop: Product, chromium: "Browser", fresh_emulators: Emulators, mails: SmtpSink
) -> None:
    server = await shop.server(settings={"connectWaitSeconds": 60})
    arguments = (await what_to_write("slack", fresh_emulators))("while it waits")
    links: asyncio.Queue[str] = asyncio.Queue()

    async def follow(progress: float, total: float | None, message: str | None) -> None:
        assert total == 60 > progress
        links.put_nowait((message or "").rpartition(" ")[2])

    token = await shop.token(server, "alice")
    async with python_agent(server.endpoint, token, mode="auto") as agent, asyncio.TaskGroup() as tasks:
        call = agent.client.call_tool("slack__send_channel_message", arguments, progress_callback=follow)
        calling = tasks.create_task(call)
        await connect(chromium, await links.get(), "slack", person="alice", mails=mails)
        assert not (await calling).is_error

    assert ("alice", "while it waits") in await written("slack", fresh_emulators)


async def test_a_client_that_opens_links_goes_on_by_its_own_retry(
    shop: Product, chromium: "Browser", fresh_emulators: Emulators, mails: SmtpSink
) -> None:
    server = await shop.server()
    arguments = (await what_to_write("github", fresh_emulators))("opened by the client")

    async def follow(link: str) -> Action:
        await connect(chromium, link, "github", person="bob", mails=mails)
        return "accept"

    async with python_agent(server.endpoint, await shop.token(server, "bob"), mode="auto", on_url=follow) as agent:
        assert not (await agent.call("github__create_issue", arguments)).is_error

    assert ("bob", "opened by the client") in await written("github", fresh_emulators)


async def test_who_does_not_read_the_persons_mail_comes_no_further(
    shop: Product, server: Server, chromium: "Browser", mails: SmtpSink
) -> None:
    async with python_agent(server.endpoint, await shop.token(server, "alice"), mode="auto") as agent:
        missing = await agent.call("slack__list_channels")
    page = await chromium.new_page()
    await page.goto(missing.structured["setupUrl"])
    await page.get_by_role("button", name="Send the code").click()
    right = (await mails.mail_to(email_of("alice"))).code
    await page.get_by_label("Code").fill(f"{(int(right) + 1) % 1_000_000:06}")
    await page.get_by_role("button", name="Continue", exact=True).click()
    await page.get_by_role("alert").wait_for()
    assert await page.get_by_role("button", name="Continue to Slack").count() == 0


async def connect(
    chromium: "Browser", link: str, name: str, *, person: Person, mails: SmtpSink, keep: bool = False
) -> None:
    """Follow the link of a tool's answer to the end, in a browser of the person's own; `keep` pictures of every page."""
    context = await chromium.new_context()
    page = await context.new_page()

    async def look(step: str) -> None:
        if keep:
            await take_pictures(page, f"setup {name} {step}")

    await page.goto(link)
    await look("1 who is it")
    await page.get_by_role("button", name="Send the code").click()
    code = (await mails.mail_to(email_of(person))).code
    await look("2 code")
    await page.get_by_label("Code").fill(code)
    await page.get_by_role("button", name="Continue", exact=True).click()
    await look("3 account")
    await page.get_by_role("button", name=f"Continue to {TITLES[name]}").click()
    await page.get_by_role("button", name=email_of(person)).click()
    await page.get_by_role("heading", name=f"{TITLES[name]} is connected").wait_for()
    await look("4 connected")
    await context.close()


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
