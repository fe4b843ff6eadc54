"""Scopes that the enabled actions need and an account has not granted."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlmodel import col

from gateway.acme import MANIFEST
from gateway.connections import missing_scopes as module
from gateway.connections.missing_scopes import lacking_scopes, needed_scopes
from gateway.settings import Settings
from gateway.wiring import open_gateway
from integrations.catalog import Catalog
from storage.records import WebhookDelivery, WorkspaceIntegration
from storage.scope import TenantScope
from tests.gateway.connections.renewing import LIFETIME, HandClock, Stage, staged
from tests.parts.rest import failure

READING = ["whoami", "list_notes", "get_note"]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GMAIL = "https://www.googleapis.com/auth/gmail."
EMAIL = "https://www.googleapis.com/auth/userinfo.email"


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """Alice's account at Acme, connected with everything that there is; the workspace enables only reading."""
    async with staged(settings, HandClock()) as opened:
        await change(opened, enabledActions=READING)
        yield opened


async def integration_of(stage: Stage) -> dict[str, Any]:
    path = f"/workspaces/{stage.product.workspace_id}/integrations"
    return (await stage.product.rest.get(path)).json()["integrations"][0]


async def change(stage: Stage, **fields: Any) -> None:
    await stage.product.change(await integration_of(stage), **fields)


async def grant(stage: Stage, *scopes: str, person: str = "alice", **fields: Any) -> None:
    """Connect an account that has granted just these."""
    tokens = stage.acme.app.issue_token(person, scope=scopes)
    given: dict[str, Any] = {"refreshToken": tokens.get("refresh_token"), "expiresIn": LIFETIME}
    given["scope_oauth"] = " ".join(scopes)
    await stage.product.rest.delete(f"/connections/{stage.shown['id']}")
    stage.shown = await stage.product.connect(person, tokens["access_token"], **{**given, **fields})


async def told(stage: Stage) -> list[str]:
    """Return the events of which the backend is told, in their order."""
    async with stage.gateway.database.read() as tx:
        found = await tx.session.execute(select(col(WebhookDelivery.event)).order_by(col(WebhookDelivery.sequence)))
    return list(found.scalars())


async def write_note(stage: Stage) -> httpx2.Response:
    return await stage.product.execute("acme", "create_note", "alice", title="Hello")


async def test_an_account_that_grants_what_is_enabled_lacks_nothing(stage: Stage) -> None:
    await grant(stage, "profile", "notes.read")
    assert "missingScopes" not in await stage.connection()


async def test_enabling_more_marks_the_accounts_that_lack_it_and_less_takes_the_mark_back(stage: Stage) -> None:
    await grant(stage, "profile", "notes.read")
    await change(stage, enabledActions=[*READING, "create_note", "get_picture"])
    assert (await stage.connection())["missingScopes"] == ["notes.write", "files.read"]
    person = await stage.product.rest.get("/end-users", workspaceId=stage.product.workspace_id, externalId="alice")
    shown = (await stage.product.rest.get(f"/end-users/{person.json()['endUsers'][0]['id']}")).json()["connections"]
    assert [each["missingScopes"] for each in shown] == [["notes.write", "files.read"]]
    await change(stage, enabledActions=[*READING, "get_picture"])
    assert (await stage.connection())["missingScopes"] == ["files.read"]
    await change(stage, enabledActions=READING)
    assert "missingScopes" not in await stage.connection()


async def test_what_was_granted_is_held_against_what_is_needed_when_an_account_is_connected(stage: Stage) -> None:
    await grant(stage, "profile")
    assert (await stage.connection())["missingScopes"] == ["notes.read"]


async def test_an_account_of_which_nobody_said_what_it_grants_is_not_marked(stage: Stage) -> None:
    await grant(stage, "profile", scope_oauth=None)
    assert "missingScopes" not in await stage.connection()


async def test_a_new_credential_that_brings_the_scopes_takes_the_mark_away(stage: Stage) -> None:
    await grant(stage, "profile")
    answer = await stage.product.rest.put(f"/connections/{stage.shown['id']}/credentials", everything(stage))
    assert "missingScopes" not in answer.json()["connection"]


async def test_a_renewal_whose_answer_brings_the_scopes_takes_the_mark_away(stage: Stage) -> None:
    await grant(stage, "profile", "notes.read", scope_oauth="profile")
    assert (await stage.connection())["missingScopes"] == ["notes.read"]
    stage.clock.advance(LIFETIME)
    assert await stage.succeeds()
    assert "missingScopes" not in await stage.connection()


async def test_a_shared_account_is_held_against_what_pins_it(stage: Stage) -> None:
    tokens = stage.acme.app.issue_token("bob", scope=["profile"])
    shared = await stage.product.connect(None, tokens["access_token"], scope_oauth="profile")
    assert "missingScopes" not in shared
    stage.shown = shared
    team = await stage.product.add("acme", "fixed", alias="team", connectionId=shared["id"], enabledActions=READING)
    assert (await stage.connection())["missingScopes"] == ["notes.read"]
    await stage.product.remove(team)
    assert "missingScopes" not in await stage.connection()


async def test_a_sibling_alias_asks_nothing_of_an_account_that_it_can_not_use(stage: Stage) -> None:
    await grant(stage, "profile", "notes.read")
    await stage.product.add("acme", alias="writing", enabledActions=["create_note"])
    assert "missingScopes" not in await stage.connection()


async def test_a_call_that_lacks_a_permission_says_which_and_where_to_give_it(stage: Stage) -> None:
    await grant(stage, "profile", "notes.read")
    await change(stage, enabledActions=[*READING, "create_note"])
    answer = await write_note(stage)
    assert failure(answer) == (400, "CONNECTION_REQUIRED")
    details = answer.json()["details"]
    assert (details["reason"], details["missingScopes"]) == ("scopes_missing", ["notes.write"])
    assert "notes.write" in answer.json()["error"]
    assert details["setupUrl"] in answer.json()["error"]
    assert (await stage.product.execute("acme", "list_notes", "alice")).status_code == 200
    await grant(stage, "profile", "notes.read", "notes.write")
    assert (await write_note(stage)).status_code == 200


async def test_explaining_whose_account_a_call_would_use_tells_what_it_lacks(stage: Stage) -> None:
    await grant(stage, "profile")
    body = {"integrationName": "acme", "workspaceId": stage.product.workspace_id, "endUserId": "alice"}
    explained = (await stage.product.rest.post("/connections/explain", body)).json()
    assert explained["connection"]["missingScopes"] == ["notes.read"]


async def test_a_mark_that_is_wrong_stops_no_call(stage: Stage) -> None:
    await grant(stage, "profile", "notes.read", "notes.write", scope_oauth="profile")
    await change(stage, enabledActions=[*READING, "create_note"])
    assert (await stage.connection())["missingScopes"] == ["notes.read", "notes.write"]
    assert (await write_note(stage)).status_code == 200


async def test_a_shared_account_that_lacks_a_permission_gives_nobody_a_link(stage: Stage) -> None:
    tokens = stage.acme.app.issue_token("bob", scope=["profile"])
    shared = await stage.product.connect(None, tokens["access_token"], scope_oauth="profile")
    await stage.product.add("acme", "fixed", alias="team", connectionId=shared["id"])
    answer = await stage.product.rest.post(
        "/actions/execute",
        {
            "integrationName": "acme",
            "integrationAlias": "team",
            "actionName": "list_notes",
            "workspaceId": stage.product.workspace_id,
            "endUserId": "alice",
        },
    )
    assert failure(answer) == (400, "CONNECTION_REQUIRED")
    assert "setupUrl" not in answer.json()["details"]
    assert "notes.read" in answer.json()["error"]


async def test_the_backend_is_told_once_of_what_is_missing(stage: Stage) -> None:
    body = {"url": "https://app.example.com/hook", "events": ["connection.scopes_missing"]}
    assert (await stage.product.rest.post("/webhooks", body)).status_code == 201
    await grant(stage, "profile", "notes.read")
    assert await told(stage) == []
    for _ in range(2):
        await change(stage, enabledActions=[*READING, "create_note"])
    assert await told(stage) == ["connection.scopes_missing"]
    await change(stage, enabledActions=READING)
    assert await told(stage) == ["connection.scopes_missing"]


async def test_what_is_told_of_a_new_credential_shows_what_it_still_lacks(stage: Stage) -> None:
    body = {"url": "https://app.example.com/hook"}
    assert (await stage.product.rest.post("/webhooks", body)).status_code == 201
    await grant(stage, "profile")
    await stage.product.rest.put(f"/connections/{stage.shown['id']}/credentials", everything(stage))
    async with stage.gateway.database.read() as tx:
        found = await tx.session.execute(select(WebhookDelivery).order_by(col(WebhookDelivery.sequence)))
    of_it = [each for each in found.scalars() if stage.shown["id"] in each.body]
    lacking = [(each.event, json.loads(each.body)["data"]["connection"].get("missingScopes")) for each in of_it]
    assert lacking == [
        ("connection.created", ["notes.read"]),
        ("connection.scopes_missing", ["notes.read"]),
        ("connection.updated", None),
    ]


def everything(stage: Stage) -> dict[str, str]:
    return {"accessToken": stage.acme.app.issue_token("alice")["access_token"], "scope_oauth": "profile notes.read"}


async def marked(stage: Stage) -> int:
    async with stage.gateway.database.read() as tx:
        rows = await tx.connections.all_granted(after="", limit=1000)
    return len([row for row in rows if row.missing_scopes])


async def until_marked(stage: Stage, count: int) -> None:
    async with asyncio.timeout(20):
        while await marked(stage) != count:  # noqa: ASYNC110 -- what another task writes to the database
            await asyncio.sleep(0.01)


async def test_many_accounts_are_marked_beside_the_requests(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 3)
    monkeypatch.setattr(module, "_PAGE", 2)
    await stage.product.rest.delete(f"/connections/{stage.shown['id']}")
    for number in range(7):
        await stage.product.connect(f"person-{number}", "a-token", scope_oauth="profile notes.read")
    await change(stage, enabledActions=[*READING, "create_note"])
    await until_marked(stage, 7)
    await change(stage, enabledActions=READING)
    await until_marked(stage, 0)


async def test_accounts_that_a_new_release_asks_more_of_are_marked_when_it_starts(settings: Settings) -> None:
    async with staged(settings, HandClock()) as stage:
        await grant(stage, "profile", "notes.read")
        connection_id, scope = stage.shown["id"], TenantScope((await stage.row()).organization_id)
    with closing(sqlite3.connect(settings.data_dir / "toolgate.db")) as file:
        file.execute("update connections set missing_scopes = null")
        file.commit()
    async with open_gateway(settings, catalog=Catalog(further=[MANIFEST])) as gateway, asyncio.timeout(20):
        found = None
        while not found:
            await asyncio.sleep(0.01)
            async with gateway.database.read() as tx:
                row = await tx.connections.get(scope, connection_id)
            assert row is not None
            found = row.missing_scopes
    assert found == ["notes.write", "files.read"]


def instance(*enabled: str, method: str | None = None) -> WorkspaceIntegration:
    return WorkspaceIntegration(
        id="i",
        organization_id="o",
        workspace_id="w",
        integration_name="gmail",
        alias="gmail",
        tool_prefix="gmail",
        connection_strategy="per_user",
        auth_method_key=method,
        enabled_actions=list(enabled),
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (["openid", EMAIL, f"{GMAIL}send"], []),
        (["openid", EMAIL, f"{GMAIL}modify"], []),
        (["openid", EMAIL, "https://mail.google.com/"], []),
        (["openid", "email", f"{GMAIL}compose"], []),
        (["openid", EMAIL, f"{GMAIL}readonly"], [f"{GMAIL}send"]),
        (["openid", f"{GMAIL}send"], ["email"]),
    ],
)
def test_a_broader_scope_and_googles_own_names_count(granted: list[str], missing: list[str]) -> None:
    gmail = Catalog().get("gmail")
    method = gmail.auth_method("oauth")
    needed = needed_scopes(gmail, method, [instance("send_email")])
    assert lacking_scopes(method, needed, granted) == missing


def test_nothing_is_needed_where_nobody_uses_the_account_or_uses_it_by_another_method() -> None:
    gmail = Catalog().get("gmail")
    method = gmail.auth_method("oauth")
    assert needed_scopes(gmail, method, []) == ()
    assert needed_scopes(gmail, method, [instance("send_email", method="another")]) == ()


def test_several_uses_need_what_each_needs_once() -> None:
    gmail = Catalog().get("gmail")
    both = [instance("send_email"), instance("send_email", "modify_labels")]
    needed = needed_scopes(gmail, gmail.auth_method("oauth"), both)
    assert len(needed) == len(set(needed))
    assert {"openid", "email", f"{GMAIL}send"} <= set(needed)


def test_what_is_lacked_keeps_the_order_in_which_it_is_asked() -> None:
    method = Catalog().get("github").auth_method("oauth")
    assert lacking_scopes(method, ["c", "a", "b"], ["a"]) == ["c", "b"]
