"""Workspaces over REST (contract 1.1)."""

import asyncio
from unittest.mock import ANY
from uuid import uuid4

import pytest

from tests.parts.rest import Rest, failure, new_key, new_organization

SOME_ID = "0b8f2c1e-5d0e-4a53-9b4e-3f1d2a7c6e90"


async def test_a_new_workspace_is_answered_as_the_contract_says(anonymous: Rest) -> None:
    organization, api = await new_organization(anonymous, "acme")
    answer = await api.post("/workspaces", {"name": "Kundin Müller", "slug": "mueller-1"})
    assert answer.status_code == 201
    assert answer.json() == {
        "workspace": {
            "id": ANY,
            "orgId": organization["id"],
            "name": "Kundin Müller",
            "slug": "mueller-1",
            "settings": {"setupVerification": "auto"},
            "createdAt": ANY,
            "updatedAt": ANY,
        }
    }
    workspace = answer.json()["workspace"]
    assert workspace["createdAt"][-5] == "."
    assert workspace["createdAt"].endswith("Z")
    for reference in (workspace["id"], workspace["id"].upper(), "mueller-1"):
        assert (await api.get(f"/workspaces/{reference}")).json() == {"workspace": workspace}
    assert (await api.get("/workspaces")).json() == {"workspaces": [workspace], "total": 1}


@pytest.mark.parametrize(
    "slug", ["", "-a", "A", "a b", "a_b", "ä", SOME_ID, SOME_ID.replace("-", ""), "a\n", "x" * 101]
)
async def test_a_bad_slug_is_refused(api: Rest, slug: str) -> None:
    assert failure(await api.post("/workspaces", {"name": "A", "slug": slug})) == (400, "VALIDATION_ERROR")


async def test_a_slug_is_unique_in_its_organization_only(anonymous: Rest) -> None:
    for name in ("one", "two"):
        _, api = await new_organization(anonymous, name)
        await api.made("/workspaces", {"name": "A", "slug": "same"})
        assert failure(await api.post("/workspaces", {"name": "B", "slug": "same"})) == (409, "DUPLICATE")


async def test_twenty_at_once_make_one(api: Rest) -> None:
    answers = await asyncio.gather(*(api.post("/workspaces", {"name": "A", "slug": "a"}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_a_change_needs_something_to_change(api: Rest) -> None:
    workspace = await api.made("/workspaces", {"name": "A", "slug": "a"})
    path = f"/workspaces/{workspace['id']}"
    assert failure(await api.patch(path, {})) == (400, "NO_UPDATES")
    assert failure(await api.patch(path, {"name": None})) == (400, "VALIDATION_ERROR")
    changed = (await api.patch(path, {"name": "B", "slug": "b"})).json()["workspace"]
    assert changed == {**workspace, "name": "B", "slug": "b", "updatedAt": ANY}
    assert failure(await api.get("/workspaces/a")) == (404, "NOT_FOUND")


async def test_a_deleted_workspace_is_gone(api: Rest) -> None:
    workspace = await api.made("/workspaces", {"name": "A", "slug": "a"})
    path = f"/workspaces/{workspace['id']}"
    assert (await api.delete(path)).json() == {"deleted": True, "id": workspace["id"]}
    assert failure(await api.delete(path)) == (404, "NOT_FOUND")
    assert (await api.get("/workspaces")).json() == {"workspaces": [], "total": 0}


async def test_lists_come_in_pages_oldest_first(api: Rest) -> None:
    slugs = [(await api.made("/workspaces", {"name": "A", "slug": f"a{n}"}))["slug"] for n in range(5)]
    seen: list[str] = []
    for offset in (0, 2, 4):
        page = (await api.get("/workspaces", limit=2, offset=offset)).json()
        assert page["total"] == 5
        seen += [each["slug"] for each in page["workspaces"]]
    assert seen == slugs
    for query in ({"limit": 0}, {"limit": 101}, {"limit": "1_0"}, {"offset": -1}, {"offset": 2**31}, {"limit": "x"}):
        assert failure(await api.get("/workspaces", **query)) == (400, "VALIDATION_ERROR")


async def test_a_key_of_one_workspace_reaches_nothing_else(api: Rest) -> None:
    mine = await api.made("/workspaces", {"name": "A", "slug": "mine"})
    other = await api.made("/workspaces", {"name": "B", "slug": "other"})
    key = await new_key(api, scope="workspace", workspaceIds=[mine["id"]])
    assert (await key.get("/workspaces")).json() == {"workspaces": [mine], "total": 1}
    assert (await key.get("/workspaces/mine")).status_code == 200
    answers = [await key.get(f"/workspaces/{reference}") for reference in (other["id"], "other", uuid4(), "none")]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert failure(answers[0]) == (403, "SCOPE_DENIED")
    assert failure(await key.post("/workspaces", {"name": "C", "slug": "c"})) == (403, "SCOPE_DENIED")
