"""Claims about people who connect accounts at a protected remote MCP server in a real browser, because an agent asked."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.agents import Agent, Reply, python_agent
from tests.flows.product import Product, Server
from tests.parts.emulator_seed import PEOPLE, Person, email_of
from tests.parts.ports import free_port
from tests.parts.served import Served, serving
from tests.parts.smtp_sink import SmtpSink, smtp_sink
from tests.parts.talking import serving as serving_mcp
from tests.support.protected_mcp import WRITE, Notebooks, create_app

if TYPE_CHECKING:
    from playwright.async_api import Browser

NAME, ALIAS = "custom-notes", "notes"
WHOAMI, CONNECT = f"{ALIAS}__whoami", f"{ALIAS}__connect"


@pytest.fixture
async def mails() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


@pytest.fixture
async def served(tmp_path: Path, mails: SmtpSink) -> AsyncIterator[Served]:
    """A gateway that sends mail, and may reach servers on this machine."""
    post: dict[str, Any] = {"smtp_host": mails.host, "smtp_port": mails.port, "smtp_security": "none"}
    async with serving(tmp_path, egress_allow=("127.0.0.1",), mail_from="tools@example.com", **post) as running:
        yield running


@pytest.fixture
async def books() -> AsyncIterator[Notebooks]:
    """The notebooks of a remote server, which serves until the test ends."""
    port = free_port()
    notebooks = Notebooks(f"http://127.0.0.1:{port}")
    async with serving_mcp(create_app(notebooks), port=port):
        yield notebooks


@pytest.fixture
async def server(product: Product, books: Notebooks) -> Server:
    """An MCP server of ours that has the remote one."""
    await bring(product, books)
    await product.add(NAME, alias=ALIAS)
    for person in PEOPLE:
        end_user = await product.end_user(person)
        known = {"email": email_of(person), "displayName": PEOPLE[person]}
        assert (await product.rest.patch(f"/end-users/{end_user['id']}", known)).status_code == 200
    return await product.server()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_each_person_connects_an_account_of_their_own_and_gets_their_own_data(
    mode: str, product: Product, server: Server, books: Notebooks, chromium: "Browser", mails: SmtpSink
) -> None:
    for person in PEOPLE:
        async with python_agent(server.endpoint, await product.token(server, person), mode=mode) as agent:
            tool, link = await setup_url(agent)
            await connect(chromium, link, person=person, mails=mails)
            assert not (await agent.call(tool)).is_error
        async with python_agent(server.endpoint, await product.token(server, person), mode=mode) as agent:
            assert (await agent.call(WHOAMI)).text == person
            assert f"{person} keeps this" in (await agent.call(f"{ALIAS}__list_notes")).text

    assert sorted(token.subject or "" for token in books.access.values()) == sorted(PEOPLE)
    assert len(books.clients) == 1


async def test_a_permission_that_a_call_needs_besides_is_given_in_the_browser(
    product: Product, server: Server, books: Notebooks, chromium: "Browser", mails: SmtpSink
) -> None:
    token = await product.token(server, "alice")
    async with python_agent(server.endpoint, token, mode="auto") as agent:
        _, link = await setup_url(agent)
        await connect(chromium, link, person="alice", mails=mails)
        await agent.call(CONNECT)
    async with python_agent(server.endpoint, token, mode="auto") as agent:
        wanted = await agent.call(f"{ALIAS}__add_note", {"text": "by alice"})
        assert WRITE in wanted.text
        await connect(chromium, link_in(wanted), person="alice", mails=mails, sees=WRITE)
        assert not (await agent.call(f"{ALIAS}__add_note", {"text": "by alice"})).is_error
    assert books.notes["alice"][-1] == "by alice"


async def bring(product: Product, books: Notebooks, **fields: Any) -> dict[str, Any]:
    """Make an integration of the remote server."""
    body = {"name": NAME, "title": "Notebooks", "url": f"{books.url}/mcp", **fields}
    answer = await product.rest.post("/integrations/mcp", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def setup_url(agent: Agent) -> tuple[str, str]:
    """Return a tool that takes nothing, and the link that it answers with as long as there is no account."""
    tool = next(name for name in await agent.tool_names() if name in {CONNECT, WHOAMI})
    return tool, link_in(await agent.call(tool))


def link_in(reply: Reply) -> str:
    """Return the link to the portal that stands in an error."""
    assert reply.is_error
    found = re.search(r"https?://\S+/connect/s/[^\s,]+", reply.text)
    assert found is not None, reply.text
    return found[0]


async def connect(chromium: "Browser", link: str, *, person: Person, mails: SmtpSink, sees: str = "Notebooks") -> None:
    """Follow the link to the end, in a browser of the person's own; `sees` is what the page has to tell."""
    async with AsyncExitStack() as stack:
        context = await chromium.new_context()
        stack.push_async_callback(context.close)
        page = await context.new_page()
        mails.received.clear()
        await page.goto(link)
        await page.get_by_role("button", name="Send the code").click()
        await page.get_by_label("Code").fill((await mails.mail_to(email_of(person))).code)
        await page.get_by_role("button", name="Continue", exact=True).click()
        going = page.get_by_role("button", name="Continue to Notebooks")
        await going.wait_for()
        assert sees in await page.inner_text("main")
        await going.click()
        await page.get_by_role("button", name=person.title()).click()
        await page.get_by_role("heading", name="Notebooks is connected").wait_for()
