"""Claims about grants that nobody uses."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import yaml

from gateway.acme import MANIFEST, Faults
from gateway.connections import keep_alive as module
from gateway.connections.keep_alive import KeepAlive, is_resting_too_long, rest_of
from gateway.kit.ids import new_id
from gateway.settings import Settings
from integrations.auth_methods import OAuth2, Refresh
from storage.records import Connection
from tests.gateway.connections.renewing import LIFETIME, HandClock, Stage, staged
from tests.gateway.connections.test_refresh import NOW, connection
from tests.parts.rest import Rest, new_organization

WEEK = timedelta(days=7)


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    async with staged(settings, HandClock()) as opened:
        yield opened


def with_idle_days(stage: Stage, days: int | None) -> OAuth2:
    method = stage.gateway.catalogs.shipped.get("acme").auth_method("oauth2")
    assert isinstance(method, OAuth2)
    return method.model_copy(update={"refresh": Refresh(idle_days=days)})


@pytest.mark.parametrize(
    ("idle_days", "rest"), [(None, WEEK), (180, WEEK), (14, WEEK), (4, timedelta(days=2)), (1, timedelta(hours=12))]
)
async def test_a_grant_rests_for_half_of_what_its_provider_allows_and_a_week_at_most(
    stage: Stage, idle_days: int | None, rest: timedelta
) -> None:
    assert rest_of(with_idle_days(stage, idle_days)) == rest


def resting(row_id: str) -> Connection:
    row = connection(lifetime=3600, left=3600)
    row.id, row.obtained_at = row_id, NOW
    return row


def test_each_connection_has_a_moment_of_its_own_in_the_last_quarter_of_its_rest() -> None:
    rows = [resting(new_id()) for _ in range(400)]

    def due(share: float) -> int:
        return sum(is_resting_too_long(row, WEEK, NOW + WEEK * share) for row in rows)

    assert due(0.749) == 0
    assert 120 < due(0.875) < 280
    assert due(1) == 400


async def test_what_nobody_used_for_a_week_is_renewed_once(stage: Stage) -> None:
    stage.clock.advance(WEEK.total_seconds() * 0.7)
    assert not await stage.gateway.keep_alive.renew_some()
    assert stage.acme.app.counters.refreshes == 0
    stage.clock.advance(WEEK.total_seconds() * 0.3)
    for _ in range(2):
        await stage.gateway.keep_alive.renew_some()
    assert stage.acme.app.counters.refreshes == 1
    assert (await stage.row()).refreshed_at == stage.clock.now
    assert await stage.succeeds()
    assert stage.acme.app.counters.refreshes == 1


async def test_a_grant_that_has_ended_unnoticed_is_found_out(stage: Stage) -> None:
    stage.acme.app.revoke_tokens("alice")
    stage.clock.advance(WEEK.total_seconds())
    await stage.gateway.keep_alive.renew_some()
    shown = await stage.connection()
    assert shown["status"] == "ERROR"
    assert "Connect the account again" in shown["lastError"]
    await stage.gateway.keep_alive.renew_some()
    assert stage.acme.app.counters.refreshes_refused == 1


async def test_a_provider_in_trouble_is_asked_again_in_a_later_sweep(stage: Stage) -> None:
    stage.acme.app.chaos.token = Faults(server_errors=1)
    stage.clock.advance(WEEK.total_seconds())
    await stage.gateway.keep_alive.renew_some()
    await stage.gateway.keep_alive.renew_some()
    assert (stage.acme.app.counters.faults, stage.acme.app.counters.refreshes) == (1, 0)
    stage.clock.advance(600)
    await stage.gateway.keep_alive.renew_some()
    assert stage.acme.app.counters.refreshes == 1


async def test_many_are_renewed_a_few_at_a_time_and_all_in_the_end(stage: Stage) -> None:
    for number in range(49):
        await stage.connect(externalId=f"account-{number}")
    stage.clock.advance(WEEK.total_seconds())
    seen = [stage.acme.app.counters.refreshes]
    while await stage.gateway.keep_alive.renew_some():
        seen.append(stage.acme.app.counters.refreshes)
    assert seen == [0, 20, 40]
    assert stage.acme.app.counters.refreshes == 50


async def test_a_connection_that_nothing_renews_keeps_nobody_else_waiting(stage: Stage) -> None:
    for number in range(30):
        await stage.connect(externalId=f"plain-{number}", refreshToken=None)
    stage.clock.advance(WEEK.total_seconds())
    while await stage.gateway.keep_alive.renew_some():
        pass
    assert stage.acme.app.counters.refreshes == 1
    assert (await stage.connection())["status"] == "ACTIVE"


async def test_nothing_is_renewed_right_after_a_start(stage: Stage) -> None:
    waits: list[tuple[float, float]] = []
    has_decided = asyncio.Event()

    def jitter(least: float, most: float) -> float:
        waits.append((least, most))
        has_decided.set()
        return most

    stage.clock.advance(WEEK.total_seconds())
    gateway = stage.gateway
    keep_alive = KeepAlive(
        gateway.database, catalogs=gateway.catalogs, refresh=gateway.refresh, clock=stage.clock, jitter=jitter
    )
    async with keep_alive.running():
        await has_decided.wait()
    assert waits == [(30.0, 90.0)]
    assert stage.acme.app.counters.refreshes == 0


def own_acme(name: str, *, idle_days: int | None = None) -> dict[str, Any]:
    """Return Acme's manifest as an organization's own."""
    acme = yaml.safe_load(MANIFEST.read_text())
    oauth = {**acme["auth"][0], "refresh": {} if idle_days is None else {"idle_days": idle_days}}
    return {**acme, "name": name, "auth": [oauth]}


def own_server(name: str) -> dict[str, Any]:
    """Return a remote MCP server where people sign in as at Acme."""
    oauth = {key: value for key, value in own_acme(name)["auth"][0].items() if key != "account"}
    return {"name": name, "title": "Notes", "auth": [oauth], "mcp": {"url": "https://api.acme.example/mcp"}}


async def connect_own(stage: Stage, manifest: dict[str, Any], rest: Rest | None = None) -> str:
    """Make an integration of an organization's own, with Acme's app and a connection that rests; returns its id."""
    rest, app, name = rest or stage.product.rest, stage.acme.app.client, manifest["name"]
    await rest.made("/integrations", {"manifest": manifest})
    known = {"clientId": app.id, "clientSecret": app.secret}
    await rest.made("/oauth-apps", {"integrationName": name, "name": "Ours", **known})
    tokens = stage.acme.app.issue_token("alice")
    given = {"accessToken": tokens["access_token"], "refreshToken": tokens.get("refresh_token"), "expiresIn": LIFETIME}
    what = {"type": "OAUTH2", "integrationName": name, "externalId": "shared", "displayName": "Shared"}
    return (await rest.made("/connections", {**what, **given}))["id"]


async def sweep(stage: Stage) -> int:
    """Go through everything once; returns how many accounts were renewed."""
    before = stage.acme.app.counters.refreshes
    while await stage.gateway.keep_alive.renew_some():
        pass
    return stage.acme.app.counters.refreshes - before


async def test_integrations_of_an_organizations_own_are_kept_alive_too(stage: Stage) -> None:
    own = await connect_own(stage, own_acme("custom-acme"))
    server = await connect_own(stage, own_server("custom-notes"))
    stage.clock.advance(WEEK.total_seconds() * 0.7)
    assert await sweep(stage) == 0
    stage.clock.advance(WEEK.total_seconds() * 0.3)
    assert await sweep(stage) == 3
    assert await sweep(stage) == 0
    for connection_id in (own, server):
        shown = (await stage.product.rest.get("/connections", id=connection_id)).json()["connection"]
        assert shown["lastRefreshedAt"] is not None


async def test_what_two_organizations_call_alike_rests_as_long_as_each_of_them_says(stage: Stage) -> None:
    _, others = await new_organization(Rest(stage.product.rest.client), "others")
    await connect_own(stage, own_acme("custom-acme"))
    short = await connect_own(stage, own_acme("custom-acme", idle_days=2), others)
    stage.clock.advance(timedelta(days=1).total_seconds())
    assert await sweep(stage) == 1
    assert "lastRefreshedAt" in (await others.get("/connections", id=short)).json()["connection"]


async def test_own_integrations_are_taken_some_at_a_time_and_those_that_are_gone_left_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_OWN_AT_ONCE", 2)
    for number in range(5):
        await connect_own(stage, own_acme(f"custom-acme-{number}"))
    keyed = own_acme("custom-acme-3")
    keyed["auth"] = [{"key": "key", "type": "secret_text"}]
    for action in keyed["actions"]:
        action["scopes"] = []
    for lookup in keyed["options"].values():
        lookup["scopes"] = []
    answer = await stage.product.rest.put("/integrations/custom-acme-3", {"manifest": keyed})
    assert answer.status_code == 200, answer.text
    stage.clock.advance(WEEK.total_seconds())
    assert await sweep(stage) == 5
