"""Claims about agents whose person's provider forgives nothing: PKCE, tokens of seconds, rotation with reuse detection."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx2
import pytest

from gateway.acme import MANIFEST as ACME
from gateway.demo.visitor import Page, Visitor
from integrations.catalog import Catalog
from tests.flows.agents import python_agent
from tests.flows.product import Product, Server, open_product
from tests.parts.mcp_wire import Wire
from tests.parts.rest import Rest
from tests.parts.served import Served, serving
from tests.parts.smtp_sink import SmtpSink, smtp_sink
from tests.parts.strict_provider import MANIFEST, StrictProvider

if TYPE_CHECKING:
    from playwright.async_api import Browser

LIFETIME = 5
"""Seconds. A refresh is due a tenth of it ahead of the end."""
CALLS, AGENTS = 200, 10


@pytest.fixture
async def mails() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


@pytest.fixture
async def served(tmp_path: Path, strict_provider: StrictProvider, mails: SmtpSink) -> AsyncIterator[Served]:
    urls, apps = {"strict": strict_provider.url_map}, {"strict": strict_provider.app}
    post: dict[str, Any] = {"smtp_host": mails.host, "smtp_port": mails.port, "smtp_security": "none"}
    post |= {"mail_from": "tools@example.com", "catalog": lambda: Catalog(further=[ACME, MANIFEST])}
    async with serving(tmp_path, urls=urls, apps=apps, **post) as running:
        strict_provider.register_redirect_uri(f"{running.url}/connect/callback/strict")
        yield running


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=CALLS)
    async with httpx2.AsyncClient(base_url=served.url, trust_env=False, timeout=60, limits=limits) as client:
        yield client


@pytest.fixture
async def product(http: httpx2.AsyncClient) -> Product:
    product = await open_product(Rest(http))
    await product.add("strict")
    return product


@pytest.fixture
async def server(product: Product) -> Server:
    return await product.server()


async def connect(product: Product, person: str) -> Page:
    """Have a person connect the account of the same name, from a portal link to our last page."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        visitor = Visitor(client)
        page = await visitor.open(await product.connect_link(person, "strict"))
        sign_in = await visitor.press(page, "Continue to Strict")
        consent = await visitor.press(sign_in, "Sign-in", login=person, password="any")
        return await visitor.press(consent, "Continue")


async def agents(product: Product, server: Server, person: str) -> list[Wire]:
    client = product.rest.client
    return [Wire(client, server.endpoint, await product.token(server, person)) for _ in range(AGENTS)]


async def test_200_parallel_calls_across_an_expiry_renew_once_and_none_fails(
    product: Product, server: Server, strict_provider: StrictProvider
) -> None:
    strict_provider.set_lifetime(LIFETIME)
    done = await connect(product, "alice")
    assert done.heading == "Strict is connected"
    assert "alice@example.com" in done.text
    wires = await agents(product, server, "alice")
    for renewals in range(1, 3):
        before = strict_provider.books()
        # Real time, because the provider measures it: until the token has ended there too.
        await asyncio.sleep(LIFETIME)
        results = await asyncio.gather(*(wire.call("strict__whoami") for wire in wires * (CALLS // AGENTS)))
        assert {(result["isError"], result["structuredContent"]["sub"]) for result in results} == {(False, "alice")}
        after = strict_provider.books()
        assert (after.refreshes, after.refreshes_refused, after.refused) == (renewals, 0, 0)
        assert after.served["alice"] - before.served["alice"] == CALLS


async def test_an_agents_call_works_once_its_person_has_signed_in_there_in_a_real_browser(
    product: Product, server: Server, chromium: "Browser", mails: SmtpSink, strict_provider: StrictProvider
) -> None:
    alice = await product.end_user("alice")
    await product.rest.patch(f"/end-users/{alice['id']}", {"email": "alice@example.com"})
    async with python_agent(server.endpoint, await product.token(server, "alice"), mode="auto") as agent:
        missing = await agent.call("strict__whoami")
        page = await chromium.new_page()
        await page.goto(missing.structured["setupUrl"])
        await page.get_by_role("button", name="Send the code").click()
        await page.get_by_label("Code").fill((await mails.mail_to("alice@example.com")).code)
        await page.get_by_role("button", name="Continue", exact=True).click()
        await page.get_by_role("button", name="Continue to Strict").click()
        await page.get_by_placeholder("login").fill("alice")
        await page.get_by_placeholder("password").fill("any")
        await page.get_by_role("button", name="Sign-in").click()
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("heading", name="Strict is connected").wait_for()
        assert (await agent.call("strict__whoami")).structured["sub"] == "alice"
    assert strict_provider.books().codes == 1


async def test_each_persons_calls_are_made_with_their_own_account(
    product: Product, server: Server, strict_provider: StrictProvider
) -> None:
    for person in ("alice", "bob"):
        await connect(product, person)
    before = strict_provider.books().served
    for person in ("alice", "bob"):
        [wire, *_] = await agents(product, server, person)
        assert (await wire.call("strict__whoami"))["structuredContent"]["email"] == f"{person}@example.com"
    after = strict_provider.books().served
    assert {person: after[person] - before[person] for person in after} == {"alice": 1, "bob": 1}


async def test_after_the_provider_revokes_the_next_call_says_where_to_reconnect_and_that_mends_it(
    served: Served, product: Product, server: Server, strict_provider: StrictProvider
) -> None:
    await connect(product, "alice")
    [wire, *_] = await agents(product, server, "alice")
    assert not (await wire.call("strict__whoami"))["isError"]
    strict_provider.revoke("alice")
    for _ in range(2):
        refused = await wire.call("strict__whoami")
        assert refused["isError"]
        assert f"{served.url}/connect/s/" in refused["content"][0]["text"]
    assert strict_provider.books().refreshes_refused == 1
    await connect(product, "alice")
    assert (await wire.call("strict__whoami"))["structuredContent"]["sub"] == "alice"


async def test_disconnecting_ends_the_grant_at_the_provider(
    product: Product, server: Server, strict_provider: StrictProvider
) -> None:
    await connect(product, "alice")
    [connection] = (await product.rest.get("/connections")).json()["connections"]
    assert (await product.rest.delete(f"/connections/{connection['id']}")).status_code == 200
    async with asyncio.timeout(10):
        await anyio.to_thread.run_sync(strict_provider.wait_for_revocation)
    [wire, *_] = await agents(product, server, "alice")
    assert (await wire.call("strict__whoami"))["isError"]
