"""What a new manifest of an organization's own means for the accounts that were connected before."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import Any

import httpx2
import pytest
import yaml
from sqlalchemy import select
from sqlmodel import col
from starlette.applications import Starlette

from gateway.acme import MANIFEST
from gateway.connections import manifest_changes as module
from gateway.connections.manifest_changes import METHOD_GONE
from gateway.portal.face import portal_routes
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from storage.records import Connection, WebhookDelivery
from storage.scope import TenantScope
from tests.gateway.connections.renewing import HandClock, Stage, staged
from tests.gateway.portal.visiting import Person
from tests.parts.rest import Rest, failure, new_organization

NAME = "custom-acme"
READING = ("profile", "notes.read")


def manifest(*keys: str, actions: tuple[str, ...] = ("whoami", "list_notes"), **changed: Any) -> dict[str, Any]:
    """Return Acme's manifest under a name of the organization's, with these auth methods and actions."""
    acme = yaml.safe_load(MANIFEST.read_text())
    return {
        **acme,
        "name": NAME,
        "auth": [each for each in acme["auth"] if each["key"] in (keys or ("oauth2", "api_key"))],
        "actions": [{**each, **changed} for each in acme["actions"] if each["name"] in actions],
    }


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """An organization with an Acme of its own, where alice's account has granted what reading needs."""
    async with staged(settings, HandClock()) as opened:
        await prepare(opened)
        yield opened


async def prepare(stage: Stage) -> None:
    await stage.product.rest.made("/integrations", {"manifest": manifest()})
    await stage.product.add(NAME)
    stage.shown = await connect(stage, "alice")
    body = {"url": "https://app.example.com/hook", "events": list(TOLD)}
    assert (await stage.product.rest.post("/webhooks", body)).status_code == 201


TOLD = ("connection.scopes_missing", "connection.error", "connection.recovered")


async def connect(stage: Stage, person: str) -> dict[str, Any]:
    token = stage.acme.app.issue_token("alice", scope=READING)["access_token"]
    return await stage.product.connect(person, token, NAME, scope_oauth=" ".join(READING))


async def connect_by_key(stage: Stage, person: str) -> dict[str, Any]:
    body = {
        "type": "SECRET_TEXT",
        "integrationName": NAME,
        "externalId": person,
        "displayName": person,
        "workspaceId": stage.product.workspace_id,
        "endUserId": person,
        "secretText": "acme-key-bob",
    }
    return await stage.product.rest.made("/connections", body)


async def replace(stage: Stage, body: dict[str, Any]) -> None:
    answer = await stage.product.rest.put(f"/integrations/{NAME}", {"manifest": body})
    assert answer.status_code == 200, answer.text


async def told(stage: Stage) -> list[tuple[str, str]]:
    """Return what the backend is told of, and of which connections, in the order of the events."""
    async with stage.gateway.database.read() as tx:
        rows = list(await tx.session.scalars(select(WebhookDelivery).order_by(col(WebhookDelivery.sequence))))
    return [(row.event, json.loads(row.body)["data"]["connection"]["externalId"]) for row in rows]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 -- what another task writes to the database
            await asyncio.sleep(0.01)


async def until_shown(stage: Stage, **expected: Any) -> None:
    async def holds() -> bool:
        shown = await stage.connection()
        return all(shown.get(name) == value for name, value in expected.items())

    await until(holds)


async def call(stage: Stage, action: str, **inputs: Any) -> httpx2.Response:
    return await stage.product.execute(NAME, action, "alice", **inputs)


async def test_accounts_that_lack_what_a_new_manifest_needs_are_marked_and_told_of(stage: Stage) -> None:
    await replace(stage, manifest(actions=("whoami", "list_notes", "create_note")))
    await until_shown(stage, missingScopes=["notes.write"])
    assert await told(stage) == [("connection.scopes_missing", "alice-at-custom-acme")]


async def test_a_manifest_that_needs_less_takes_the_mark_back(stage: Stage) -> None:
    await replace(stage, manifest(actions=("whoami", "list_notes", "create_note", "get_picture")))
    await until_shown(stage, missingScopes=["notes.write", "files.read"])
    await replace(stage, manifest(actions=("list_notes", "get_picture")))
    await until_shown(stage, missingScopes=["files.read"])
    await replace(stage, manifest())
    await until_shown(stage, missingScopes=None)
    assert len(await told(stage)) == 1


async def test_a_call_that_a_new_manifest_brought_says_where_its_scope_is_given(stage: Stage) -> None:
    await replace(stage, manifest(actions=("whoami", "create_note")))
    await until_shown(stage, missingScopes=["notes.write"])
    refused = await call(stage, "create_note", title="Hello")
    assert failure(refused) == (400, "CONNECTION_REQUIRED")
    details = refused.json()["details"]
    assert (details["reason"], details["missingScopes"]) == ("scopes_missing", ["notes.write"])
    assert details["setupUrl"].startswith(f"{stage.gateway.settings.public_url}/connect/s/")
    assert (await call(stage, "whoami")).status_code == 200


async def test_accounts_by_a_method_that_is_gone_have_to_be_connected_again(stage: Stage) -> None:
    await replace(stage, manifest("api_key"))
    await until_shown(stage, status="ERROR", lastError=METHOD_GONE)
    assert await told(stage) == [("connection.error", "alice-at-custom-acme")]
    refused = await call(stage, "whoami")
    assert failure(refused) == (400, "CONNECTION_REQUIRED")
    assert refused.json()["details"]["reason"] == "own_connection_broken"
    assert "/connect/s/" in refused.json()["details"]["setupUrl"]


async def test_the_page_offers_the_method_that_is_there_now_and_mends_the_same_connection(stage: Stage) -> None:
    await replace(stage, manifest("api_key"))
    await until_shown(stage, status="ERROR")
    link, url = await stage.product.connect_link("alice", NAME), stage.gateway.settings.public_url
    transport = httpx2.ASGITransport(app=Starlette(routes=portal_routes(stage.gateway)))
    async with httpx2.AsyncClient(transport=transport, base_url=url) as client:
        person = Person(client, url)
        page = await person.open(link)
        assert METHOD_GONE in page.text
        await person.send(page.form(f"{url}/connect/credential"), **{"api_key.secretText": "acme-key-alice"})
    await until_shown(stage, status="ACTIVE", authMethodKey="api_key", lastError=None)
    assert (await call(stage, "whoami")).status_code == 200


async def test_accounts_work_again_as_soon_as_their_method_is_back(stage: Stage) -> None:
    await replace(stage, manifest("api_key"))
    await until_shown(stage, status="ERROR")
    await replace(stage, manifest())
    await until_shown(stage, status="ACTIVE", lastError=None)
    assert [event for event, _ in await told(stage)] == ["connection.error", "connection.recovered"]
    assert (await call(stage, "whoami")).status_code == 200


async def test_accounts_that_were_broken_before_stay_so_when_their_method_comes_back(stage: Stage) -> None:
    row = await stage.row()
    await stage.gateway.refresh.mark_rejected(row, "revoked")
    reason = (await stage.connection())["lastError"]
    await replace(stage, manifest("api_key"))
    await replace(stage, manifest(actions=("whoami", "create_note")))
    await until_shown(stage, missingScopes=["notes.write"])
    assert ((await stage.connection())["status"], (await stage.connection())["lastError"]) == ("ERROR", reason)


async def test_an_integration_without_any_method_breaks_no_account(stage: Stage) -> None:
    open_to_all = {**manifest(scopes=[]), "auth": [], "options": {}}
    for action in open_to_all["actions"]:
        for each in action.get("input", {}).values():
            each.pop("options", None)
    await replace(stage, open_to_all)
    await replace(stage, manifest(actions=("whoami", "list_notes", "create_note")))
    await until_shown(stage, missingScopes=["notes.write"], status="ACTIVE")
    assert [event for event, _ in await told(stage)] == ["connection.scopes_missing"]


async def test_many_accounts_are_taken_some_at_a_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    for number in range(4):
        await connect(stage, f"person-{number}")
    await replace(stage, manifest("api_key"))
    await until(lambda: has_told(stage, 5))
    assert {event for event, _ in await told(stage)} == {"connection.error"}


async def has_told(stage: Stage, count: int) -> bool:
    return len(await told(stage)) == count


async def test_an_integration_of_the_same_name_elsewhere_has_its_own_accounts(stage: Stage) -> None:
    _, others = await new_organization(Rest(stage.product.rest.client), "others")
    await others.made("/integrations", {"manifest": manifest()})
    answer = await others.put(f"/integrations/{NAME}", {"manifest": manifest("api_key")})
    assert answer.status_code == 200, answer.text
    await replace(stage, manifest(actions=("whoami", "create_note")))
    await until_shown(stage, missingScopes=["notes.write"], status="ACTIVE")


async def test_what_a_process_did_not_come_to_is_found_by_the_next(settings: Settings) -> None:
    async with staged(settings, HandClock()) as stage:
        await prepare(stage)
        scope, oauth = TenantScope((await stage.row()).organization_id), stage.shown["id"]
        keyed = await connect_by_key(stage, "bob")
    write_manifest(settings, manifest("oauth2", actions=("whoami", "create_note")))
    async with open_gateway(settings, catalog=Catalog(further=[MANIFEST])) as gateway:
        await until(lambda: is_marked(gateway, scope, oauth))
        await until(lambda: is_broken(gateway, scope, keyed["id"]))
    write_manifest(settings, manifest())
    async with open_gateway(settings, catalog=Catalog(further=[MANIFEST])) as gateway:
        await until(lambda: is_sound(gateway, scope, oauth))
        await until(lambda: is_sound(gateway, scope, keyed["id"]))


def write_manifest(settings: Settings, body: dict[str, Any]) -> None:
    """Leave what a process leaves that is killed right after its commit."""
    with closing(sqlite3.connect(settings.data_dir / "toolgate.db")) as file:
        file.execute("update own_integrations set manifest = ?", (json.dumps(body),))
        file.commit()


async def connection(gateway: Gateway, scope: TenantScope, connection_id: str) -> Connection:
    async with gateway.database.read() as tx:
        row = await tx.connections.get(scope, connection_id)
    assert row is not None
    return row


async def is_marked(gateway: Gateway, scope: TenantScope, connection_id: str) -> bool:
    return (await connection(gateway, scope, connection_id)).missing_scopes == ["notes.write"]


async def is_broken(gateway: Gateway, scope: TenantScope, connection_id: str) -> bool:
    return (await connection(gateway, scope, connection_id)).last_error == METHOD_GONE


async def is_sound(gateway: Gateway, scope: TenantScope, connection_id: str) -> bool:
    row = await connection(gateway, scope, connection_id)
    return (row.status, row.last_error, row.missing_scopes) == ("ACTIVE", None, None)
