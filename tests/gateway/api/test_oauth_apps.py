"""OAuth apps of tenants' own: kept, chosen, and refused to whoever they are not for."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from gateway.connections.oauth_apps import AppSafe, OAuthApps
from gateway.settings import Settings
from gateway.wiring import Gateway
from storage.scope import TenantScope
from tests.parts.rest import Rest, failure, new_key, new_organization

SECRET = "the-secret-of-our-slack-app"
SLACK = {"integrationName": "slack", "name": "Our Slack", "clientId": "1234.5678", "clientSecret": SECRET}
WANTED = {"integrationName": "slack", "connectionName": "Slack", "externalId": "slack-1", "workspaceId": "shop"}
INTEGRATION = {"integrationName": "slack", "connectionStrategy": "per_user"}


@pytest.fixture
async def workspaces(api: Rest) -> dict[str, str]:
    """Two workspaces, by slug."""
    return {slug: (await api.made("/workspaces", {"name": slug, "slug": slug}))["id"] for slug in ("shop", "next-door")}


@pytest.fixture
async def narrow(api: Rest, workspaces: dict[str, str]) -> Rest:
    """A key of the shop only."""
    return await new_key(api, scope="workspace", workspaceIds=[workspaces["shop"]])


async def session(rest: Rest, **fields: Any) -> Any:
    """Ask for a connect session; returns the answer."""
    return await rest.post("/connect/token", {**WANTED, **fields})


async def chosen(rest: Rest, **fields: Any) -> str | None:
    """Return the id of the app that a session goes with."""
    answer = await session(rest, **fields)
    assert answer.status_code == 200, answer.text
    return (await rest.get(f"/connect/session/{answer.json()['sessionId']}")).json()["session"].get("oauthAppId")


async def test_an_app_is_kept_without_ever_showing_its_secret(api: Rest, workspaces: dict[str, str]) -> None:
    made = await api.made("/oauth-apps", {**SLACK, "workspaceId": "shop"})
    assert made["callbackUrl"] == "http://127.0.0.1:8080/connect/callback/slack"
    assert (made["workspaceId"], made["hasClientSecret"]) == (workspaces["shop"], True)
    assert (await api.get(f"/oauth-apps/{made['id']}")).json() == {"oauthApp": made}
    assert (await api.get("/oauth-apps")).json() == {"oauthApps": [made], "total": 1}
    assert SECRET not in (await api.get("/oauth-apps")).text


async def test_the_secret_is_sealed_to_its_row(api: Rest, gateway: Gateway, settings: Settings) -> None:
    made = [await api.made("/oauth-apps", SLACK) for _ in range(2)]
    with closing(sqlite3.connect(settings.data_dir / "toolgate.db")) as file:
        assert SECRET not in "\n".join(file.iterdump())
    of_the_first = text("update oauth_apps set sealed = (select sealed from oauth_apps where id = :id)")
    async with gateway.database.write() as tx:
        await tx.session.execute(of_the_first, {"id": made[0]["id"]})
    apps = OAuthApps({}, database=gateway.database, catalogs=gateway.catalogs, safe=AppSafe(gateway.cipher))
    scope = TenantScope(made[0]["orgId"])
    first = await apps.find(scope, "slack", oauth_app_id=made[0]["id"])
    assert first is not None
    assert first.client_secret == SECRET
    assert await apps.find(scope, "slack", oauth_app_id=made[1]["id"]) is None


async def test_an_app_is_renamed_and_given_another_secret_or_none(api: Rest) -> None:
    made = await api.made("/oauth-apps", SLACK)
    path = f"/oauth-apps/{made['id']}"
    changed = (await api.patch(path, {"name": "Slack, new"})).json()["oauthApp"]
    assert (changed["name"], changed["hasClientSecret"]) == ("Slack, new", True)
    assert (await api.patch(path, {"clientSecret": None})).json()["oauthApp"]["hasClientSecret"] is False
    assert failure(await api.patch(path, {})) == (400, "NO_UPDATES")
    assert failure(await api.patch(path, {"clientId": "another"})) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        ({"integrationName": "nope"}, 404, "INTEGRATION_NOT_FOUND"),
        ({"integrationName": "hash-encode"}, 400, "VALIDATION_ERROR"),
        ({"clientId": "with space"}, 400, "VALIDATION_ERROR"),
        ({"clientSecret": "line\nbreak"}, 400, "VALIDATION_ERROR"),
        ({"clientSecret": ""}, 400, "VALIDATION_ERROR"),
        ({"workspaceId": "nowhere"}, 404, "NOT_FOUND"),
    ],
)
async def test_a_bad_app_is_refused_and_its_secret_not_repeated(
    api: Rest, bad: dict[str, Any], status: int, code: str
) -> None:
    answer = await api.post("/oauth-apps", {**SLACK, **bad})
    assert failure(answer) == (status, code)
    assert SECRET not in answer.text
    assert (await api.get("/oauth-apps")).json()["total"] == 0


async def test_an_app_that_is_in_use_stays_and_says_by_what(api: Rest, workspaces: dict[str, str]) -> None:
    made = await api.made("/oauth-apps", SLACK)
    configured = await api.made("/workspaces/shop/integrations", {**INTEGRATION, "oauthAppId": made["id"]})
    connection = await api.made(
        "/connections",
        {
            "type": "OAUTH2",
            "integrationName": "slack",
            "externalId": "s",
            "displayName": "S",
            "accessToken": "xoxp-1",
            "workspaceId": "shop",
            "oauthAppId": made["id"],
        },
    )
    refused = await api.delete(f"/oauth-apps/{made['id']}")
    assert failure(refused) == (409, "CONFLICT")
    assert refused.json()["details"] == {"connections": 1, "workspaceIntegrations": 1}
    shown = (await api.get(f"/oauth-apps/{made['id']}")).json()["oauthApp"]
    assert (shown["connectionCount"], shown["workspaceIntegrationCount"]) == (1, 1)
    await api.delete(f"/connections/{connection['id']}")
    await api.delete(f"/workspaces/shop/integrations/{configured['id']}")
    assert (await api.delete(f"/oauth-apps/{made['id']}")).status_code == 200
    assert failure(await api.get(f"/oauth-apps/{made['id']}")) == (404, "OAUTH_APP_NOT_FOUND")


async def test_a_narrowed_key_manages_the_apps_of_its_workspace_and_uses_those_of_the_organization(
    api: Rest, narrow: Rest
) -> None:
    everybodys = await api.made("/oauth-apps", SLACK)
    next_doors = await api.made("/oauth-apps", {**SLACK, "workspaceId": "next-door"})
    assert failure(await narrow.post("/oauth-apps", SLACK)) == (403, "SCOPE_DENIED")
    its = await narrow.made("/oauth-apps", {**SLACK, "workspaceId": "shop"})
    assert [each["id"] for each in (await narrow.get("/oauth-apps")).json()["oauthApps"]] == [its["id"]]
    for foreign in (everybodys, next_doors):
        for answer in (
            await narrow.get(f"/oauth-apps/{foreign['id']}"),
            await narrow.patch(f"/oauth-apps/{foreign['id']}", {"clientSecret": "stolen"}),
            await narrow.delete(f"/oauth-apps/{foreign['id']}"),
        ):
            assert failure(answer) == (404, "OAUTH_APP_NOT_FOUND")
    usable = (await narrow.get("/oauth-apps/available/slack", workspaceId="shop")).json()["oauthApps"]
    assert [each["id"] for each in usable] == [its["id"], everybodys["id"]]
    assert await chosen(narrow, oauthAppId=everybodys["id"]) == everybodys["id"]
    assert failure(await session(narrow, oauthAppId=next_doors["id"])) == (400, "INVALID_OAUTH_APP")


async def test_what_is_no_app_for_this_is_refused_alike_wherever_one_is_chosen(
    api: Rest, anonymous: Rest, workspaces: dict[str, str]
) -> None:
    foreign = await (await new_organization(anonymous, "foreign"))[1].made("/oauth-apps", SLACK)
    others = await api.made("/oauth-apps", {**SLACK, "integrationName": "github"})
    elsewhere = await api.made("/oauth-apps", {**SLACK, "workspaceId": "next-door"})
    token = {"type": "OAUTH2", "accessToken": "x", "externalId": "e", "displayName": "D", "integrationName": "slack"}
    configured = await api.made("/workspaces/shop/integrations", INTEGRATION)
    for app_id in (foreign["id"], others["id"], elsewhere["id"], workspaces["shop"], "no-id"):
        for answer in (
            await session(api, oauthAppId=app_id),
            await api.post("/workspaces/shop/integrations", {**INTEGRATION, "alias": "b", "oauthAppId": app_id}),
            await api.patch(f"/workspaces/shop/integrations/{configured['id']}", {"oauthAppId": app_id}),
            await api.post("/connections", {**token, "workspaceId": "shop", "oauthAppId": app_id}),
        ):
            assert failure(answer) == (400, "INVALID_OAUTH_APP")
            assert (
                answer.json()["error"]
                == (await session(api, oauthAppId="00000000-0000-4000-8000-000000000000")).json()["error"]
            )


async def test_custom_without_an_id_means_the_workspaces_only_app_else_the_organizations(
    api: Rest, workspaces: dict[str, str]
) -> None:
    refused = await session(api, oauthAppMode="custom")
    assert failure(refused) == (400, "MISSING_OAUTH2_CONFIG")
    assert "POST /api/v1/oauth-apps" in refused.json()["error"]
    everybodys = await api.made("/oauth-apps", SLACK)
    assert await chosen(api, oauthAppMode="custom") == everybodys["id"]
    its = await api.made("/oauth-apps", {**SLACK, "workspaceId": "shop"})
    assert await chosen(api, oauthAppMode="custom") == its["id"]
    assert await chosen(api, oauthAppMode="custom", workspaceId="next-door") == everybodys["id"]
    second = await api.made("/oauth-apps", {**SLACK, "workspaceId": "shop", "name": "Second"})
    several = await session(api, oauthAppMode="custom")
    assert failure(several) == (400, "VALIDATION_ERROR")
    assert second["id"] in several.json()["error"]


async def test_an_account_of_the_whole_organization_takes_no_app_of_a_workspace(
    api: Rest, workspaces: dict[str, str]
) -> None:
    its = await api.made("/oauth-apps", {**SLACK, "workspaceId": "shop"})
    assert failure(await session(api, scope="ORGANIZATION", oauthAppId=its["id"])) == (400, "INVALID_OAUTH_APP")
    assert failure(await session(api, scope="ORGANIZATION", oauthAppMode="custom")) == (400, "MISSING_OAUTH2_CONFIG")


async def test_a_session_takes_the_app_of_its_integration_unless_it_chooses_itself(
    settings: Settings, api: Rest, workspaces: dict[str, str]
) -> None:
    its = await api.made("/oauth-apps", {**SLACK, "workspaceId": "shop"})
    instance = await api.made("/workspaces/shop/integrations", {**INTEGRATION, "oauthAppMode": "custom"})
    assert instance["oauthAppId"] == its["id"]
    named = {"workspaceIntegrationId": instance["id"], "endUserId": "alice"}
    assert await chosen(api, **named) == its["id"]
    everybodys = await api.made("/oauth-apps", SLACK)
    assert await chosen(api, **named, oauthAppId=everybodys["id"]) == everybodys["id"]
    # The deployment has no app of its own here.
    assert failure(await session(api, **named, oauthAppMode="weavz_managed")) == (400, "NO_OAUTH_APP")


async def test_a_mode_and_an_id_that_contradict_each_other_are_refused(api: Rest, workspaces: dict[str, str]) -> None:
    made = await api.made("/oauth-apps", SLACK)
    both = {"oauthAppMode": "weavz_managed", "oauthAppId": made["id"]}
    assert failure(await session(api, **both)) == (400, "VALIDATION_ERROR")
    assert failure(await api.post("/workspaces/shop/integrations", {**INTEGRATION, **both})) == (
        400,
        "VALIDATION_ERROR",
    )


async def test_leaving_custom_takes_the_app_along_and_coming_back_finds_it_again(
    api: Rest, workspaces: dict[str, str]
) -> None:
    made = await api.made("/oauth-apps", SLACK)
    instance = await api.made("/workspaces/shop/integrations", {**INTEGRATION, "oauthAppMode": "custom"})
    path = f"/workspaces/shop/integrations/{instance['id']}"
    for mode in ("weavz_managed", None):
        left = (await api.patch(path, {"oauthAppMode": mode})).json()["integration"]
        assert "oauthAppId" not in left
        back = (await api.patch(path, {"oauthAppMode": "custom"})).json()["integration"]
        assert back["oauthAppId"] == made["id"]


async def test_a_deployment_without_an_app_is_told_the_settings_and_the_callback(
    api: Rest, workspaces: dict[str, str]
) -> None:
    refused = await session(api)
    assert failure(refused) == (400, "NO_OAUTH_APP")
    for said in (
        "TOOLGATE_INTEGRATIONS_SLACK_CLIENT_ID",
        "TOOLGATE_INTEGRATIONS_SLACK_CLIENT_SECRET",
        "http://127.0.0.1:8080/connect/callback/slack",
    ):
        assert said in refused.json()["error"]
    assert refused.json()["details"] == {"callbackUrl": "http://127.0.0.1:8080/connect/callback/slack"}


async def test_the_oauth_status_is_the_deployments(api: Rest) -> None:
    await api.made("/oauth-apps", SLACK)
    assert (await api.get("/integrations/oauth-status")).json() == {"configured": []}
