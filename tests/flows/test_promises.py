"""The product documents, told over REST on a served gateway; tests/requirements.py has what each id promises."""

from typing import Any
from unittest.mock import ANY

import pytest

from tests.flows.product import Product
from tests.parts.rest import Rest, failure, new_key, new_organization
from tests.parts.served import Served


async def whoami(product: Product, person: str | None = None, **fields: Any) -> Any:
    """Ask Acme by whose account it is asked."""
    owner = {"endUserId": person} if person else {}
    body = {"integrationName": "acme", "actionName": "whoami", "workspaceId": product.workspace_id, **owner, **fields}
    answer = await product.rest.post("/actions/execute", body)
    return answer.json()["output"]["id"] if answer.status_code == 200 else failure(answer)


def key_of(person: str) -> dict[str, str]:
    """What makes a connection to the account of this person at Acme."""
    return {"type": "SECRET_TEXT", "integrationName": "acme", "authMethodKey": "api_key", "displayName": person,
            "secretText": f"acme-key-{person}"}  # fmt: skip


@pytest.mark.promise("000-1", "000-2", "000-3", "000-17", "000-19", "002-1", "003-3", "004-1", "004-4")
async def test_a_backend_provisions_from_nothing_to_a_token(anonymous: Rest) -> None:
    _, api = await new_organization(anonymous, "acme")
    workspace = await api.made("/workspaces", {"name": "Acme Production", "slug": "acme-production"})
    body = {"integrationName": "slack", "connectionStrategy": "per_user"}
    assert (await api.made(f"/workspaces/{workspace['id']}/integrations", body))["alias"] == "slack"
    person = {"workspaceId": workspace["id"], "externalId": "user_123", "displayName": "A", "email": "a@example.com"}
    end_user = await api.made("/end-users", person)
    server = await api.post(
        "/mcp/servers",
        {
            "name": "Support",
            "workspaceId": workspace["id"],
            "mode": "TOOLS",
            "authMode": "oauth_and_bearer",
            "endUserAccess": "restricted",
        },
    )
    assert server.status_code == 201
    assert "bearerToken" not in server.json()
    path = f"/mcp/servers/{server.json()['server']['id']}/access-tokens"
    body = {"endUserId": "user_123", "scopes": ["mcp:tools"], "expiresIn": 2_592_000}
    assert (await api.post(path, body)).json()["token"]["endUserId"] == "user_123"
    assert (await api.post(path, {"endUserId": end_user["id"]})).json()["token"]["endUserId"] == "user_123"
    changed = await api.patch(f"/end-users/{end_user['id']}", {"displayName": "B", "metadata": {"plan": "pro"}})
    assert changed.json()["endUser"]["metadata"] == {"plan": "pro"}
    assert (await api.delete(f"/end-users/{end_user['id']}")).status_code == 200


@pytest.mark.promise("000-9", "000-11", "001-1", "001-4", "001-5", "001-15", "003-1", "003-2")
async def test_a_call_for_somebody_uses_that_persons_own_account(product: Product) -> None:
    await product.add("acme")
    for person in ("alice", "bob"):
        await product.rest.made(
            "/connections",
            {**key_of(person), "externalId": person, "workspaceId": product.workspace_id, "endUserId": person},
        )
        assert await whoami(product, person) == person
    assert await whoami(product) == (400, "CONNECTION_REQUIRED")
    alice = (await product.rest.get("/end-users", workspaceId=product.workspace_id, externalId="alice")).json()
    shown = (await product.rest.get(f"/end-users/{alice['endUsers'][0]['id']}")).json()
    assert [each["integrationName"] for each in shown["connections"]] == ["acme"]
    assert shown["endUser"]["connectionCount"] == 1
    assert await whoami(product, alice["endUsers"][0]["id"]) == (404, "END_USER_NOT_FOUND")
    assert failure(await product.rest.get("/end-users/alice")) == (404, "END_USER_NOT_FOUND")


@pytest.mark.promise("000-24", "001-14", "001-16", "002-6", "002-7", "002-15", "003-8")
async def test_in_one_workspace_strategies_differ(product: Product, served: Served) -> None:
    shared = await product.connect(None, served.acme.app.issue_token("bob")["access_token"])
    assert (shared["scope"], shared["externalId"]) == ("WORKSPACE", "shared-at-acme")
    added = await product.add("acme", "fixed", alias="acme-fixed", connectionId=shared["id"])
    assert (added["connectionId"], added["connectionExternalId"]) == (shared["id"], "shared-at-acme")
    await product.add("acme", "per_user_with_fallback", alias="acme-mixed", connectionId="shared-at-acme")
    await product.add("acme", "per_user", alias="acme-own", enabledActions=["whoami"])
    await product.person("dana")
    mixed = next(each for each in await integrations(product) if each["alias"] == "acme-mixed")
    await product.connect("alice", served.acme.app.issue_token("alice")["access_token"],
                          workspaceIntegrationId=mixed["id"])  # fmt: skip
    who = {
        (alias, person): await whoami(product, person, integrationAlias=alias)
        for alias in ("acme-fixed", "acme-mixed", "acme-own")
        for person in ("alice", "dana")
    }
    missing = (400, "CONNECTION_REQUIRED")
    assert who == {
        ("acme-fixed", "alice"): "bob", ("acme-fixed", "dana"): "bob",
        ("acme-mixed", "alice"): "alice", ("acme-mixed", "dana"): "bob",
        ("acme-own", "alice"): missing, ("acme-own", "dana"): missing,
    }  # fmt: skip


async def integrations(product: Product) -> list[dict[str, Any]]:
    return (await product.rest.get(f"/workspaces/{product.workspace_id}/integrations")).json()["integrations"]


@pytest.mark.promise("000-5", "000-6", "003-4", "003-5", "003-6", "003-7", "002-19", "003-11")
async def test_every_identifier_picks_what_it_says(product: Product) -> None:
    first = await product.add("acme", alias="acme-one")
    second = await product.add("acme", alias="acme-two")
    made = {"workspaceId": product.workspace_id, "endUserId": "alice"}
    for person, instance in (("alice", first), ("bob", second)):
        await product.rest.made(
            "/connections",
            {**key_of(person), **made, "externalId": f"at-{person}", "workspaceIntegrationId": instance["id"]},
        )
    assert await whoami(product, "alice", workspaceIntegrationId=first["id"]) == "alice"
    assert await whoami(product, "alice", workspaceIntegrationId=second["id"]) == "bob"
    assert await whoami(product, "alice", integrationAlias="acme-two") == "bob"
    assert await whoami(product, "alice", workspaceIntegrationId=first["id"], integrationAlias="acme-two") == "alice"
    assert await whoami(product, "alice") == (400, "AMBIGUOUS_INTEGRATION")
    one = {"integrationAlias": "acme-one"}
    for name in ("connectionExternalId", "externalId"):
        assert await whoami(product, "alice", **one, **{name: "at-bob"}) == "bob"
    assert await whoami(product, **one, connectionExternalId="at-bob") == (404, "CONNECTION_NOT_FOUND")
    assert await whoami(product, "bob", **one, connectionExternalId="at-alice") == (404, "CONNECTION_NOT_FOUND")
    assert await whoami(product, "at-alice", **one) == (404, "END_USER_NOT_FOUND")


@pytest.mark.promise("000-22", "001-6")
async def test_a_static_token_stands_for_nobody_unless_its_server_is_made_for_somebody(product: Product) -> None:
    body = {"name": "S", "workspaceId": product.workspace_id, "authMode": "bearer"}
    static = (await product.rest.post("/mcp/servers", body)).json()
    assert (static["bearerToken"][:4], static["server"]["endUserId"]) == ("mcp_", None)
    assert (await product.rest.delete(f"/mcp/servers/{static['server']['id']}")).status_code == 200
    await product.add("acme")
    assert "bearerToken" not in (await product.rest.post("/mcp/servers", body)).json()
    pinned = (await product.rest.post("/mcp/servers", {**body, "endUserId": "alice"})).json()
    assert (pinned["bearerToken"][:4], pinned["server"]["endUserId"]) == ("mcp_", "alice")


@pytest.mark.promise("000-23", "001-8", "002-2", "002-3", "002-8", "002-9")
async def test_workspaces_and_organizations_are_kept_apart(product: Product, anonymous: Rest) -> None:
    await product.add("acme")
    await product.rest.made("/workspaces", {"name": "Next door", "slug": "next-door"})
    await product.rest.made("/end-users", {"workspaceId": "next-door", "externalId": "alice"})
    await product.rest.made(
        "/connections",
        {**key_of("alice"), "externalId": "alice", "workspaceId": product.workspace_id, "endUserId": "alice"},
    )
    _, stranger = await new_organization(anonymous, "other")
    resolve = {"integrationName": "acme", "workspaceId": "next-door", "externalId": "alice", "endUserId": "alice"}
    assert failure(await product.rest.post("/connections/resolve", resolve)) == (404, "CONNECTION_NOT_FOUND")
    assert (await product.rest.get("/workspaces/next-door/integrations")).json()["total"] == 0
    assert (await stranger.get("/connections")).json() == {"connections": [], "total": 0}
    assert failure(await stranger.get(f"/workspaces/{product.workspace_id}")) == (404, "NOT_FOUND")


@pytest.mark.promise("000-25", "001-2")
async def test_a_deleted_end_user_takes_the_connections_along(product: Product) -> None:
    await product.add("acme")
    owned = {"workspaceId": product.workspace_id, "endUserId": "alice"}
    for name in ("one", "two"):
        await product.rest.made("/connections", {**key_of("alice"), **owned, "externalId": name})
    alice = (await product.rest.get("/end-users", workspaceId=product.workspace_id, externalId="alice")).json()
    path = f"/end-users/{alice['endUsers'][0]['id']}"
    assert (await product.rest.delete(path)).json()["connectionsDeleted"] == 2
    assert (await product.rest.get("/connections")).json() == {"connections": [], "total": 0}
    assert await whoami(product, "alice") == (404, "END_USER_NOT_FOUND")


@pytest.mark.promise("001-9", "004-3", "004-7")
async def test_the_products_users_are_synchronised_and_found_by_its_own_ids(product: Product) -> None:
    rows = [{"externalId": "alice", "displayName": "Alice"}, {"externalId": "carol", "metadata": {"plan": "pro"}}]
    synced = (await product.rest.put("/end-users/sync", {"workspaceId": "shop", "endUsers": rows})).json()
    assert [each["status"] for each in synced["results"]] == ["updated", "created"]
    found = (await product.rest.get("/end-users", workspaceId="shop", externalId="carol")).json()["endUsers"]
    assert found == [{**found[0], "externalId": "carol", "metadata": {"plan": "pro"}}]


@pytest.mark.promise("002-5")
async def test_a_key_opens_its_organization_or_the_workspaces_it_lists(product: Product) -> None:
    await product.rest.made("/workspaces", {"name": "B", "slug": "b"})
    narrow = await new_key(product.rest, scope="workspace", workspaceIds=[product.workspace_id])
    assert (await narrow.get("/workspaces")).json()["total"] == 1
    assert (await product.rest.get("/workspaces")).json()["total"] == 2
    assert failure(await narrow.get("/workspaces/b")) == (403, "SCOPE_DENIED")


@pytest.mark.promise("002-11", "002-12")
async def test_a_servers_tools_follow_its_workspace(product: Product) -> None:
    server = await product.server()

    async def tools() -> set[tuple[str, str]]:
        listed = (await product.rest.get(f"/mcp/servers/{server.id}")).json()["tools"]
        return {(each["integrationAlias"], each["actionName"]) for each in listed}

    assert await tools() == set()
    added = await product.add("hash-encode", "fixed", enabledActions=["hash"])
    assert await tools() == {("hash-encode", "hash")}
    await product.change(added, alias="digest", enabledActions=["hash", "encode"])
    assert await tools() == {("digest", "hash"), ("digest", "encode")}
    await product.remove(added)
    assert await tools() == set()


@pytest.mark.promise("002-17", "002-18", "002-20")
async def test_a_connection_of_the_organization_is_found_in_every_workspace(product: Product) -> None:
    made = await product.rest.made(
        "/connections",
        {
            "type": "PLATFORM_OAUTH2",
            "integrationName": "slack",
            "externalId": "conn_slack_prod",
            "displayName": "Slack",
            "accessToken": "xoxb-very-secret",
        },
    )
    assert made["scope"] == "ORGANIZATION"
    assert "xoxb-very-secret" not in str(made)
    body = {"integrationName": "slack", "workspaceId": product.workspace_id, "externalId": "conn_slack_prod"}
    assert (await product.rest.post("/connections/resolve", body)).json() == {"connection": made}
    added = await product.add("slack", "fixed", connectionId="conn_slack_prod")
    assert added["connectionId"] == made["id"]
    keys = (await product.rest.get("/api-keys")).json()["apiKeys"]
    assert keys == [{**keys[0], "keyPrefix": ANY}]
    assert not {"plainKey", "keyHash"} & keys[0].keys()


@pytest.mark.promise("003-9", "003-10")
async def test_state_is_kept_per_person_per_workspace_or_under_a_key(product: Product) -> None:
    for scope in ({"scope": "end_user"}, {"scope": "workspace"}, {"scope": "external", "externalId": "alice"}):
        await product.add("kv-store", "fixed", alias=f"kv-{scope['scope']}", settings={"persistence": scope})

    async def run(alias: str, action: str, person: str | None, **inputs: Any) -> Any:
        owner = {"endUserId": person} if person else {}
        body = {"integrationName": "kv-store", "actionName": action, "workspaceId": "shop", "integrationAlias": alias}
        answer = await product.rest.post("/actions/execute", {**body, **owner, "input": inputs})
        return answer.json()["output"] if answer.status_code == 200 else failure(answer)

    for alias, person in (("kv-end_user", "alice"), ("kv-workspace", None), ("kv-external", None)):
        await run(alias, "put", person, key="where", value=alias)
    assert "kv-end_user" in str(await run("kv-end_user", "get", "alice", key="where"))
    assert "kv-end_user" not in str(await run("kv-end_user", "get", "bob", key="where"))
    assert await run("kv-end_user", "get", None, key="where") == (400, "VALIDATION_ERROR")
    for person in (None, "alice", "bob"):
        assert "kv-workspace" in str(await run("kv-workspace", "get", person, key="where"))
        assert "kv-external" in str(await run("kv-external", "get", person, key="where"))
