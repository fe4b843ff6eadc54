"""What lies outside a caller's reach answers like what does not exist (security R39, R41)."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.api.calls import Access, Route
from gateway.api.examples import EXAMPLES
from gateway.api.routes import ROUTES
from gateway.settings import IntegrationSettings, Settings
from tests.parts.rest import Rest, failure, new_key, new_organization

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@dataclass
class Estate:
    """One of everything that a tenant may have, by the names that paths and bodies use."""

    owner: Rest
    ids: dict[str, str]


async def build(owner: Rest, slug: str) -> Estate:
    workspace = await owner.made("/workspaces", {"name": "A", "slug": slug})
    end_user = await owner.made("/end-users", {"workspaceId": slug, "externalId": f"{slug}-alice"})
    integration = await owner.made(f"/workspaces/{slug}/integrations", {"integrationName": "hash-encode"})
    server = await owner.made("/mcp/servers", {"name": "S", "workspaceId": slug, "authMode": "oauth_and_bearer"})
    path = f"/mcp/servers/{server['id']}"
    tool = await owner.made(f"{path}/tools", {"integrationName": "slack", "actionName": "a"})
    token = (await owner.post(f"{path}/access-tokens", {"endUserId": f"{slug}-alice"})).json()["token"]
    secret = {"type": "SECRET_TEXT", "secretText": "s", "integrationName": "github", "displayName": "G"}
    connection = await owner.made("/connections", {**secret, "externalId": f"{slug}-github", "workspaceId": slug})
    wanted = {"integrationName": "slack", "connectionName": "Slack", "externalId": f"{slug}-slack"}
    session = (await owner.post("/connect/token", {**wanted, "workspaceId": slug})).json()
    app = await owner.made(
        "/oauth-apps", {"integrationName": "slack", "name": "Ours", "clientId": "ours", "workspaceId": slug}
    )
    client = await owner.made("/oauth-clients", {"name": "Ours", "redirectUris": ["https://app.invalid/"]})
    webhook = (await owner.post("/webhooks", {"url": "https://app.invalid/", "workspaceId": slug})).json()["webhook"]
    delivery = (await owner.post(f"/webhooks/{webhook['id']}/test")).json()["delivery"]
    return Estate(
        owner,
        {
            "workspaceId": workspace["id"],
            "end-users": end_user["id"],
            "integrations": integration["id"],
            "serverId": server["id"],
            "toolId": tool["id"],
            "tokenId": token["id"],
            "connections": connection["id"],
            "orgs": workspace["orgId"],
            "endUserId": f"{slug}-alice",
            "connectionId": f"{slug}-github",
            "session": session["sessionId"],
            "oauth-apps": app["id"],
            "oauth-clients": client["id"],
            "webhooks": webhook["id"],
            "deliveryId": delivery["id"],
        },
    )


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With an OAuth app, so that connect sessions can begin."""
    return settings.model_copy(update={"integrations": {"slack": IntegrationSettings(client_id="toolgate")}})


@pytest.fixture
async def mine(api: Rest) -> Estate:
    return await build(api, "mine")


@pytest.fixture
async def foreign(anonymous: Rest) -> Estate:
    return await build((await new_organization(anonymous, "foreign"))[1], "foreign")


@pytest.fixture
async def next_door(mine: Estate) -> Estate:
    """Another workspace of the same organization."""
    return await build(mine.owner, "next-door")


def path_of(route: Route, ids: dict[str, str]) -> str:
    """The route's path with the ids of an estate; `{id}` takes what the segment before it says."""

    def value(found: re.Match[str]) -> str:
        return ids.get(found[2], UNKNOWN) if found[2] != "id" else ids.get(found[1], UNKNOWN)

    return re.sub(r"([\w-]+)/\{(\w+)\}", lambda found: f"{found[1]}/{value(found)}", route.path).removeprefix("/api/v1")


BY_ID = [route for route in ROUTES if "{" in route.path and "{name}" not in route.path]
OF_TENANTS = [route for route in BY_ID if route.access in {Access.KEY, Access.ORGANIZATION}]


def named(route: Route) -> str:
    return route.handler.__name__


async def ask(rest: Rest, route: Route, path: str) -> tuple[int, Any]:
    options = {"json": EXAMPLES.get(route.body, {})} if route.takes_body else {}
    answer = await rest.send(route.method, path, **options)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("route", OF_TENANTS, ids=named)
async def test_a_foreign_id_answers_like_an_unknown_one(mine: Estate, foreign: Estate, route: Route) -> None:
    nothing = await ask(mine.owner, route, path_of(route, {}))
    assert nothing[0] == 404
    assert await ask(mine.owner, route, path_of(route, foreign.ids)) == nothing
    for name in ("workspaceId", "serverId"):
        if f"{{{name}}}" in route.path and route.path.count("{") > 1:
            mixed = path_of(route, {**foreign.ids, name: mine.ids[name]})
            assert await ask(mine.owner, route, mixed) == await ask(
                mine.owner, route, path_of(route, {name: mine.ids[name]})
            )


@pytest.mark.parametrize("route", OF_TENANTS, ids=named)
async def test_a_narrowed_key_sees_nothing_of_the_workspace_next_door(
    mine: Estate, next_door: Estate, route: Route
) -> None:
    narrow = await new_key(mine.owner, scope="workspace", workspaceIds=[mine.ids["workspaceId"]])
    nothing = await ask(narrow, route, path_of(route, {}))
    assert nothing[0] == (403 if "{workspaceId}" in route.path or route.access is Access.ORGANIZATION else 404)
    assert await ask(narrow, route, path_of(route, next_door.ids)) == nothing


@pytest.mark.parametrize("route", [route for route in OF_TENANTS if route.method != "GET"], ids=named)
async def test_nothing_of_a_tenant_was_touched_by_the_others(mine: Estate, foreign: Estate, route: Route) -> None:
    before = await everything(foreign)
    await ask(mine.owner, route, path_of(route, foreign.ids))
    assert await everything(foreign) == before


async def everything(estate: Estate) -> list[Any]:
    ids = estate.ids
    paths = [
        "/workspaces", f"/workspaces/{ids['workspaceId']}/integrations", f"/end-users?workspaceId={ids['workspaceId']}",
        "/oauth-apps", "/oauth-clients", "/webhooks", f"/webhooks/{ids['webhooks']}/deliveries", "/connections", f"/mcp/servers/{ids['serverId']}", f"/mcp/servers/{ids['serverId']}/access-tokens", "/api-keys",
    ]  # fmt: skip
    found = [(await estate.owner.get(path)).json() for path in paths]
    for key in found[-1]["apiKeys"]:
        key.pop("lastUsedAt")
    return found


REFERENCES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/end-users", {"externalId": "x"}, "workspaceId"),
    ("PUT", "/end-users/sync", {"endUsers": [{"externalId": "x"}]}, "workspaceId"),
    ("POST", "/mcp/servers", {"name": "S"}, "workspaceId"),
    ("POST", "/connect/token", {"integrationName": "slack", "connectionName": "S", "externalId": "x"}, "workspaceId"),
    ("POST", "/oauth-apps", {"integrationName": "slack", "name": "A", "clientId": "a"}, "workspaceId"),
    ("POST", "/webhooks", {"url": "https://app.invalid/"}, "workspaceId"),
    ("POST", "/connections", {"type": "SECRET_TEXT", "secretText": "s", "externalId": "x", "displayName": "X",
                              "integrationName": "github"}, "workspaceId"),
    ("POST", "/connections/resolve", {"integrationName": "hash-encode"}, "workspaceId"),
    ("POST", "/connections/explain", {"integrationName": "hash-encode"}, "workspaceId"),
    ("POST", "/actions/execute", {"integrationName": "hash-encode", "actionName": "hash"}, "workspaceId"),
    ("POST", "/integrations/slack/properties/options",
     {"propertyName": "channel", "actionName": "send_channel_message"}, "workspaceId"),
    ("POST", "/workspaces/mine/integrations", {"integrationName": "github", "alias": "x"}, "connectionId"),
    ("POST", "/mcp/servers", {"name": "S", "workspaceId": "mine"}, "endUserId"),
    ("POST", "/mcp/servers/{serverId}/access-tokens", {}, "endUserId"),
    ("POST", "/mcp/servers/{serverId}/tools", {"integrationName": "github", "actionName": "b"}, "connectionId"),
    ("POST", "/actions/execute",
     {"integrationName": "github", "actionName": "get_user", "workspaceId": "mine"}, "endUserId"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "name"), REFERENCES)
async def test_a_foreign_reference_in_a_body_answers_like_an_unknown_one(
    mine: Estate, foreign: Estate, method: str, path: str, body: dict[str, Any], name: str
) -> None:
    path = path.replace("{serverId}", mine.ids["serverId"])

    async def asked(rest: Rest, value: str) -> tuple[int, str, str]:
        answer = await rest.send(method, path, json={**body, name: value})
        return *failure(answer), answer.json()["error"].replace(value, "…")

    nothing = await asked(mine.owner, UNKNOWN)
    assert nothing[0] == 404
    foreign_ids = {name: foreign.ids[name], "slug": "foreign"} if name == "workspaceId" else {name: foreign.ids[name]}
    for value in foreign_ids.values():
        assert await asked(mine.owner, value) == nothing
    if name == "workspaceId":
        narrow = await new_key(mine.owner, scope="workspace", workspaceIds=[mine.ids["workspaceId"]])
        for value in (UNKNOWN, foreign.ids[name], "foreign", "nowhere"):
            assert (await asked(narrow, value))[:2] == (403, "SCOPE_DENIED")


@pytest.mark.parametrize(
    "path", ["/end-users", "/mcp/servers", "/connections", "/oauth-apps", "/oauth-apps/available/slack"]
)
async def test_a_foreign_workspace_in_a_query_answers_like_an_unknown_one(
    mine: Estate, foreign: Estate, path: str
) -> None:
    narrow = await new_key(mine.owner, scope="workspace", workspaceIds=[mine.ids["workspaceId"]])
    for value in (UNKNOWN, foreign.ids["workspaceId"], "foreign", "nowhere"):
        assert failure(await mine.owner.get(path, workspaceId=value)) == (404, "NOT_FOUND")
        assert failure(await narrow.get(path, workspaceId=value)) == (403, "SCOPE_DENIED")


async def test_a_narrowed_keys_lists_hold_its_workspaces_only(mine: Estate, next_door: Estate) -> None:
    narrow = await new_key(mine.owner, scope="workspace", workspaceIds=[mine.ids["workspaceId"].upper()])
    lists = {"/workspaces": "workspaces", "/mcp/servers": "servers", "/connections": "connections"}
    lists |= {"/oauth-apps": "oauthApps", "/webhooks": "webhooks"}
    for path, name in lists.items():
        assert (await mine.owner.get(path)).json()["total"] == 2
        (row,) = (await narrow.get(path)).json()[name]
        assert row.get("workspaceId", row["id"]) == mine.ids["workspaceId"]


async def test_a_key_can_not_be_narrowed_to_a_foreign_workspace(mine: Estate, foreign: Estate) -> None:
    for workspace in (foreign.ids["workspaceId"], UNKNOWN):
        body = {"name": "A", "permissions": {"scope": "workspace", "workspaceIds": [workspace]}}
        assert failure(await mine.owner.post("/api-keys", body)) == (400, "VALIDATION_ERROR")


WANTED = {"integrationName": "slack", "connectionName": "S", "externalId": "x", "workspaceId": "mine"}


@pytest.mark.parametrize(
    ("path", "body", "name", "kind"),
    [
        ("/connect/token", {**WANTED, "oauthAppMode": "custom"}, "oauthAppId", "oauth-apps"),
        ("/connect/token", WANTED, "workspaceIntegrationId", "integrations"),
        ("/end-users/{id}/connect-token", {}, "workspaceIntegrationId", "integrations"),
        ("/end-users/{id}/invite", {"email": "a@b.example"}, "workspaceIntegrationId", "integrations"),
        (
            "/workspaces/mine/integrations",
            {"integrationName": "slack", "oauthAppMode": "custom"},
            "oauthAppId",
            "oauth-apps",
        ),
    ],
)
async def test_what_is_chosen_for_connecting_is_the_workspaces_own(
    mine: Estate, next_door: Estate, foreign: Estate, path: str, body: dict[str, Any], name: str, kind: str
) -> None:
    path = path.replace("{id}", mine.ids["end-users"])
    nothing = failure(await mine.owner.post(path, {**body, name: UNKNOWN}))
    assert nothing[0] in (400, 404)
    for other in (foreign, next_door):
        assert failure(await mine.owner.post(path, {**body, name: other.ids[kind]})) == nothing
