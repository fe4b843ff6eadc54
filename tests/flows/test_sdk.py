"""The original's Python package drives us unchanged, through every method that our routes have."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import anyio.to_thread
import httpx2
import pytest
from weavz_sdk import WeavzClient, WeavzError

from tests.parts.rest import SERVICE_KEY, Rest, new_organization
from tests.parts.served import Served

Story = Callable[[WeavzClient], None]


@pytest.fixture
async def sdk(served: Served, anonymous: Rest) -> AsyncIterator[WeavzClient]:
    _, api = await new_organization(anonymous, "acme")
    key = api.headers["Authorization"].removeprefix("Bearer ")
    client = WeavzClient(key, base_url=served.url, timeout=30)
    try:
        yield client
    finally:
        client.close()


async def tell(story: Story, sdk: WeavzClient) -> None:
    """The package blocks: it runs in a thread while our loop serves it."""
    await anyio.to_thread.run_sync(story, sdk)


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(WeavzError) as refused:
        call()
    return refused.value.status, refused.value.code


@dataclass
class Made:
    """What the story has made so far."""

    workspace_id: str
    slack: dict[str, Any]
    notes: dict[str, Any]
    alice: dict[str, Any]
    server_id: str = ""
    connection: dict[str, Any] = field(default_factory=dict[str, Any])


def everything(sdk: WeavzClient) -> None:
    made = configure(sdk)
    serve(sdk, made)
    connect(sdk, made)
    run(sdk, made)
    look_up(sdk, made)
    manage_keys(sdk, made)
    take_down(sdk, made)


def configure(sdk: WeavzClient) -> Made:
    workspace = sdk.workspaces.create(name="Acme Production", slug="acme")["workspace"]
    workspace_id = workspace["id"]
    assert sdk.workspaces.get(workspace_id)["workspace"] == workspace
    assert sdk.workspaces.list(limit=10, offset=0, include_suspended=True) == {"workspaces": [workspace], "total": 1}
    assert sdk.workspaces.update(workspace_id, name="Acme")["workspace"]["name"] == "Acme"

    slack = sdk.workspaces.add_integration(workspace_id, integration_name="slack", connection_strategy="per_user")[
        "integration"
    ]
    notes = sdk.workspaces.add_integration(
        workspace_id,
        integration_name="kv-store",
        integration_alias="notes",
        settings={"persistence": {"scope": "workspace"}},
        sort_order=2,
    )["integration"]
    sdk.workspaces.add_integration(workspace_id, integration_name="hash-encode")
    renamed = sdk.workspaces.update_integration(workspace_id, notes["id"], display_name="Notes", sort_order=1)
    assert renamed["integration"]["displayName"] == "Notes"
    assert sdk.workspaces.list_integrations(workspace_id)["total"] == 3

    alice = sdk.end_users.create(
        workspace_id=workspace_id,
        external_id="user_alice",
        display_name="Alice",
        email="alice@example.com",
        metadata={"plan": "pro"},
    )["endUser"]
    assert sdk.end_users.update(alice["id"], display_name="Alice B.")["endUser"]["displayName"] == "Alice B."
    assert sdk.end_users.list(workspace_id, limit=5)["total"] == 1
    return Made(workspace_id, slack, notes, alice)


def serve(sdk: WeavzClient, made: Made) -> None:
    workspace_id, alice = made.workspace_id, made.alice
    created = sdk.mcp_servers.create(
        name="Support",
        workspace_id=workspace_id,
        description="For support",
        mode="TOOLS",
        auth_mode="oauth_and_bearer",
        end_user_access="restricted",
    )
    assert "bearerToken" not in created
    server_id = made.server_id = created["server"]["id"]
    assert refusal(lambda: sdk.mcp_servers.regenerate_token(server_id)) == (409, "MCP_STATIC_BEARER_INCOMPATIBLE")
    token = sdk.mcp_servers.create_access_token(
        server_id, end_user_id="user_alice", scopes=["mcp:tools"], expires_in=2_592_000
    )
    assert token["token"]["endUserId"] == "user_alice"
    assert sdk.mcp_servers.create_bearer_token(server_id, end_user_id="user_alice")["accessToken"].startswith("mcp_")
    assert sdk.mcp_servers.create_end_user_token(server_id, end_user_id=alice["id"])["mcpEndpoint"]
    assert sdk.mcp_servers.create_oauth_token(server_id, end_user_id="user_alice")["accessToken"].startswith("mcpo_")
    tool = sdk.mcp_servers.add_tool(
        server_id, integration_name="http", action_name="send_request", description="Fetches.", tool_type="ACTION"
    )["tool"]
    cleared = sdk.mcp_servers.update_tool(server_id, tool["id"], description=None, display_name="Fetch")["tool"]
    assert "description" not in cleared
    listed = sdk.mcp_servers.get(server_id)["tools"]
    assert {each.get("sourceWorkspaceIntegrationId") for each in listed} > {None, made.slack["id"], made.notes["id"]}
    assert sdk.mcp_servers.delete_tool(server_id, tool["id"])["deleted"] is True
    assert sdk.mcp_servers.update(server_id, description=None, end_user_id="user_alice")["bearerToken"]
    assert sdk.mcp_servers.regenerate_token(server_id)["bearerToken"].startswith("mcp_")
    assert sdk.mcp_servers.list(workspace_id=workspace_id)["servers"][0]["endUserId"] == "user_alice"


def connect(sdk: WeavzClient, made: Made) -> None:
    workspace_id = made.workspace_id
    connection = made.connection = sdk.connections.create(
        type="OAUTH2",
        external_id="alice-slack",
        display_name="Alice's Slack",
        integration_name="slack",
        workspace_id=workspace_id,
        end_user_id="user_alice",
        access_token="xoxp-secret",
        scope_oauth="chat:write",
    )["connection"]
    assert (connection["endUserId"], connection["scope"]) == ("user_alice", "USER")
    assert "userId" not in connection
    assert "xoxp-secret" not in str(connection)
    assert sdk.connections.get(connection["id"])["connection"] == connection
    assert sdk.connections.list(id=connection["id"])["connection"] == connection
    assert sdk.connections.list(limit=10)["connections"] == [connection]
    resolved = sdk.connections.resolve(integration_name="slack", workspace_id=workspace_id, end_user_id="user_alice")
    assert resolved["connection"] == connection
    assert sdk.end_users.get(made.alice["id"])["connections"] == [connection]


def run(sdk: WeavzClient, made: Made) -> None:
    workspace_id = made.workspace_id
    hashed = sdk.actions.execute_typed(
        "hash-encode",
        "hash",
        workspace_id=workspace_id,
        input={"text": "hello", "algorithm": "sha256", "encoding": "hex"},
        idempotency_key="once",
    )
    assert hashed["success"] is True
    assert "2cf24dba5fb0a30e" in str(hashed["output"])
    for action, given in (("put", {"key": "a", "value": "1"}), ("get", {"key": "a"})):
        kept = sdk.actions.execute(
            "kv-store", action, workspace_id=workspace_id, integration_alias="notes", input=given, partial_ids=[]
        )
        assert kept["success"] is True


def look_up(sdk: WeavzClient, made: Made) -> None:
    assert sdk.integrations.list()["total"] == len(sdk.integrations.list_summary()["registered"])
    assert sdk.integrations.get("slack")["integration"]["displayName"] == "Slack"
    assert sdk.integrations.oauth_status() == {"configured": ["acme"]}
    options: dict[str, Any] = {
        "property_name": "text",
        "action_name": "send_channel_message",
        "workspace_id": made.workspace_id,
    }
    assert refusal(lambda: sdk.integrations.resolve_options("slack", **options)) == (400, "NOT_DROPDOWN")
    assert refusal(lambda: sdk.integrations.resolve_property("slack", **options)) == (400, "NOT_DYNAMIC")


def manage_keys(sdk: WeavzClient, made: Made) -> None:
    workspace_id = made.workspace_id
    permissions = {"scope": "workspace", "workspaceIds": [workspace_id], "approvals": {"decide": True}}
    key = sdk.api_keys.create(name="CI", permissions=permissions, expires_at="2099-01-01T00:00:00Z")
    assert key["apiKey"]["permissions"] == permissions
    scoped = sdk.api_keys.create(name="CI", scope="workspace", workspace_ids=[workspace_id])
    assert sdk.api_keys.list()["total"] == 3
    assert sdk.api_keys.delete(scoped["apiKey"]["id"])["deleted"] is True


def take_down(sdk: WeavzClient, made: Made) -> None:
    workspace_id = made.workspace_id
    assert sdk.connections.delete(made.connection["id"])["deleted"] is True
    assert sdk.end_users.delete(made.alice["id"])["connectionsDeleted"] == 0
    assert sdk.mcp_servers.delete(made.server_id)["deleted"] is True
    assert sdk.workspaces.remove_integration(workspace_id, made.notes["id"])["deleted"] is True
    assert sdk.workspaces.delete(workspace_id) == {"deleted": True, "id": workspace_id}


async def test_the_package_does_everything_that_our_routes_have(sdk: WeavzClient) -> None:
    await tell(everything, sdk)


def refusals(sdk: WeavzClient) -> None:
    workspace_id = sdk.workspaces.create(name="A", slug="python-sdk-test")["workspace"]["id"]
    assert refusal(lambda: sdk.workspaces.create(name="A", slug="python-sdk-test")) == (409, "DUPLICATE")
    assert refusal(lambda: sdk.workspaces.update(workspace_id)) == (400, "NO_UPDATES")
    assert refusal(lambda: sdk.workspaces.get("nonexistent-id")) == (404, "NOT_FOUND")
    assert refusal(lambda: sdk.end_users.get(str(uuid4()))) == (404, "END_USER_NOT_FOUND")
    sdk.workspaces.add_integration(workspace_id, integration_name="slack", connection_strategy="per_user")
    sdk.end_users.create(workspace_id=workspace_id, external_id="bob")
    with pytest.raises(WeavzError) as refused:
        sdk.actions.execute("slack", "list_channels", workspace_id=workspace_id, end_user_id="bob")
    assert (refused.value.status, refused.value.code) == (400, "CONNECTION_REQUIRED")
    assert "/connect/s/" in refused.value.details["setupUrl"]
    assert refused.value.details["setupUrl"] in str(refused.value)
    assert refusal(lambda: sdk.connect.get_session("x")) == (404, "SESSION_NOT_FOUND")


async def test_the_package_understands_our_refusals(sdk: WeavzClient) -> None:
    await tell(refusals, sdk)


async def test_a_key_that_is_deleted_is_refused_at_once(sdk: WeavzClient, served: Served) -> None:
    def story(sdk: WeavzClient) -> None:
        made = sdk.api_keys.create(name="Short-lived")
        with WeavzClient(made["plainKey"], base_url=served.url) as other:
            assert other.workspaces.list()["total"] == 0
            assert refusal(lambda: other.api_keys.delete(made["apiKey"]["id"])) == (403, "FORBIDDEN")
            sdk.api_keys.delete(made["apiKey"]["id"])
            assert refusal(other.workspaces.list) == (401, "UNAUTHORIZED")

    await tell(story, sdk)


async def test_an_environment_is_set_up_with_the_service_key(served: Served) -> None:
    headers = {"X-Service-Key": SERVICE_KEY, "Origin": "http://localhost:3001"}
    async with httpx2.AsyncClient(base_url=served.url, trust_env=False) as client:
        made = await client.post("/api/v1/orgs", json={"name": "SDK", "slug": "sdk"}, headers=headers)
        assert made.status_code == 201
        headers["X-Org-ID"] = made.json()["org"]["id"]
        key = await client.post("/api/v1/api-keys", json={"name": "SDK"}, headers=headers)
        assert key.status_code == 201
        assert key.json()["plainKey"].startswith(key.json()["apiKey"]["keyPrefix"])
        deleted = await client.delete(f"/api/v1/api-keys/{key.json()['apiKey']['id']}", headers=headers)
        assert deleted.json()["deleted"] is True
