"""Integrations of an organization's own: from a manifest, from a document, and what they can't be."""

import json
from typing import Any

import pytest

from gateway.wiring import Gateway
from tests.integrations.openapi.descriptions import described
from tests.parts.rest import Rest, failure, new_key, new_organization

CRM: dict[str, Any] = {
    "name": "custom-crm",
    "title": "Our CRM",
    "auth": [{"key": "token", "type": "secret_text", "verify": {"get": "me"}}],
    "api": {"base_url": "https://crm.example.com/api/"},
    "actions": [
        {
            "name": "get_customer",
            "title": "Get customer",
            "description": "Returns a customer by number.",
            "input": {"number": {"type": "integer", "description": "The customer's number"}},
            "request": {"get": "customers/{number}"},
        }
    ],
}
PETS = described({"/pets": {"get": {"operationId": "listPets", "summary": "List pets", "tags": ["pets"]}}})


@pytest.fixture
async def ours(anonymous: Rest) -> Rest:
    return (await new_organization(anonymous, "ours"))[1]


@pytest.fixture
async def theirs(anonymous: Rest) -> Rest:
    return (await new_organization(anonymous, "theirs"))[1]


async def create(rest: Rest, /, **changes: Any) -> Any:
    return await rest.post("/integrations", {"manifest": {**CRM, **changes}})


async def tools(api: Rest, gateway: Gateway, server_id: str) -> list[str]:
    return [tool.name for tool in (await gateway.toolsets.of(server_id)).tools]


async def test_an_integration_of_ones_own_is_in_the_catalogue_of_its_organization_alone(
    ours: Rest, theirs: Rest
) -> None:
    made = await create(ours)
    assert made.status_code == 201, made.text
    assert made.json()["integration"]["displayName"] == "Our CRM"
    assert "custom-crm" in (await ours.get("/integrations")).json()["registered"]
    assert (await ours.get("/integrations/custom-crm")).status_code == 200
    assert "custom-crm" not in (await theirs.get("/integrations")).json()["registered"]
    assert failure(await theirs.get("/integrations/custom-crm")) == (404, "INTEGRATION_NOT_FOUND")
    assert failure(await theirs.send("PUT", "/integrations/custom-crm", json={"manifest": CRM}))[0] == 404
    assert failure(await theirs.delete("/integrations/custom-crm"))[0] == 404


async def test_two_organizations_may_call_different_things_alike(ours: Rest, theirs: Rest) -> None:
    await create(ours)
    assert (await create(theirs, title="Their CRM")).status_code == 201
    assert (await ours.get("/integrations/custom-crm")).json()["integration"]["displayName"] == "Our CRM"


async def test_tools_follow_at_once(ours: Rest, gateway: Gateway) -> None:
    await create(ours)
    workspace = await ours.made("/workspaces", {"name": "Shop", "slug": "shop"})
    await ours.made(
        f"/workspaces/{workspace['id']}/integrations",
        {"integrationName": "custom-crm", "alias": "crm", "connectionStrategy": "per_user"},
    )
    server = (await ours.post("/mcp/servers", {"name": "Tools", "workspaceId": workspace["id"]})).json()["server"]
    assert await tools(ours, gateway, server["id"]) == ["crm__get_customer"]
    more = {**CRM, "actions": [*CRM["actions"], {**CRM["actions"][0], "name": "find_customer"}]}
    changed = await ours.put("/integrations/custom-crm", {"manifest": more})
    assert changed.json()["changes"] == {"added": ["find_customer"], "removed": [], "changed": []}
    assert await tools(ours, gateway, server["id"]) == ["crm__get_customer", "crm__find_customer"]
    assert failure(await ours.delete("/integrations/custom-crm")) == (409, "CONFLICT")
    await ours.delete(f"/workspaces/{workspace['id']}")
    assert (await ours.delete("/integrations/custom-crm")).json() == {"deleted": True, "id": "custom-crm"}
    assert "custom-crm" not in (await ours.get("/integrations")).json()["registered"]


async def test_yaml_is_taken_and_its_faults_are_told_by_line(ours: Rest) -> None:
    text = "name: custom-crm\ntitle: CRM\nactoins: []\nactions:\n  - {name: x, title: X, request: {get: x}}\n"
    refused = await ours.post("/integrations", {"manifest": text})
    assert failure(refused) == (400, "VALIDATION_ERROR")
    assert refused.json()["details"]["problems"] == ["manifest:3: actoins is not a key that belongs here"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "slack"}, "begins with 'custom-'"),
        ({"name": "custom-"}, "begins with 'custom-'"),
        ({"actions": [{**CRM["actions"][0], "request": None, "code": "os:system"}]}, "problem"),
        ({"uses_state": True}, "for integrations that ship"),
        ({"api": {"base_url": "http://crm.example.com/"}}, "problem"),
        ({"api": {"base_url": "javascript:alert(1)"}}, "problem"),
        ({"actions": [{**CRM["actions"][0], "description": None}]}, "has no description"),
        ({"actions": [{**CRM["actions"][0], "request": {"get": "../admin"}}]}, "problem"),
    ],
)
async def test_a_manifest_is_held_to_what_ours_are_held_to_and_runs_no_code(
    ours: Rest, changes: dict[str, Any], said: str
) -> None:
    refused = await create(ours, **changes)
    assert refused.status_code == 400
    assert said in refused.json()["error"]


async def test_one_name_is_given_once(ours: Rest) -> None:
    await create(ours)
    assert failure(await create(ours)) == (409, "DUPLICATE")
    assert failure(await ours.put("/integrations/custom-crm", {"manifest": {**CRM, "name": "custom-x"}}))[0] == 400
    assert failure(await ours.put("/integrations/custom-x", {"manifest": {**CRM, "name": "custom-x"}}))[0] == 404


async def test_a_document_is_previewed_then_kept_then_updated(ours: Rest) -> None:
    asked = {"name": "custom-pets", "document": PETS}
    preview = (await ours.post("/integrations/import", {**asked, "preview": True})).json()
    assert (preview["preview"], [tool["action"] for tool in preview["tools"]]) == (True, ["list_pets"])
    assert 0 < preview["tools"][0]["tokens"] == preview["tokens"]
    assert "custom-pets" not in (await ours.get("/integrations")).json()["registered"]
    kept = (await ours.post("/integrations/import", asked)).json()
    assert "changes" not in kept
    assert "custom-pets" in (await ours.get("/integrations")).json()["registered"]
    text = json.dumps(PETS).replace("listPets", "allPets")
    changed = (await ours.post("/integrations/import", {"name": "custom-pets", "document": text})).json()["changes"]
    assert changed == {"added": ["all_pets"], "removed": ["list_pets"], "changed": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "custom-x"}, 400),
        ({"name": "custom-x", "document": {}, "url": "https://a.example"}, 400),
        ({"name": "custom-x", "document": {"openapi": "3.0.0"}}, 400),
        ({"name": "pets", "document": PETS}, 400),
        ({"name": "custom-x", "document": PETS, "tags": ["birds"]}, 400),
        ({"name": "custom-x", "url": "http://169.254.169.254/latest"}, 400),
        ({"name": "custom-x", "url": "file:///etc/passwd"}, 400),
    ],
)
async def test_what_cannot_be_imported_is_told(ours: Rest, body: dict[str, Any], status: int) -> None:
    assert (await ours.post("/integrations/import", body)).status_code == status


OAUTH = {
    "type": "oauth2",
    "flows": {
        "authorizationCode": {
            "authorizationUrl": "https://crm.example.com/authorize",
            "tokenUrl": "https://crm.example.com/token",
            "scopes": {"pets:read": "See pets", "pets:write": "Change pets"},
        }
    },
}


def pets_by_oauth(*scopes: str) -> dict[str, Any]:
    """Return the document of an API where people sign in, and where listing needs these scopes."""
    listing = {"operationId": "listPets", "summary": "List pets", "security": [{"login": list(scopes)}]}
    return described({"/pets": {"get": listing}}, components={"securitySchemes": {"login": OAUTH}})


async def test_what_to_register_an_oauth_app_with_is_told(ours: Rest, gateway: Gateway) -> None:
    document = pets_by_oauth("pets:read")
    made = await ours.post("/integrations/import", {"name": "custom-pets", "document": document})
    assert made.status_code == 200, made.text
    setup = (await ours.get("/integrations/custom-pets")).json()["oauthSetup"]
    assert setup == {
        "callbackUrl": f"{gateway.settings.public_url}/connect/callback/custom-pets",
        "methods": [
            {
                "authMethodKey": "login",
                "authorizationUrl": "https://crm.example.com/authorize",
                "scopes": [{"name": "pets:read", "title": "See pets"}],
            }
        ],
        "hasApp": False,
    }
    app = {"integrationName": "custom-pets", "name": "Ours", "clientId": "id", "clientSecret": "secret"}
    kept = await ours.made("/oauth-apps", app)
    assert kept["callbackUrl"] == setup["callbackUrl"]
    assert (await ours.get("/integrations", name="custom-pets")).json()["oauthSetup"]["hasApp"] is True
    await create(ours)
    assert "oauthSetup" not in (await ours.get("/integrations/custom-crm")).json()


async def test_whoever_keeps_accounts_hears_when_they_may_need_something_else(ours: Rest, gateway: Gateway) -> None:
    heard: list[tuple[str, str]] = []
    gateway.changes.subscribe(heard.extend)
    for document in (pets_by_oauth("pets:read"), pets_by_oauth("pets:read"), pets_by_oauth("pets:write")):
        await ours.post("/integrations/import", {"name": "custom-pets", "document": document})
    organization = next(iter(gateway.catalogs._packed))
    needs = [topic for topic in heard if topic[0] == "own_integration_needs"]
    assert needs == [("own_integration_needs", f"{organization}/custom-pets")]
    assert len([topic for topic in heard if topic[0] == "own_integrations"]) == 3


async def test_a_key_of_some_workspaces_manages_none(ours: Rest) -> None:
    workspace = await ours.made("/workspaces", {"name": "Shop", "slug": "shop"})
    narrow = await new_key(ours, scope="workspace", workspaceIds=[workspace["id"]])
    assert (await create(narrow)).status_code == 403
    assert (await narrow.post("/integrations/import", {"name": "custom-x", "document": PETS})).status_code == 403


async def test_they_are_there_again_after_a_restart(ours: Rest, gateway: Gateway) -> None:
    await create(ours)
    organization = next(iter(gateway.catalogs._packed))
    gateway.catalogs._packed.clear()
    gateway.catalogs._parsed.clear()
    await gateway.catalogs.read(gateway.database)
    assert "custom-crm" in gateway.catalogs.of(organization)
