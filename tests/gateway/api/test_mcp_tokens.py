"""Tokens that stand for end users (contract 1.7, 4.7)."""

from typing import Any
from unittest.mock import ANY

import pytest
from sqlalchemy import select
from sqlmodel import col

from gateway.access.mcp_tokens import MOST_LIVE
from gateway.kit.ids import new_id
from gateway.mcp.auth import McpDoorkeeper
from gateway.wiring import Gateway
from storage.records import McpToken
from tests.parts.rest import Rest, failure

SERVERS = "/mcp/servers"


@pytest.fixture
async def server(api: Rest) -> dict[str, Any]:
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    await api.made("/end-users", {"workspaceId": "a", "externalId": "alice"})
    await api.made("/end-users", {"workspaceId": "a", "externalId": "bob"})
    return await api.made(SERVERS, {"name": "S", "workspaceId": "a", "authMode": "oauth_and_bearer"})


@pytest.fixture
def doorkeeper(gateway: Gateway) -> McpDoorkeeper:
    return McpDoorkeeper(database=gateway.database, clock=gateway.clock, changes=gateway.changes)


async def opens(doorkeeper: McpDoorkeeper, server: dict[str, Any], token: str) -> bool:
    door = await doorkeeper.door(f"srv_{server['id']}")
    return door is not None and await doorkeeper.admit(door, token) is not None


@pytest.mark.promise("000-13")
async def test_a_new_token_is_answered_as_the_contract_says(api: Rest, server: dict[str, Any]) -> None:
    body = {"endUserId": "alice", "scopes": ["mcp:tools"], "expiresIn": 2_592_000}
    answer = await api.post(f"{SERVERS}/{server['id']}/access-tokens", body)
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "accessToken": ANY,
        "bearerToken": made["accessToken"],
        "token": {
            "id": ANY,
            "tokenPrefix": made["accessToken"][:8],
            "scopes": ["mcp:tools"],
            "endUserId": "alice",
            "authMethod": "bearer",
            "tokenType": "mcp_bearer",
            "expiresAt": ANY,
            "createdAt": ANY,
        },
        "mcpEndpoint": server["mcpEndpoint"],
    }
    assert made["accessToken"].startswith("mcp_")
    oauth = (await api.post(f"{SERVERS}/{server['id']}/oauth-tokens", {"endUserId": "alice"})).json()
    assert oauth["accessToken"].startswith("mcpo_")
    assert set(oauth) == {"accessToken", "token", "mcpEndpoint"}
    assert set(oauth["token"]) == {"id", "tokenPrefix", "scopes", "endUserId", "expiresAt", "createdAt"}


async def test_tokens_are_listed_and_revoked(api: Rest, server: dict[str, Any], doorkeeper: McpDoorkeeper) -> None:
    path = f"{SERVERS}/{server['id']}/access-tokens"
    alice = (await api.post(path, {"endUserId": "alice"})).json()
    bob = (await api.post(path, {"endUserId": "bob"})).json()
    assert (await api.get(path)).json() == {"tokens": [alice["token"], bob["token"]], "total": 2}
    assert (await api.get(path, endUserId="bob")).json() == {"tokens": [bob["token"]], "total": 1}
    assert await opens(doorkeeper, server, alice["accessToken"])
    answer = await api.delete(f"{path}/{alice['token']['id']}")
    assert answer.json() == {"deleted": True, "id": alice["token"]["id"]}
    assert not await opens(doorkeeper, server, alice["accessToken"])
    assert await opens(doorkeeper, server, bob["accessToken"])
    assert failure(await api.delete(f"{path}/{alice['token']['id']}")) == (404, "NOT_FOUND")


async def test_an_external_id_goes_before_our_own(api: Rest, server: dict[str, Any]) -> None:
    alice = (await api.get("/end-users", workspaceId="a", externalId="alice")).json()["endUsers"][0]
    path = f"{SERVERS}/{server['id']}/access-tokens"
    by_id = (await api.post(path, {"endUserId": alice["id"]})).json()
    assert by_id["token"]["endUserId"] == "alice"
    await api.made("/end-users", {"workspaceId": "a", "externalId": alice["id"]})
    by_lookalike = (await api.post(path, {"endUserId": alice["id"]})).json()
    assert by_lookalike["token"]["endUserId"] == alice["id"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"scopes": []}, (400, "INVALID_MCP_SCOPES")),
        ({"scopes": ["mcp:code"]}, (400, "INVALID_MCP_SCOPES")),
        ({"scopes": ["mcp:tools", "admin"]}, (400, "INVALID_MCP_SCOPES")),
        ({"scopes": "mcp:tools"}, (400, "VALIDATION_ERROR")),
        ({"expiresIn": 0}, (400, "VALIDATION_ERROR")),
        ({"expiresIn": 10**12}, (400, "VALIDATION_ERROR")),
        ({"expiresIn": "3600"}, (400, "VALIDATION_ERROR")),
        ({"endUserId": "nobody"}, (404, "END_USER_NOT_FOUND")),
        ({"endUserId": None}, (400, "VALIDATION_ERROR")),
    ],
)
async def test_a_bad_token_is_refused(
    api: Rest, server: dict[str, Any], change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    for kind in ("access-tokens", "oauth-tokens"):
        answer = await api.post(f"{SERVERS}/{server['id']}/{kind}", {"endUserId": "alice", **change})
        assert failure(answer) == refusal
    assert (await api.get(f"{SERVERS}/{server['id']}/access-tokens")).json()["total"] == 0


async def test_a_mode_takes_only_its_own_tokens_and_the_others_die(
    api: Rest, server: dict[str, Any], doorkeeper: McpDoorkeeper
) -> None:
    path, alice = f"{SERVERS}/{server['id']}", {"endUserId": "alice"}
    bearer = (await api.post(f"{path}/access-tokens", alice)).json()["accessToken"]
    oauth = (await api.post(f"{path}/oauth-tokens", alice)).json()["accessToken"]
    static = (await api.post(f"{path}/regenerate-token")).json()["bearerToken"]
    await api.patch(path, {"authMode": "bearer"})
    assert [await opens(doorkeeper, server, token) for token in (bearer, oauth, static)] == [True, False, True]
    assert failure(await api.post(f"{path}/oauth-tokens", alice)) == (409, "MCP_OAUTH_DISABLED")
    await api.patch(path, {"authMode": "oauth"})
    await api.patch(path, {"authMode": "oauth_and_bearer"})
    assert [await opens(doorkeeper, server, token) for token in (bearer, oauth, static)] == [False, False, False]
    await api.patch(path, {"authMode": "oauth"})
    assert failure(await api.post(f"{path}/access-tokens", alice)) == (409, "MCP_BEARER_DISABLED")


async def test_whom_a_token_stands_for_never_changes(
    api: Rest, server: dict[str, Any], doorkeeper: McpDoorkeeper
) -> None:
    path = f"{SERVERS}/{server['id']}"
    tokens = [
        (await api.post(f"{path}/access-tokens", {"endUserId": name})).json()["accessToken"]
        for name in ("alice", "bob")
    ]
    tokens.append((await api.post(f"{path}/regenerate-token")).json()["bearerToken"])
    pinned = (await api.patch(path, {"endUserId": "alice"})).json()
    assert [await opens(doorkeeper, server, token) for token in tokens] == [True, False, False]
    assert await opens(doorkeeper, server, pinned["bearerToken"])
    refused = await api.post(f"{path}/access-tokens", {"endUserId": "bob"})
    assert failure(refused) == (400, "VALIDATION_ERROR")
    again = (await api.patch(path, {"endUserId": "alice", "name": "T"})).json()
    assert "bearerToken" not in again
    freed = (await api.patch(path, {"endUserId": None})).json()
    assert not await opens(doorkeeper, server, pinned["bearerToken"])
    assert await opens(doorkeeper, server, freed["bearerToken"])


async def test_tokens_of_a_suspended_or_deleted_end_user_open_nothing(
    api: Rest, server: dict[str, Any], doorkeeper: McpDoorkeeper
) -> None:
    path = f"{SERVERS}/{server['id']}/access-tokens"
    token = (await api.post(path, {"endUserId": "alice"})).json()["accessToken"]
    alice = (await api.get("/end-users", workspaceId="a", externalId="alice")).json()["endUsers"][0]
    assert await opens(doorkeeper, server, token)
    await api.post(f"/end-users/{alice['id']}/suspend")
    assert not await opens(doorkeeper, server, token)
    assert failure(await api.post(path, {"endUserId": "alice"})) == (403, "FORBIDDEN")
    await api.post(f"/end-users/{alice['id']}/resume")
    assert await opens(doorkeeper, server, token)
    await api.delete(f"/end-users/{alice['id']}")
    assert not await opens(doorkeeper, server, token)
    assert (await api.get(path)).json() == {"tokens": [], "total": 0}


async def test_a_server_of_a_deleted_end_user_serves_nobody(
    api: Rest, server: dict[str, Any], doorkeeper: McpDoorkeeper
) -> None:
    body = {"name": "P", "workspaceId": "a", "authMode": "bearer", "endUserId": "alice"}
    pinned = (await api.post(SERVERS, body)).json()
    assert await opens(doorkeeper, pinned["server"], pinned["bearerToken"])
    alice = (await api.get("/end-users", workspaceId="a", externalId="alice")).json()["endUsers"][0]
    await api.delete(f"/end-users/{alice['id']}")
    assert not await opens(doorkeeper, pinned["server"], pinned["bearerToken"])
    regenerated = await api.post(f"{SERVERS}/{pinned['server']['id']}/regenerate-token")
    assert failure(regenerated) == (409, "MCP_STATIC_BEARER_INCOMPATIBLE")


async def test_a_backend_holds_a_thousand_live_tokens_for_an_end_user_and_none_ends_for_one_more(
    api: Rest, server: dict[str, Any], gateway: Gateway
) -> None:
    path = f"{SERVERS}/{server['id']}"
    ending = (await api.post(f"{path}/oauth-tokens", {"endUserId": "alice", "expiresIn": 60})).json()["token"]
    async with gateway.database.write() as tx:
        [row] = (await tx.session.scalars(select(McpToken).where(col(McpToken.id) == ending["id"]))).all()
        like = {name: getattr(row, name) for name in McpToken.model_fields if name not in ("id", "token_hash")}
        copies = [McpToken(id=new_id(), token_hash=f"hash {number}", **like) for number in range(MOST_LIVE - 1)]
        await tx.mcp_tokens.insert_many(copies)
    for kind in ("oauth-tokens", "access-tokens"):
        assert failure(await api.post(f"{path}/{kind}", {"endUserId": "alice"})) == (403, "QUOTA_EXCEEDED")
        assert (await api.post(f"{path}/{kind}", {"endUserId": "bob"})).status_code == 201
    assert (await api.get(f"{path}/access-tokens", endUserId="alice")).json()["total"] == MOST_LIVE
    await api.delete(f"{path}/access-tokens/{ending['id']}")
    assert (await api.post(f"{path}/oauth-tokens", {"endUserId": "alice"})).status_code == 201
