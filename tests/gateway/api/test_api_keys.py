"""API keys over REST (contract 1.8)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.parts.rest import Rest, failure, new_organization


async def test_a_new_key_is_answered_as_the_contract_says(anonymous: Rest) -> None:
    organization, api = await new_organization(anonymous, "acme")
    answer = await api.post("/api-keys", {"name": "CI"})
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "apiKey": {
            "id": ANY,
            "orgId": organization["id"],
            "name": "CI",
            "keyPrefix": made["plainKey"][:8],
            "permissions": None,
            "lastUsedAt": None,
            "expiresAt": None,
            "createdAt": ANY,
        },
        "plainKey": ANY,
    }
    assert made["plainKey"].startswith("wvz_")
    listed = (await api.get("/api-keys")).json()
    assert listed["total"] == 2
    assert listed["apiKeys"][1] == made["apiKey"]
    assert (await api.get("/api-keys", limit=1, offset=1)).json()["apiKeys"] == [made["apiKey"]]


async def test_permissions_are_told_exactly_as_they_were_sent(api: Rest) -> None:
    workspace = await api.made("/workspaces", {"name": "A", "slug": "a"})
    sent: list[dict[str, Any]] = [
        {"scope": "org"},
        {"scope": "org", "approvals": {}},
        {"scope": "org", "approvals": {"decide": True}},
        {"scope": "workspace", "workspaceIds": [workspace["id"].upper()], "approvals": {"decide": False}},
    ]
    for permissions in sent:
        answer = await api.post("/api-keys", {"name": "A", "permissions": permissions})
        assert answer.json()["apiKey"]["permissions"] == permissions


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"name": None},
        {"permissions": {}},
        {"permissions": {"scope": "all"}},
        {"permissions": {"scope": "workspace"}},
        {"permissions": {"scope": "workspace", "workspaceIds": []}},
        {"permissions": {"scope": "workspace", "workspaceIds": ["acme"]}},
        {"permissions": {"scope": "workspace", "workspaceIds": None}},
        {"permissions": {"scope": "org", "workspaceIds": []}},
        {"permissions": {"scope": "org", "extra": 1}},
        {"permissions": "org"},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2099-01-01T00:00:00"},
        {"expiresAt": "9999-12-31T23:59:59-23:59"},
        {"expiresAt": "tomorrow"},
        {"expiresAt": 4_000_000_000},
    ],
)
async def test_a_bad_key_is_refused(api: Rest, bad: dict[str, Any]) -> None:
    assert failure(await api.post("/api-keys", {"name": "A", **bad})) == (400, "VALIDATION_ERROR")
    assert (await api.get("/api-keys")).json()["total"] == 1


async def test_the_keys_of_another_organization_are_unknown(anonymous: Rest, api: Rest) -> None:
    _, stranger = await new_organization(anonymous, "other")
    (key,) = (await api.get("/api-keys")).json()["apiKeys"]
    assert failure(await stranger.delete(f"/api-keys/{key['id']}")) == (404, "NOT_FOUND")
    assert key not in (await stranger.get("/api-keys")).json()["apiKeys"]


@pytest.fixture
def now() -> list[datetime]:
    return [datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)]


@pytest.fixture
async def timed(settings: Settings, now: list[datetime]) -> AsyncIterator[Rest]:
    """A client without a key of a gateway whose clock is ours."""
    async with open_gateway(settings, clock=lambda: now[0]) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            yield Rest(client)


async def test_the_last_use_is_noted_once_a_minute(timed: Rest, now: list[datetime]) -> None:
    organization, api = await new_organization(timed, "acme")
    operator = timed.as_operator(organization["id"])

    async def last_used() -> Any:
        return (await operator.get("/api-keys")).json()["apiKeys"][0]["lastUsedAt"]

    assert await last_used() is None
    seen: list[Any] = []
    for seconds in (0, 59, 1, 30):
        now[0] += timedelta(seconds=seconds)
        await api.get("/workspaces")
        seen.append(await last_used())
    assert seen == ["2026-11-21T12:00:00.000Z"] * 2 + ["2026-11-21T12:01:00.000Z"] * 2
