"""End users over REST (contract 1.3)."""

import asyncio
from typing import Any
from unittest.mock import ANY

import pytest

from tests.parts.rest import Rest, failure, new_organization

ALICE = {"externalId": "user_alice", "displayName": "Alice", "email": "alice@example.com", "metadata": {"plan": "pro"}}


@pytest.fixture
async def workspace(api: Rest) -> dict[str, Any]:
    return await api.made("/workspaces", {"name": "A", "slug": "a"})


async def test_a_new_end_user_is_answered_as_the_contract_says(api: Rest, workspace: dict[str, Any]) -> None:
    answer = await api.post("/end-users", {"workspaceId": workspace["id"], **ALICE})
    assert answer.status_code == 201
    end_user = {
        "id": ANY,
        "workspaceId": workspace["id"],
        **ALICE,
        "connectionCount": 0,
        "type": "external",
        "suspended": False,
        "createdAt": ANY,
        "updatedAt": ANY,
    }
    assert answer.json() == {"endUser": end_user}
    made = answer.json()["endUser"]
    assert (await api.get(f"/end-users/{made['id']}")).json() == {"endUser": made, "connections": []}
    assert (await api.get("/end-users", workspaceId="a")).json() == {"endUsers": [made], "total": 1}


async def test_what_was_never_told_is_left_out(api: Rest, workspace: dict[str, Any]) -> None:
    made = await api.made("/end-users", {"workspaceId": "a", "externalId": "bob"})
    assert set(made) == {
        "id", "workspaceId", "externalId", "connectionCount", "type", "suspended", "createdAt", "updatedAt"
    }  # fmt: skip


async def test_metadata_is_kept_to_the_last_digit(api: Rest, workspace: dict[str, Any]) -> None:
    metadata = {"big": 10**40, "float": 0.1, "deep": {"list": [None, True, "ü", {}]}, "": ""}
    made = await api.made("/end-users", {"workspaceId": "a", "externalId": "bob", "metadata": metadata})
    assert made["metadata"] == metadata
    assert (await api.get(f"/end-users/{made['id']}")).json()["endUser"]["metadata"] == metadata


async def test_an_external_id_is_unique_in_its_workspace_only(api: Rest, workspace: dict[str, Any]) -> None:
    await api.made("/workspaces", {"name": "B", "slug": "b"})
    for slug in ("a", "b"):
        await api.made("/end-users", {"workspaceId": slug, **ALICE})
        assert failure(await api.post("/end-users", {"workspaceId": slug, **ALICE})) == (409, "DUPLICATE")


async def test_twenty_at_once_make_one(api: Rest, workspace: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(api.post("/end-users", {"workspaceId": "a", **ALICE}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_null_clears_and_absence_keeps(api: Rest, workspace: dict[str, Any]) -> None:
    made = await api.made("/end-users", {"workspaceId": "a", **ALICE})
    path = f"/end-users/{made['id']}"
    changed = (await api.patch(path, {"email": None, "metadata": {}})).json()["endUser"]
    expected = {key: value for key, value in made.items() if key != "email"}
    assert changed == {**expected, "metadata": {}, "updatedAt": ANY}
    assert failure(await api.patch(path, {})) == (400, "NO_UPDATES")
    assert failure(await api.patch(path, {"externalId": "x"})) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "bad",
    [
        {"externalId": ""},
        {"externalId": "x" * 256},
        {"externalId": 5},
        {"externalId": None},
        {"email": "no-address"},
        {"email": "a@x..y"},
        {"metadata": []},
        {"metadata": {"a": "x" * 20_000}},
        {"displayName": " "},
        {"unknown": 1},
    ],
)
async def test_a_bad_end_user_is_refused(api: Rest, workspace: dict[str, Any], bad: dict[str, Any]) -> None:
    answer = await api.post("/end-users", {"workspaceId": "a", **ALICE, **bad})
    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert next(iter(bad)) in answer.json()["error"]
    assert (await api.get("/end-users", workspaceId="a")).json()["total"] == 0


async def test_a_list_needs_its_workspace(api: Rest) -> None:
    answer = await api.get("/end-users")
    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"] == "workspaceId: is required"


async def test_an_end_user_is_found_by_external_id_and_by_address(api: Rest, workspace: dict[str, Any]) -> None:
    alice = await api.made("/end-users", {"workspaceId": "a", **ALICE})
    await api.made("/end-users", {"workspaceId": "a", "externalId": "bob", "email": "strasse@example.com"})
    for query in ({"externalId": "user_alice"}, {"email": "ALICE@Example.COM"}):
        assert (await api.get("/end-users", workspaceId="a", **query)).json() == {"endUsers": [alice], "total": 1}
    nobody = await api.get("/end-users", workspaceId="a", email="straße@example.com")
    assert nobody.json() == {"endUsers": [], "total": 0}


async def test_suspending_keeps_everything_and_twice_is_once(api: Rest, workspace: dict[str, Any]) -> None:
    made = await api.made("/end-users", {"workspaceId": "a", **ALICE})
    path = f"/end-users/{made['id']}"
    first = (await api.post(f"{path}/suspend")).json()
    assert first == {"endUser": {**made, "suspended": True, "updatedAt": ANY}}
    assert (await api.post(f"{path}/suspend", {})).json() == first
    assert (await api.post(f"{path}/resume")).json()["endUser"]["suspended"] is False


async def test_a_deleted_end_user_is_gone(api: Rest, workspace: dict[str, Any]) -> None:
    made = await api.made("/end-users", {"workspaceId": "a", **ALICE})
    path = f"/end-users/{made['id']}"
    assert (await api.delete(path)).json() == {"deleted": True, "id": made["id"], "connectionsDeleted": 0}
    for answer in (await api.get(path), await api.delete(path), await api.patch(path, {"email": None})):
        assert failure(answer) == (404, "END_USER_NOT_FOUND")


async def test_a_sync_tells_what_became_of_every_row(api: Rest, workspace: dict[str, Any]) -> None:
    await api.made("/end-users", {"workspaceId": "a", **ALICE})
    await api.made("/end-users", {"workspaceId": "a", "externalId": "bob"})
    rows: list[Any] = [
        ALICE,
        {"externalId": "bob", "displayName": "Bob", "suspended": True},
        {"externalId": "carol", "email": "carol@example.com"},
        {"externalId": "dave", "email": "nobody"},
        {"externalId": "carol"},
        {"externalId": "erin", "oops": 1},
        "frank",
    ]
    answer = (await api.put("/end-users/sync", {"workspaceId": "a", "endUsers": rows})).json()
    results = answer.pop("results")
    assert answer == {"created": 1, "updated": 1, "unchanged": 1, "failed": 4, "removed": 0}
    assert [each["status"] for each in results] == ["unchanged", "updated", "created"] + ["failed"] * 4
    assert [each["index"] for each in results] == list(range(7))
    assert results[3] == {
        "index": 3,
        "externalId": "dave",
        "status": "failed",
        "error": {"code": "VALIDATION_ERROR", "error": "email: this is not an e-mail address"},
    }
    assert results[4]["error"]["code"] == "DUPLICATE"
    assert "externalId" not in results[6]
    listed = (await api.get("/end-users", workspaceId="a")).json()["endUsers"]
    assert {each["externalId"]: each["suspended"] for each in listed} == {
        "user_alice": False, "bob": True, "carol": False
    }  # fmt: skip


async def test_a_second_sync_changes_nothing(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"workspaceId": "a", "endUsers": [{**ALICE, "externalId": f"u{n}"} for n in range(1000)]}
    assert (await api.put("/end-users/sync", body)).json()["created"] == 1000
    assert (await api.put("/end-users/sync", body)).json()["unchanged"] == 1000
    body["endUsers"] = [{"externalId": f"u{n}"} for n in range(1001)]
    assert failure(await api.put("/end-users/sync", body)) == (400, "VALIDATION_ERROR")


async def test_absent_end_users_are_removed_only_if_no_row_failed(api: Rest, workspace: dict[str, Any]) -> None:
    for name in ("alice", "bob"):
        await api.made("/end-users", {"workspaceId": "a", "externalId": name})
    bad = {"workspaceId": "a", "endUsers": [{"externalId": "alice"}, {"externalId": 7}], "removeAbsent": True}
    assert (await api.put("/end-users/sync", bad)).json()["removed"] == 0
    good = {**bad, "endUsers": [{"externalId": "alice"}]}
    assert (await api.put("/end-users/sync", good)).json()["removed"] == 1
    assert failure(await api.put("/end-users/sync", {**bad, "endUsers": []})) == (400, "VALIDATION_ERROR")
    assert (await api.get("/end-users", workspaceId="a")).json()["total"] == 1


async def test_another_organization_sees_none_of_it(anonymous: Rest, api: Rest, workspace: dict[str, Any]) -> None:
    made = await api.made("/end-users", {"workspaceId": "a", **ALICE})
    _, stranger = await new_organization(anonymous, "other")
    assert failure(await stranger.get(f"/end-users/{made['id']}")) == (404, "END_USER_NOT_FOUND")
    assert failure(await stranger.get("/end-users", workspaceId=workspace["id"])) == (404, "NOT_FOUND")
