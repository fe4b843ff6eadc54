"""MCP servers over REST (contract 1.7, 4.6, 4.9)."""

import asyncio
from typing import Any
from unittest.mock import ANY

import pytest

from tests.parts.rest import Rest, failure, new_organization

SLACK = {"integrationName": "slack", "connectionStrategy": "per_user"}
SERVERS = "/mcp/servers"


@pytest.fixture
async def workspace(api: Rest) -> dict[str, Any]:
    made = await api.made("/workspaces", {"name": "A", "slug": "a"})
    await api.made("/end-users", {"workspaceId": "a", "externalId": "alice"})
    return made


async def test_a_new_server_is_answered_as_the_contract_says(api: Rest, workspace: dict[str, Any]) -> None:
    answer = await api.post(SERVERS, {"name": "Support", "workspaceId": workspace["id"]})
    assert answer.status_code == 201
    server = answer.json()["server"]
    endpoint = f"http://127.0.0.1:8080/mcp/srv_{server['id']}"
    assert answer.json() == {
        "mcpEndpoint": endpoint,
        "server": {
            "id": ANY,
            "orgId": workspace["orgId"],
            "workspaceId": workspace["id"],
            "name": "Support",
            "mode": "TOOLS",
            "settings": {"codeMode": {"approvalWaitSeconds": 0}, "mcpApp": {"enabled": False}, "connectWaitSeconds": 0},
            "authMode": "oauth",
            "endUserAccess": "restricted",
            "auth": {
                "oauthEnabled": True,
                "bearerEnabled": False,
                "staticBearerEnabled": False,
                "endUserBearerTokensEnabled": False,
                "accessTokensEnabled": False,
            },
            "createdBy": None,
            "endUserId": None,
            "createdAt": ANY,
            "updatedAt": ANY,
            "mcpEndpoint": endpoint,
        },
    }
    for spelling in (server["id"], f"srv_{server['id']}"):
        assert (await api.get(f"{SERVERS}/{spelling}")).json() == {"server": server, "tools": []}
    for query in ({}, {"workspaceId": "a"}, {"includeSuspended": "true"}):
        assert (await api.get(SERVERS, **query)).json() == {"servers": [server], "total": 1}


async def test_a_static_token_comes_only_where_it_is_safe(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"name": "Support", "workspaceId": "a", "authMode": "oauth_and_bearer"}
    safe = (await api.post(SERVERS, body)).json()
    assert safe["bearerToken"].startswith("mcp_")
    assert safe["server"]["auth"]["staticBearerEnabled"] is True
    blocked = await api.post("/workspaces/a/integrations", SLACK)
    assert failure(blocked) == (409, "MCP_BEARER_BLOCKS_PER_USER")
    assert blocked.json()["details"] == {"mcpServerIds": [safe["server"]["id"]]}
    await api.delete(f"{SERVERS}/{safe['server']['id']}")
    await api.made("/workspaces/a/integrations", SLACK)
    unsafe = (await api.post(SERVERS, body)).json()
    assert set(unsafe) == {"server", "mcpEndpoint"}
    assert unsafe["server"]["auth"] == {
        "oauthEnabled": True,
        "bearerEnabled": True,
        "staticBearerEnabled": False,
        "endUserBearerTokensEnabled": True,
        "accessTokensEnabled": True,
    }
    regenerated = await api.post(f"{SERVERS}/{unsafe['server']['id']}/regenerate-token")
    assert failure(regenerated) == (409, "MCP_STATIC_BEARER_INCOMPATIBLE")
    pinned = (await api.post(SERVERS, {**body, "endUserId": "alice"})).json()
    assert pinned["bearerToken"].startswith("mcp_")
    assert pinned["server"]["endUserId"] == "alice"


async def test_a_static_token_and_per_user_never_meet_however_they_race(api: Rest, workspace: dict[str, Any]) -> None:
    """Whichever comes first, the other sees it."""
    for round_ in range(10):
        slug = f"race-{round_}"
        await api.made("/workspaces", {"name": "R", "slug": slug})
        server, added = await asyncio.gather(
            api.post(SERVERS, {"name": "S", "workspaceId": slug, "authMode": "bearer"}),
            api.post(f"/workspaces/{slug}/integrations", SLACK),
        )
        assert server.status_code == 201
        assert ("bearerToken" in server.json()) == (added.status_code == 409)


async def test_regenerating_replaces_the_static_token(api: Rest, workspace: dict[str, Any]) -> None:
    made = (await api.post(SERVERS, {"name": "S", "workspaceId": "a", "authMode": "bearer"})).json()
    path = f"{SERVERS}/{made['server']['id']}/regenerate-token"
    first = (await api.post(path)).json()
    assert first == {"bearerToken": ANY, "mcpEndpoint": made["mcpEndpoint"]}
    assert (await api.post(path, {})).json()["bearerToken"] not in {first["bearerToken"], made["bearerToken"]}
    oauth = await api.made(SERVERS, {"name": "S", "workspaceId": "a"})
    assert failure(await api.post(f"{SERVERS}/{oauth['id']}/regenerate-token")) == (409, "MCP_BEARER_DISABLED")


async def test_switching_to_bearer_brings_a_token_once(api: Rest, workspace: dict[str, Any]) -> None:
    path = f"{SERVERS}/{(await api.made(SERVERS, {'name': 'S', 'workspaceId': 'a'}))['id']}"
    assert "bearerToken" in (await api.patch(path, {"authMode": "bearer"})).json()
    assert "bearerToken" not in (await api.patch(path, {"authMode": "oauth_and_bearer"})).json()
    back = (await api.patch(path, {"authMode": "oauth"})).json()
    assert back["server"]["auth"]["staticBearerEnabled"] is False


async def test_null_clears_and_absence_keeps(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"name": "S", "workspaceId": "a", "description": "For support", "endUserId": "alice"}
    made = await api.made(SERVERS, body)
    path = f"{SERVERS}/{made['id']}"
    kept = (await api.patch(path, {"settings": {"codeMode": {"approvalWaitSeconds": 5}}})).json()["server"]
    settings = {"codeMode": {"approvalWaitSeconds": 5}, "mcpApp": {"enabled": False}, "connectWaitSeconds": 0}
    assert kept == {**made, "settings": settings, "updatedAt": ANY}
    cleared = (await api.patch(path, {"description": None, "endUserId": None})).json()["server"]
    expected = {name: value for name, value in kept.items() if name != "description"}
    assert cleared == {**expected, "endUserId": None, "updatedAt": ANY}
    assert failure(await api.patch(path, {})) == (400, "NO_UPDATES")
    assert failure(await api.patch(path, {"name": None})) == (400, "VALIDATION_ERROR")
    assert failure(await api.patch(path, {"endUserId": "nobody"})) == (404, "END_USER_NOT_FOUND")


@pytest.mark.parametrize(
    "bad",
    [{"mode": "CODE"}, {"mode": "tools"}, {"authMode": "none"}, {"name": ""}, {"name": None}, {"settings": []},
     {"settings": {"codeMode": {"approvalWaitSeconds": -1}}}, {"endUserAccess": "all"}, {"extra": 1}],
)  # fmt: skip
async def test_a_bad_server_is_refused(api: Rest, workspace: dict[str, Any], bad: dict[str, Any]) -> None:
    answer = await api.post(SERVERS, {"name": "S", "workspaceId": "a", **bad})
    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert (await api.get(SERVERS)).json() == {"servers": [], "total": 0}


async def test_tools_follow_the_workspace_and_manual_ones_go_before_them(api: Rest, workspace: dict[str, Any]) -> None:
    source = await api.made(
        "/workspaces/a/integrations", {"integrationName": "hash-encode", "enabledActions": ["hash"]}
    )
    path = f"{SERVERS}/{(await api.made(SERVERS, {'name': 'S', 'workspaceId': 'a'}))['id']}"
    (synced,) = (await api.get(path)).json()["tools"]
    assert synced == {
        "id": ANY,
        "mcpServerId": path.rsplit("/", 1)[1],
        "integrationName": "hash-encode",
        "integrationAlias": "hash-encode",
        "actionName": "hash",
        "toolType": "ACTION",
        "displayName": ANY,
        "description": ANY,
        "sortOrder": 0,
        "sourceWorkspaceIntegrationId": source["id"],
    }
    answer = await api.post(f"{path}/tools", {"integrationName": "hash-encode", "actionName": "hash", "sortOrder": 2})
    assert answer.status_code == 201
    tool = {
        "id": ANY,
        "mcpServerId": synced["mcpServerId"],
        "integrationName": "hash-encode",
        "integrationAlias": "hash-encode",
        "actionName": "hash",
        "toolType": "ACTION",
        "sortOrder": 2,
    }
    assert answer.json() == {"tool": tool}
    assert (await api.get(path)).json()["tools"] == [tool]
    await api.delete(f"/workspaces/a/integrations/{source['id']}")
    assert (await api.get(path)).json()["tools"] == [tool]


async def test_an_action_that_the_catalogue_lacks_may_be_added(api: Rest, workspace: dict[str, Any]) -> None:
    path = f"{SERVERS}/{(await api.made(SERVERS, {'name': 'S', 'workspaceId': 'a'}))['id']}/tools"
    body: dict[str, Any] = {
        "integrationName": "slack",
        "actionName": "no_such_action",
        "displayName": "Ask",
        "description": "Asks.",
        "inputDefaults": {"model": "x"},
        "partialIds": [],
    }
    made = await api.made(path, body)
    assert {name: made[name] for name in body} == body
    assert failure(await api.post(path, body)) == (409, "DUPLICATE")
    assert failure(await api.post(path, {**body, "integrationName": "nope"})) == (404, "INTEGRATION_NOT_FOUND")
    other = {**body, "integrationName": "github", "integrationAlias": "slack"}
    assert failure(await api.post(path, other)) == (409, "ALIAS_CONFLICT")
    assert failure(await api.post(path, {**body, "integrationAlias": "Slack"})) == (400, "VALIDATION_ERROR")
    assert failure(await api.post(path, {**body, "connectionId": "c"})) == (404, "CONNECTION_NOT_FOUND")
    assert failure(await api.post(path, {**body, "partialIds": ["p"]})) == (404, "PARTIAL_NOT_FOUND")
    assert failure(await api.post(path, {**body, "toolType": "TRIGGER"})) == (400, "VALIDATION_ERROR")


async def test_manual_tools_change_and_go(api: Rest, workspace: dict[str, Any]) -> None:
    path = f"{SERVERS}/{(await api.made(SERVERS, {'name': 'S', 'workspaceId': 'a'}))['id']}/tools"
    made = await api.made(path, {"integrationName": "slack", "actionName": "a", "description": "A"})
    tool = f"{path}/{made['id']}"
    changed = (await api.patch(tool, {"description": None, "displayName": "B", "integrationAlias": "chat"})).json()
    expected = {name: value for name, value in made.items() if name != "description"}
    assert changed == {"tool": {**expected, "displayName": "B", "integrationAlias": "chat"}}
    assert failure(await api.patch(tool, {})) == (400, "NO_UPDATES")
    assert failure(await api.patch(tool, {"sortOrder": None})) == (400, "VALIDATION_ERROR")
    assert (await api.delete(tool)).json() == {"deleted": True, "id": made["id"]}
    assert failure(await api.delete(tool)) == (404, "NOT_FOUND")


async def test_an_alias_can_not_stand_for_two_things_in_either_order(api: Rest, workspace: dict[str, Any]) -> None:
    path = f"{SERVERS}/{(await api.made(SERVERS, {'name': 'S', 'workspaceId': 'a'}))['id']}/tools"
    await api.made("/workspaces/a/integrations", {"integrationName": "hash-encode", "alias": "one-two"})
    for alias in ("one-two", "one_two"):
        body = {"integrationName": "slack", "actionName": "a", "integrationAlias": alias}
        assert failure(await api.post(path, body)) == (409, "ALIAS_CONFLICT")
    await api.made(path, {"integrationName": "slack", "actionName": "a", "integrationAlias": "three_four"})
    clash = {"integrationName": "hash-encode", "alias": "three-four"}
    assert failure(await api.post("/workspaces/a/integrations", clash)) == (409, "ALIAS_CONFLICT")


async def test_another_organization_sees_none_of_it(anonymous: Rest, api: Rest, workspace: dict[str, Any]) -> None:
    server = await api.made(SERVERS, {"name": "S", "workspaceId": "a"})
    _, stranger = await new_organization(anonymous, "other")
    path = f"{SERVERS}/{server['id']}"
    for answer in (
        await stranger.get(path),
        await stranger.patch(path, {"name": "B"}),
        await stranger.post(f"{path}/regenerate-token"),
        await stranger.post(f"{path}/access-tokens", {"endUserId": "alice"}),
        await stranger.post(f"{path}/tools", {"integrationName": "slack", "actionName": "a"}),
        await stranger.delete(path),
    ):
        assert failure(answer) == (404, "NOT_FOUND")
    assert (await stranger.get(SERVERS)).json() == {"servers": [], "total": 0}


async def test_how_long_calls_wait_for_their_person_is_set_per_server(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"name": "S", "workspaceId": workspace["id"], "settings": {"connectWaitSeconds": 45}}
    made = await api.made(SERVERS, body)
    assert made["settings"]["connectWaitSeconds"] == 45
    path = f"{SERVERS}/{made['id']}"
    assert (await api.patch(path, {"settings": {"connectWaitSeconds": 240}})).status_code == 200
    assert (await api.get(path)).json()["server"]["settings"]["connectWaitSeconds"] == 240
    for unfit in (-1, 241, "5", None):
        assert failure(await api.patch(path, {"settings": {"connectWaitSeconds": unfit}})) == (400, "VALIDATION_ERROR")
