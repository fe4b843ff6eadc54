"""The same rules on PostgreSQL: what the database refuses has the same names there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from gateway.app import create_app
from gateway.connections import missing_scopes
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.parts.rest import SERVICE_KEY, Rest, failure, new_organization


@pytest.fixture
async def api(tmp_path: Path, new_postgres_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Rest]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(await new_postgres_database()),
        service_key=SecretStr(SERVICE_KEY),
        rate_limit_per_minute=100_000,
    )
    async with open_gateway(settings) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            yield (await new_organization(Rest(client), "acme"))[1]


async def test_twenty_at_once_make_one_of_each(api: Rest) -> None:
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    server = await api.made("/mcp/servers", {"name": "S", "workspaceId": "a"})
    asked = [
        ("/workspaces", {"name": "B", "slug": "b"}, "DUPLICATE"),
        ("/end-users", {"workspaceId": "a", "externalId": "alice"}, "DUPLICATE"),
        ("/workspaces/a/integrations", {"integrationName": "hash-encode"}, "ALIAS_CONFLICT"),
        (f"/mcp/servers/{server['id']}/tools", {"integrationName": "slack", "actionName": "a"}, "DUPLICATE"),
    ]
    for path, body, code in asked:
        answers = await asyncio.gather(*(api.post(path, body) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
        assert {failure(answer)[1] for answer in answers if answer.status_code == 409} == {code}


async def test_a_static_token_and_per_user_never_meet_however_they_race(api: Rest) -> None:
    for round_ in range(5):
        slug = f"race-{round_}"
        await api.made("/workspaces", {"name": "R", "slug": slug})
        server, added = await asyncio.gather(
            api.post("/mcp/servers", {"name": "S", "workspaceId": slug, "authMode": "bearer"}),
            api.post(
                f"/workspaces/{slug}/integrations", {"integrationName": "slack", "connectionStrategy": "per_user"}
            ),
        )
        assert ("bearerToken" in server.json()) == (added.status_code == 409)


async def test_values_come_back_as_they_went_in(api: Rest) -> None:
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    metadata = {"big": 10**30, "float": 0.1, "text": "ü\u2028", "list": [None, True]}
    made = await api.made("/end-users", {"workspaceId": "a", "externalId": "alice", "metadata": metadata})
    assert (await api.get(f"/end-users/{made['id']}")).json()["endUser"] == made
    rows = [{"externalId": "alice", "metadata": metadata}, {"externalId": "bob", "email": "Bob@Example.com"}]
    synced = (await api.put("/end-users/sync", {"workspaceId": "a", "endUsers": rows})).json()
    assert (synced["unchanged"], synced["created"]) == (1, 1)
    assert (await api.get("/end-users", workspaceId="a", email="bob@example.COM")).json()["total"] == 1
    assert (await api.delete("/workspaces/a")).status_code == 200
    assert (await api.get("/mcp/servers")).json()["total"] == 0


async def test_accounts_are_marked_for_what_they_lack_at_once_and_beside_the_requests(
    api: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing_scopes, "FEW", 2)
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    slack = {"integrationName": "slack", "connectionStrategy": "per_user", "enabledActions": ["list_channels"]}
    added = await api.made("/workspaces/a/integrations", slack)
    for number in range(4):
        account = {"type": "OAUTH2", "integrationName": "slack", "authMethodKey": "user", "accessToken": "xoxp"}
        names = {"externalId": f"s{number}", "displayName": "S", "workspaceId": "a", "endUserId": f"u{number}"}
        made = await api.made("/connections", {**account, **names, "scope_oauth": "channels:read,groups:read"})
        assert "missingScopes" not in made
    changed = {"enabledActions": ["list_channels", "send_channel_message"]}
    assert (await api.patch(f"/workspaces/a/integrations/{added['id']}", changed)).status_code == 200
    async with asyncio.timeout(20):
        while await marks(api) != {("chat:write",)}:  # noqa: ASYNC110 -- what another task writes to the database
            await asyncio.sleep(0.01)


async def marks(api: Rest) -> set[tuple[str, ...]]:
    connections: list[dict[str, Any]] = (await api.get("/connections")).json()["connections"]
    return {tuple(each.get("missingScopes", ())) for each in connections}
