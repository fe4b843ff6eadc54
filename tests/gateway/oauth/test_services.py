"""Services: clients that act for nobody, where that is safe (RFC 6749 4.4; contract 4.6)."""

from typing import Any

import httpx2
import pytest

from gateway.mcp.auth import McpDoorkeeper
from gateway.wiring import Gateway
from tests.gateway.oauth.asking import Asking, refusal
from tests.parts.rest import Rest, failure

SERVICE: dict[str, Any] = {"name": "Nightly", "grantTypes": ["client_credentials"]}


@pytest.fixture
async def made(api: Rest, asking: Asking) -> dict[str, Any]:
    """A service of the server, with its secret."""
    answer = await api.post("/oauth-clients", {**SERVICE, "serverId": asking.server_id})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def doorkeeper(gateway: Gateway) -> McpDoorkeeper:
    return McpDoorkeeper(database=gateway.database, clock=gateway.clock, changes=gateway.changes)


async def ask(asking: Asking, made: dict[str, Any], **given: str | None) -> httpx2.Response:
    form = {"grant_type": "client_credentials", **given}
    pair = (made["oauthClient"]["clientId"], made["clientSecret"])
    return await asking.client.post(
        "/oauth/token", data={name: value for name, value in form.items() if value is not None}, auth=pair
    )


async def opens(doorkeeper: McpDoorkeeper, server_id: str, token: str) -> bool:
    door = await doorkeeper.door(f"srv_{server_id}")
    return door is not None and await doorkeeper.admit(door, token) is not None


async def test_a_service_gets_a_token_for_an_hour_that_stands_for_nobody(
    asking: Asking, made: dict[str, Any], doorkeeper: McpDoorkeeper, api: Rest
) -> None:
    granted = (await ask(asking, made)).json()
    token = granted.pop("access_token")
    assert granted == {"token_type": "Bearer", "expires_in": 3_600, "scope": "mcp:tools", "resource": asking.resource}
    door = await doorkeeper.door(f"srv_{asking.server_id}")
    assert door is not None
    principal = await doorkeeper.admit(door, token)
    assert principal is not None
    assert principal.end_user_id is None
    other = await api.made("/mcp/servers", {"name": "T", "workspaceId": "a"})
    assert not await opens(doorkeeper, other["id"], token)
    assert (await api.get(f"/mcp/servers/{asking.server_id}/access-tokens")).json()["total"] == 0


async def test_a_service_need_not_name_its_server_and_can_name_no_other(
    asking: Asking, made: dict[str, Any], api: Rest
) -> None:
    assert (await ask(asking, made, resource=asking.resource)).status_code == 200
    other = await api.made("/mcp/servers", {"name": "T", "workspaceId": "a"})
    for resource in (f"{asking.issuer}/mcp/srv_{other['id']}", asking.resource + "/", "x"):
        assert refusal(await ask(asking, made, resource=resource)) == (400, "invalid_target")
    for scope in ("admin", "mcp:tools admin", "mcp:code"):
        assert refusal(await ask(asking, made, scope=scope)) == (400, "invalid_scope")


async def test_only_a_registered_service_that_proves_itself_gets_anything(
    asking: Asking, made: dict[str, Any], api: Rest
) -> None:
    assert refusal(await ask(asking, {**made, "clientSecret": "wrong"})) == (401, "invalid_client")
    own = await asking.registered(grant_types=["client_credentials"], redirect_uris=[])
    shown = {"grant_type": "client_credentials", "resource": asking.resource}
    answer = await asking.token({**shown, "client_id": own["client_id"]})
    assert refusal(answer) == (400, "unauthorized_client")
    secret = await asking.registered(
        grant_types=["client_credentials"], redirect_uris=[], token_endpoint_auth_method="client_secret_post"
    )
    proof = {"client_id": secret["client_id"], "client_secret": secret["client_secret"]}
    answer = await asking.token({**shown, **proof})
    assert refusal(answer) == (400, "unauthorized_client")
    agent = (await api.post("/oauth-clients", {"name": "Agent", "redirectUris": ["https://a.example/"]})).json()
    assert refusal(await ask(asking, agent, resource=asking.resource)) == (400, "unauthorized_client")


async def test_a_revoked_grant_or_a_deleted_service_opens_nothing_more(
    asking: Asking, made: dict[str, Any], doorkeeper: McpDoorkeeper, api: Rest
) -> None:
    tokens = [(await ask(asking, made)).json()["access_token"] for _ in range(3)]
    listed = (await api.get(f"/mcp/servers/{asking.server_id}/grants")).json()["grants"]
    assert [(each["kind"], each["endUserId"]) for each in listed] == [("client_credentials", None)]
    assert [await opens(doorkeeper, asking.server_id, token) for token in tokens] == [True] * 3
    await api.delete(f"/grants/{listed[0]['id']}")
    assert [await opens(doorkeeper, asking.server_id, token) for token in tokens] == [False] * 3
    token = (await ask(asking, made)).json()["access_token"]
    assert await opens(doorkeeper, asking.server_id, token)
    await api.delete(f"/oauth-clients/{made['oauthClient']['id']}")
    assert not await opens(doorkeeper, asking.server_id, token)
    assert refusal(await ask(asking, made)) == (401, "invalid_client")


async def test_whom_a_service_acts_for_never_changes_under_its_token(
    asking: Asking, made: dict[str, Any], doorkeeper: McpDoorkeeper, api: Rest
) -> None:
    path = f"/mcp/servers/{asking.server_id}"
    await api.made("/end-users", {"workspaceId": "a", "externalId": "alice"})
    nobodys = (await ask(asking, made)).json()["access_token"]
    await api.patch(path, {"endUserId": "alice"})
    alices = (await ask(asking, made)).json()["access_token"]
    assert [await opens(doorkeeper, asking.server_id, each) for each in (nobodys, alices)] == [False, True]
    await api.made("/workspaces/a/integrations", {"integrationName": "slack", "connectionStrategy": "per_user"})
    assert await opens(doorkeeper, asking.server_id, alices)
    await api.patch(path, {"endUserId": None})
    assert not await opens(doorkeeper, asking.server_id, alices)
    assert refusal(await ask(asking, made)) == (400, "unauthorized_client")


async def test_a_server_without_oauth_takes_no_service(
    asking: Asking, made: dict[str, Any], doorkeeper: McpDoorkeeper, api: Rest
) -> None:
    token = (await ask(asking, made)).json()["access_token"]
    await api.patch(f"/mcp/servers/{asking.server_id}", {"authMode": "bearer"})
    assert not await opens(doorkeeper, asking.server_id, token)
    assert refusal(await ask(asking, made)) == (400, "invalid_target")
    per_user = {"integrationName": "slack", "connectionStrategy": "per_user"}
    assert failure(await api.post("/workspaces/a/integrations", per_user)) == (409, "MCP_BEARER_BLOCKS_PER_USER")
