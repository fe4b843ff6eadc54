"""OAuth clients that organizations register themselves: kept, held to the rules, and ended."""

from typing import Any
from unittest.mock import ANY

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from gateway.access.client_authentication import ShownClient
from gateway.access.oauth_errors import OAuthError, UnknownClient
from gateway.wiring import Gateway
from tests.gateway.access.granting import Granting, granting
from tests.parts.clock import Time
from tests.parts.rest import Rest, failure, new_key, new_organization

PATH = "/oauth-clients"
REDIRECT = "https://agent.example.com/callback"
AGENT = {"name": "Acme Agent", "redirectUris": [REDIRECT]}
KEY = generate_private_key(SECP256R1())
PUBLIC, PRIVATE = (ECAlgorithm.to_jwk(key, as_dict=True) for key in (KEY.public_key(), KEY))


@pytest.fixture
async def scene(gateway: Gateway, api: Rest) -> Granting:
    time = Time()
    return await granting(gateway, api, time, now=time)


async def register(api: Rest, **fields: Any) -> dict[str, Any]:
    """Register a client; returns the whole answer."""
    answer = await api.post(PATH, {**AGENT, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def authenticates(gateway: Gateway, client_id: str, secret: str | None) -> bool:
    shown = ShownClient(client_id=client_id, secret=secret, in_header=True)
    try:
        return (await gateway.authorizing.authentication.client(shown)).client_id == client_id
    except OAuthError:
        return False


async def test_a_client_is_known_with_a_secret_that_is_shown_once(api: Rest, gateway: Gateway) -> None:
    made = await register(api)
    client, secret = made["oauthClient"], made["clientSecret"]
    assert client == {
        "id": ANY,
        "orgId": ANY,
        "clientId": ANY,
        "name": "Acme Agent",
        "redirectUris": [REDIRECT],
        "grantTypes": ["authorization_code", "refresh_token"],
        "tokenEndpointAuthMethod": "client_secret_basic",
        "serverId": None,
        "createdAt": ANY,
        "updatedAt": ANY,
    }
    assert (await api.get(f"{PATH}/{client['id']}")).json() == {"oauthClient": client}
    assert (await api.get(PATH)).json() == {"oauthClients": [client], "total": 1}
    assert await authenticates(gateway, client["clientId"], secret)
    known = await gateway.authorizing.clients.find(client["clientId"])
    assert (known.organization_id, known.is_self_registered) == (client["orgId"], False)


async def test_a_rotated_secret_is_the_only_one_that_counts(api: Rest, gateway: Gateway) -> None:
    made = await register(api)
    client = made["oauthClient"]
    rotated = (await api.post(f"{PATH}/{client['id']}/rotate-secret")).json()
    assert not await authenticates(gateway, client["clientId"], made["clientSecret"])
    assert await authenticates(gateway, client["clientId"], rotated["clientSecret"])
    public = (await register(api, tokenEndpointAuthMethod="none"))["oauthClient"]
    assert failure(await api.post(f"{PATH}/{public['id']}/rotate-secret")) == (409, "CONFLICT")


async def test_a_client_without_a_secret_is_given_none(api: Rest) -> None:
    assert "clientSecret" not in await register(api, tokenEndpointAuthMethod="none")
    by_key = await register(api, tokenEndpointAuthMethod="private_key_jwt", jwks={"keys": [PUBLIC]})
    assert "clientSecret" not in by_key
    assert by_key["oauthClient"]["jwks"] == {"keys": [PUBLIC]}


@pytest.mark.parametrize(
    "bad",
    [
        {"redirectUris": []},
        {"redirectUris": ["http://agent.example.com/callback"]},
        {"redirectUris": ["javascript:alert(1)"]},
        {"redirectUris": ["data:text/html,x"]},
        {"redirectUris": ["https://user@agent.example.com/"]},
        {"redirectUris": ["https://agent.example.com/#x"]},
        {"redirectUris": ["https://*.example.com/"]},
        {"redirectUris": ["https://agent.example.com/" + "a" * 2_048]},
        {"redirectUris": [REDIRECT] * 11},
        {"grantTypes": ["password"]},
        {"grantTypes": []},
        {"grantTypes": ["client_credentials"]},
        {"tokenEndpointAuthMethod": "tls_client_auth"},
        {"tokenEndpointAuthMethod": "private_key_jwt"},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": "no"}},
        {"jwks": {"keys": [PRIVATE]}},
        {"jwks": {"keys": [PUBLIC]}, "jwksUri": "https://agent.example.com/keys"},
        {"jwksUri": "http://agent.example.com/keys"},
        {"name": " "},
        {"serverId": "nothing"},
    ],
)
async def test_a_bad_client_is_refused(api: Rest, bad: dict[str, Any]) -> None:
    assert failure(await api.post(PATH, {**AGENT, **bad})) == (400, "VALIDATION_ERROR")
    assert (await api.get(PATH)).json()["total"] == 0


async def test_what_is_wrong_is_named_as_the_body_names_it(api: Rest) -> None:
    told = (await api.post(PATH, {**AGENT, "redirectUris": ["javascript:alert(1)"]})).json()["error"]
    assert told.startswith("redirectUris.0: ")
    told = (await api.post(PATH, {**AGENT, "tokenEndpointAuthMethod": "private_key_jwt"})).json()["error"]
    assert told.startswith("jwks or jwksUri: private_key_jwt")


async def test_a_client_is_changed_but_not_into_another(api: Rest, gateway: Gateway) -> None:
    client = (await register(api))["oauthClient"]
    path = f"{PATH}/{client['id']}"
    changed = (await api.patch(path, {"name": "Agent 2", "redirectUris": ["http://127.0.0.1/cb"]})).json()
    assert changed["oauthClient"]["name"] == "Agent 2"
    known = await gateway.authorizing.clients.find(client["clientId"])
    assert list(known.redirect_uris) == ["http://127.0.0.1/cb"]
    assert failure(await api.patch(path, {})) == (400, "NO_UPDATES")
    for fixed in ({"tokenEndpointAuthMethod": "none"}, {"serverId": None}, {"clientId": "x"}):
        assert failure(await api.patch(path, fixed)) == (400, "VALIDATION_ERROR")
    assert failure(await api.patch(path, {"redirectUris": []})) == (400, "VALIDATION_ERROR")
    assert failure(await api.patch(path, {"grantTypes": ["client_credentials"]})) == (400, "VALIDATION_ERROR")


async def test_deleting_a_client_ends_what_people_have_allowed_it_and_nothing_else(
    api: Rest, scene: Granting, gateway: Gateway
) -> None:
    client = (await register(api))["oauthClient"]
    view = await gateway.authorizing.clients.find(client["clientId"])
    granted = await scene.redeemed(await scene.code(view), view)
    others = await scene.granted()
    assert (await api.delete(f"{PATH}/{client['id']}")).json() == {"deleted": True, "id": client["id"]}
    assert not await scene.opens(granted.access_token)
    assert await scene.opens(others.access_token)
    with pytest.raises(UnknownClient):
        await gateway.authorizing.clients.find(client["clientId"])
    assert failure(await api.delete(f"{PATH}/{client['id']}")) == (404, "NOT_FOUND")


async def test_taking_a_grant_type_away_ends_what_was_given_by_it(api: Rest, scene: Granting, gateway: Gateway) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"
    client = (await register(api, grantTypes=["authorization_code", device]))["oauthClient"]
    view = await gateway.authorizing.clients.find(client["clientId"])
    granted = await scene.redeemed(await scene.code(view), view)
    by_device = await scene.redeemed(await scene.code(view, kind="device"), view)
    await api.patch(f"{PATH}/{client['id']}", {"grantTypes": [device], "redirectUris": []})
    assert not await scene.opens(granted.access_token)
    assert await scene.opens(by_device.access_token)


async def test_a_client_may_be_for_one_server_and_goes_with_it(api: Rest, scene: Granting, gateway: Gateway) -> None:
    client = (await register(api, serverId=scene.server.id))["oauthClient"]
    other = await api.made("/mcp/servers", {"name": "T", "workspaceId": "a"})
    view = await gateway.authorizing.clients.find(client["clientId"])
    async with gateway.database.read() as tx:
        second = await tx.mcp_servers.find(other["id"])
    assert second is not None
    assert (view.is_for(scene.server), view.is_for(second)) == (True, False)
    await api.delete(f"/mcp/servers/{scene.server.id}")
    assert failure(await api.get(f"{PATH}/{client['id']}")) == (404, "NOT_FOUND")


async def test_a_service_client_and_a_per_user_integration_are_never_beside_each_other(
    api: Rest, scene: Granting
) -> None:
    service = {"serverId": scene.server.id, "grantTypes": ["client_credentials"], "redirectUris": []}
    client = (await register(api, **service))["oauthClient"]
    per_user = {"integrationName": "slack", "connectionStrategy": "per_user"}
    refused = await api.post("/workspaces/a/integrations", per_user)
    assert failure(refused) == (409, "MCP_BEARER_BLOCKS_PER_USER")
    assert refused.json()["details"] == {"mcpServerIds": [scene.server.id], "oauthClientIds": [client["id"]]}
    await api.delete(f"{PATH}/{client['id']}")
    await api.made("/workspaces/a/integrations", per_user)
    assert failure(await api.post(PATH, {**AGENT, **service})) == (409, "MCP_STATIC_BEARER_INCOMPATIBLE")
    assert failure(await api.post(PATH, {**AGENT, **service, "tokenEndpointAuthMethod": "none"})) == (
        400,
        "VALIDATION_ERROR",
    )
    await api.patch(f"/mcp/servers/{scene.server.id}", {"endUserId": "alice"})
    await register(api, **service)


async def test_clients_and_servers_of_others_are_not_there(api: Rest, anonymous: Rest, scene: Granting) -> None:
    client = (await register(api))["oauthClient"]
    foreign = (await new_organization(anonymous, "foreign"))[1]
    path = f"{PATH}/{client['id']}"
    for answer in (
        await foreign.get(path),
        await foreign.patch(path, {"redirectUris": ["https://evil.example/"]}),
        await foreign.delete(path),
        await foreign.post(f"{path}/rotate-secret"),
        await foreign.post(PATH, {**AGENT, "serverId": scene.server.id}),
    ):
        assert failure(answer) == (404, "NOT_FOUND")
    assert (await foreign.get(PATH)).json() == {"oauthClients": [], "total": 0}
    narrow = await new_key(api, scope="workspace", workspaceIds=[scene.server.workspace_id])
    assert failure(await narrow.post(PATH, AGENT)) == (403, "SCOPE_DENIED")
    assert (await api.get(path)).json() == {"oauthClient": client}
