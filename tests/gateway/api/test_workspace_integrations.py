"""Workspace integrations over REST (contract 1.2)."""

import asyncio
from typing import Any
from unittest.mock import ANY

import pytest

from tests.parts.rest import Rest, failure, new_organization

PATH = "/workspaces/a/integrations"


@pytest.fixture
async def workspace(api: Rest) -> dict[str, Any]:
    return await api.made("/workspaces", {"name": "A", "slug": "a"})


async def test_name_and_strategy_are_enough(api: Rest, workspace: dict[str, Any]) -> None:
    answer = await api.post(PATH, {"integrationName": "slack", "connectionStrategy": "per_user"})
    assert answer.status_code == 201
    assert answer.json() == {
        "integration": {
            "id": ANY,
            "orgId": workspace["orgId"],
            "workspaceId": workspace["id"],
            "integrationName": "slack",
            "alias": "slack",
            "connectionStrategy": "per_user",
            "connectionId": None,
            "connectionStatus": None,
            "connectionDisplayName": None,
            "connectionExternalId": None,
            "displayName": None,
            "enabledActions": None,
            "settings": {},
            "sortOrder": 0,
            "createdAt": ANY,
            "updatedAt": ANY,
        }
    }
    assert (await api.get(PATH)).json() == {"integrations": [answer.json()["integration"]], "total": 1}


async def test_fixed_needs_a_connection_where_there_is_something_to_connect(
    api: Rest, workspace: dict[str, Any]
) -> None:
    answer = await api.post(PATH, {"integrationName": "slack"})
    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"].startswith("connectionId: is required")
    assert (await api.made(PATH, {"integrationName": "hash-encode"}))["connectionStrategy"] == "fixed"
    fallback = {"integrationName": "slack", "connectionStrategy": "per_user_with_fallback"}
    made = await api.made(PATH, fallback)
    assert failure(await api.patch(f"{PATH}/{made['id']}", {"connectionStrategy": "fixed"})) == (
        400, "VALIDATION_ERROR"
    )  # fmt: skip


@pytest.mark.parametrize("alias", ["Slack", "_slack", "-slack", "slack@x", "sl ack", "", "s" * 65, "slack\n"])
async def test_a_bad_alias_is_refused(api: Rest, workspace: dict[str, Any], alias: str) -> None:
    body = {"integrationName": "slack", "connectionStrategy": "per_user", "alias": alias}
    assert failure(await api.post(PATH, body)) == (400, "VALIDATION_ERROR")


async def test_aliases_that_make_the_same_tool_names_are_refused(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"integrationName": "slack", "connectionStrategy": "per_user"}
    await api.made(PATH, {**body, "alias": "slack-one"})
    for alias in ("slack-one", "slack_one", "slack--one"):
        assert failure(await api.post(PATH, {**body, "alias": alias})) == (409, "ALIAS_CONFLICT")
    other = await api.made(PATH, {**body, "alias": "discord_py_user"})
    assert failure(await api.patch(f"{PATH}/{other['id']}", {"alias": "slack_one"})) == (409, "ALIAS_CONFLICT")


async def test_twenty_at_once_make_one(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"integrationName": "slack", "connectionStrategy": "per_user"}
    answers = await asyncio.gather(*(api.post(PATH, body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


@pytest.mark.parametrize(
    "bad",
    [
        {"enabledActions": ["no_such_action"]},
        {"authMethodKey": "no-such-method"},
        {"connectionStrategy": "shared"},
        {"settings": {"persistence": {"scope": "external"}}},
        {"settings": {"persistence": {"scope": "external", "externalId": " "}}},
        {"settings": {"persistence": {"scope": "team"}}},
        {"settings": {"advancedCode": {"storageMountScope": "external"}}},
        {"settings": {"unknown": {}}},
        {"sortOrder": 2**40},
        {"sortOrder": True},
    ],
)
async def test_a_bad_configuration_is_refused_and_nothing_is_kept(
    api: Rest, workspace: dict[str, Any], bad: dict[str, Any]
) -> None:
    body = {"integrationName": "slack", "connectionStrategy": "per_user", **bad}
    assert failure(await api.post(PATH, body)) == (400, "VALIDATION_ERROR")
    assert (await api.get(PATH)).json() == {"integrations": [], "total": 0}


async def test_unknown_names_are_not_found(api: Rest, workspace: dict[str, Any]) -> None:
    assert failure(await api.post(PATH, {"integrationName": "nope"})) == (404, "INTEGRATION_NOT_FOUND")
    body = {"integrationName": "slack", "connectionId": "conn_nobody"}
    assert failure(await api.post(PATH, body)) == (404, "CONNECTION_NOT_FOUND")
    assert failure(await api.patch(f"{PATH}/x", {"sortOrder": 1})) == (404, "NOT_FOUND")
    assert failure(await api.delete(f"{PATH}/x")) == (404, "NOT_FOUND")


async def test_the_old_names_of_fields_still_count(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"integrationName": "hash-encode", "integrationAlias": "hasher", "allowedActions": ["hash"]}
    made = await api.made(PATH, body)
    assert (made["alias"], made["enabledActions"]) == ("hasher", ["hash"])
    changed = await api.patch(f"{PATH}/{made['id']}", {"integrationAlias": "digest", "allowedActions": None})
    assert changed.json()["integration"] == {**made, "alias": "digest", "enabledActions": None, "updatedAt": ANY}


async def test_null_clears_and_absence_keeps(api: Rest, workspace: dict[str, Any]) -> None:
    told: dict[str, Any] = {
        "displayName": "Our notes",
        "enabledActions": ["get"],
        "settings": {"persistence": {"scope": "external", "externalId": "team-7"}},
        "sortOrder": 3,
    }
    made = await api.made(PATH, {"integrationName": "kv-store", **told})
    assert {name: made[name] for name in told} == told
    path = f"{PATH}/{made['id']}"
    assert failure(await api.patch(path, {})) == (400, "NO_UPDATES")
    cleared = (await api.patch(path, {"displayName": None, "settings": None})).json()["integration"]
    assert cleared == {**made, "displayName": None, "settings": {}, "updatedAt": ANY}
    for name in ("alias", "connectionStrategy", "sortOrder"):
        assert failure(await api.patch(path, {name: None})) == (400, "VALIDATION_ERROR")


async def test_a_removed_integration_is_gone(api: Rest, workspace: dict[str, Any]) -> None:
    made = await api.made(PATH, {"integrationName": "hash-encode"})
    path = f"{PATH}/{made['id']}"
    assert (await api.delete(path)).json() == {"deleted": True, "id": made["id"]}
    assert failure(await api.delete(path)) == (404, "NOT_FOUND")


async def test_an_integration_of_another_workspace_is_unknown_here(
    anonymous: Rest, api: Rest, workspace: dict[str, Any]
) -> None:
    made = await api.made(PATH, {"integrationName": "hash-encode"})
    await api.made("/workspaces", {"name": "B", "slug": "b"})
    _, stranger = await new_organization(anonymous, "other")
    await stranger.made("/workspaces", {"name": "A", "slug": "a"})
    for rest, slug in ((api, "b"), (stranger, "a")):
        path = f"/workspaces/{slug}/integrations/{made['id']}"
        assert failure(await rest.patch(path, {"sortOrder": 1})) == (404, "NOT_FOUND")
        assert failure(await rest.delete(path)) == (404, "NOT_FOUND")
