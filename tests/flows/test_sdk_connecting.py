"""The original's Python package has people connect accounts: by session, by portal link, by invitation."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import httpx2
import pytest
from weavz_sdk import WeavzClient, WeavzError

from gateway.demo.visitor import Page, Visitor
from tests.parts.rest import Rest, new_organization
from tests.parts.served import Served, serving
from tests.parts.smtp_sink import SmtpSink, smtp_sink

Told = TypeVar("Told")


@pytest.fixture
async def mails() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


@pytest.fixture
async def served(tmp_path: Path, mails: SmtpSink) -> AsyncIterator[Served]:
    """A gateway that can send mail."""
    post: dict[str, Any] = {
        "smtp_host": mails.host,
        "smtp_port": mails.port,
        "smtp_security": "none",
        "mail_from": "tools@example.com",
    }
    async with serving(tmp_path, **post) as running:
        yield running


@pytest.fixture
async def sdk(served: Served, anonymous: Rest) -> AsyncIterator[WeavzClient]:
    _, api = await new_organization(anonymous, "acme")
    client = WeavzClient(api.headers["Authorization"].removeprefix("Bearer "), base_url=served.url, timeout=30)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
async def person() -> AsyncIterator[Visitor]:
    """Somebody with a browser of their own."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield Visitor(client)


@pytest.fixture
async def workspace_id(sdk: WeavzClient) -> str:
    made = await told(lambda: sdk.workspaces.create(name="Acme", slug="acme"))
    await told(
        lambda: sdk.workspaces.add_integration(
            made["workspace"]["id"], integration_name="acme", connection_strategy="per_user"
        )
    )
    return made["workspace"]["id"]


async def told(call: Callable[[], Told]) -> Told:
    """The package blocks: it runs in a thread while our loop serves it."""
    return await anyio.to_thread.run_sync(call)


async def begin(sdk: WeavzClient, workspace_id: str, **wanted: Any) -> dict[str, Any]:
    return await told(
        lambda: sdk.connect.create_token(
            integration_name="acme",
            connection_name="Alice at Acme",
            external_id="alice-acme",
            workspace_id=workspace_id,
            **wanted,
        )
    )


async def approve(person: Visitor, page: Page, decision: str = "Allow", *, who: str = "alice") -> Page:
    """Go from our page to Acme's, decide there, and come back."""
    consent = await person.press(page, "Continue to Acme")
    assert "asks for access to your Acme account" in consent.heading
    return await person.press(consent, decision, person=who)


def wait(sdk: WeavzClient, session: dict[str, Any]) -> "asyncio.Task[dict[str, Any]]":
    return asyncio.create_task(told(lambda: sdk.connect.wait(session["token"], timeout=30, interval=0.05)))


@pytest.mark.promise("001-10")
async def test_waiting_for_a_session_ends_when_the_person_has_approved(
    sdk: WeavzClient, workspace_id: str, person: Visitor
) -> None:
    session = await begin(sdk, workspace_id, end_user_id="user_alice")
    assert (await told(lambda: sdk.connect.poll(session["token"])))["status"] == "PENDING"
    waiting = wait(sdk, session)
    done = await approve(person, await person.open(session["connectUrl"]))
    assert done.heading == "Acme is connected"
    result = await waiting
    assert (result["status"], result["externalId"], result["error"]) == ("COMPLETED", "alice-acme", None)
    connection = (await told(lambda: sdk.connections.get(result["connectionId"])))["connection"]
    assert (connection["externalId"], connection["endUserId"]) == ("alice-acme", "user_alice")
    shown = (await told(lambda: sdk.connect.get_session(session["sessionId"])))["session"]
    assert (shown["status"], shown["connectionId"]) == ("COMPLETED", connection["id"])
    ran = await told(lambda: sdk.actions.execute("acme", "whoami", workspace_id=workspace_id, end_user_id="user_alice"))
    assert ran["output"]["id"] == "alice"


async def test_waiting_ends_as_well_when_the_person_declines(
    sdk: WeavzClient, workspace_id: str, person: Visitor
) -> None:
    session = await begin(sdk, workspace_id)
    waiting = wait(sdk, session)
    page = await approve(person, await person.open(session["connectUrl"]), "t allow")
    assert page.heading == "Acme is not connected"
    result = await waiting
    assert (result["status"], result["connectionId"]) == ("FAILED", None)
    assert "did not allow" in result["error"]


async def test_waiting_gives_up_when_nobody_comes(sdk: WeavzClient, workspace_id: str) -> None:
    session = await begin(sdk, workspace_id)
    with pytest.raises(WeavzError) as given_up:
        await told(lambda: sdk.connect.wait(session["token"], timeout=0.2, interval=0.05))
    assert (given_up.value.code, given_up.value.status) == ("CONNECT_TIMEOUT", 408)


@pytest.mark.promise("000-4", "000-8", "000-11", "001-3", "001-13")
async def test_a_portal_link_connects_an_account_of_the_end_user_with_no_further_call(
    sdk: WeavzClient, workspace_id: str, person: Visitor
) -> None:
    alice = await told(lambda: sdk.end_users.create(workspace_id=workspace_id, external_id="user_alice"))
    alice_id = alice["endUser"]["id"]
    link = await told(lambda: sdk.end_users.create_connect_token(alice_id, integration_name="acme", expires_in=3600))
    done = await approve(person, await person.open(link["connectUrl"]))
    assert done.heading == "Acme is connected"
    assert "alice@acme.example" in done.text
    [connection] = (await told(lambda: sdk.end_users.get(alice_id)))["connections"]
    assert (connection["integrationName"], connection["endUserId"]) == ("acme", "user_alice")


@pytest.mark.promise("000-10")
async def test_an_invitation_is_a_mail_whose_link_connects(
    sdk: WeavzClient, workspace_id: str, person: Visitor, mails: SmtpSink
) -> None:
    alice = await told(lambda: sdk.end_users.create(workspace_id=workspace_id, external_id="user_alice"))
    alice_id = alice["endUser"]["id"]
    await told(lambda: sdk.end_users.invite(alice_id, email="alice@example.com", integration_name="acme"))
    mail = await mails.mail_to("alice@example.com")
    [address] = re.findall(r"https?://\S+/connect/\S+", mail.text)
    assert address in mail.html.replace("&amp;", "&")
    done = await approve(person, await person.open(address))
    assert done.heading == "Acme is connected"
    [connection] = (await told(lambda: sdk.end_users.get(alice_id)))["connections"]
    assert connection["endUserId"] == "user_alice"
