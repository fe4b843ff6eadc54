"""What people have let programs do, seen and ended by the product's backend."""

from datetime import timedelta
from unittest.mock import ANY

import httpx2
import pytest

from gateway.access.granted import Granted
from gateway.access.oauth_grants import CODE_LIFETIME, NewGrant, Redemption
from gateway.mcp.auth import McpDoorkeeper
from gateway.wiring import Gateway
from tests.gateway.access.granting import AGENT, CHALLENGE, OTHER, REDIRECT, VERIFIER, Granting, granting
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.clock import Time
from tests.parts.mcp_wire import Wire
from tests.parts.rest import Rest, failure, new_key, new_organization
from tests.parts.served import serving


@pytest.fixture
async def scene(gateway: Gateway, api: Rest) -> Granting:
    time = Time()
    return await granting(gateway, api, time, now=time)


@pytest.fixture
def doorkeeper(gateway: Gateway) -> McpDoorkeeper:
    return McpDoorkeeper(database=gateway.database, clock=gateway.clock, changes=gateway.changes)


async def opens(doorkeeper: McpDoorkeeper, scene: Granting, token: str) -> bool:
    door = await doorkeeper.door(f"srv_{scene.server.id}")
    return door is not None and await doorkeeper.admit(door, token) is not None


async def test_grants_are_listed_by_end_user_and_by_server_once_they_hold(api: Rest, scene: Granting) -> None:
    await scene.code()
    await scene.granted()
    shown = {
        "id": ANY,
        "kind": "code",
        "clientId": "agent",
        "clientName": "Agent",
        "serverId": scene.server.id,
        "serverName": "S",
        "endUserId": "alice",
        "scopes": ["mcp:tools"],
        "createdAt": ANY,
        "lastUsedAt": ANY,
        "lastCall": None,
        "expiresAt": ANY,
    }
    for path in (f"/end-users/{scene.end_user.id}", f"/mcp/servers/{scene.server.id}"):
        assert (await api.get(f"{path}/grants")).json() == {"grants": [shown], "total": 1}
    bob = await api.made("/end-users", {"workspaceId": "a", "externalId": "bob"})
    assert (await api.get(f"/end-users/{bob['id']}/grants")).json() == {"grants": [], "total": 0}


async def test_a_revoked_grant_is_dead_on_the_next_request_and_no_other_is(
    api: Rest, scene: Granting, doorkeeper: McpDoorkeeper
) -> None:
    first = await scene.granted()
    second = await scene.redeemed(await scene.code(OTHER), OTHER)
    assert await opens(doorkeeper, scene, first.access_token)
    listed = (await api.get(f"/end-users/{scene.end_user.id}/grants")).json()["grants"]
    ended = next(each["id"] for each in listed if each["clientId"] == "agent")
    assert (await api.delete(f"/grants/{ended}")).json() == {"deleted": True, "id": ended}
    assert not await opens(doorkeeper, scene, first.access_token)
    assert await opens(doorkeeper, scene, second.access_token)
    assert failure(await api.delete(f"/grants/{ended}")) == (404, "NOT_FOUND")
    assert (await api.get(f"/mcp/servers/{scene.server.id}/grants")).json()["total"] == 1


async def test_a_grant_that_has_ended_by_itself_is_not_listed(api: Rest, scene: Granting) -> None:
    await scene.granted()
    (grant,) = (await api.get(f"/end-users/{scene.end_user.id}/grants")).json()["grants"]
    async with scene.gateway.database.write() as tx:
        row = await tx.oauth_grants.find(grant["id"])
        assert row is not None
        await tx.oauth_grants.update(row, expires_at=scene.time() - timedelta(seconds=1))
    assert (await api.get(f"/end-users/{scene.end_user.id}/grants")).json()["total"] == 0


async def test_what_another_tenant_or_a_narrowed_key_next_door_asks_for_is_not_there(
    api: Rest, anonymous: Rest, scene: Granting
) -> None:
    await scene.granted()
    (grant,) = (await api.get(f"/mcp/servers/{scene.server.id}/grants")).json()["grants"]
    next_door = await api.made("/workspaces", {"name": "B", "slug": "b"})
    strangers = [
        (await new_organization(anonymous, "foreign"))[1],
        await new_key(api, scope="workspace", workspaceIds=[next_door["id"]]),
    ]
    for stranger in strangers:
        assert failure(await stranger.delete(f"/grants/{grant['id']}")) == (404, "NOT_FOUND")
        assert failure(await stranger.get(f"/mcp/servers/{scene.server.id}/grants")) == (404, "NOT_FOUND")
        assert failure(await stranger.get(f"/end-users/{scene.end_user.id}/grants")) == (404, "END_USER_NOT_FOUND")
    assert (await api.get(f"/mcp/servers/{scene.server.id}/grants")).json()["total"] == 1


async def test_an_agent_at_work_is_shut_out_by_its_next_call(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with serving(tmp_path_factory.mktemp("grants")) as served, httpx2.AsyncClient(trust_env=False) as client:
        shop = await open_shop(served)
        await shop.add("hash-encode", "fixed")
        agent = Wire(client, shop.url, (await signed_in(shop)).access_token)
        assert await agent.tool_names()
        standing = served.gateway.authorizing.standing
        (grant,) = (await standing.of_end_user(shop.scope, shop.alice.id, limit=10, offset=0)).grants
        await standing.revoke(shop.scope, grant.record.id)
        assert (await agent.modern("tools/list")).status_code == 401


async def signed_in(shop: Shop) -> Granted:
    """The tokens that a program has got from Alice."""
    grants = shop.served.gateway.authorizing.grants
    new = NewGrant(
        server=shop.server,
        end_user=shop.alice,
        identity_id=None,
        client=AGENT,
        redirect_uri=REDIRECT,
        scopes=["mcp:tools"],
    )
    async with shop.served.gateway.database.write() as tx:
        code = await grants.with_code(tx, new, challenge=CHALLENGE, lifetime=CODE_LIFETIME)
    resource = grants.resource_of(shop.server.id)
    return await grants.redeem(
        AGENT, Redemption(code=code, verifier=VERIFIER, redirect_uri=REDIRECT, resource=resource)
    )
