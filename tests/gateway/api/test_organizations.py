"""Organizations over REST (contract 1.13)."""

import asyncio
from unittest.mock import ANY

from tests.parts.rest import Rest, failure, new_key


async def test_the_operator_makes_changes_and_deletes_organizations(operator: Rest) -> None:
    answer = await operator.post("/orgs", {"name": "Acme", "slug": "acme"})
    assert answer.status_code == 201
    organization = answer.json()["org"]
    assert organization == {
        "id": ANY,
        "name": "Acme",
        "slug": "acme",
        "settings": {"autoCreateEndUsers": False},
        "createdAt": ANY,
        "updatedAt": ANY,
    }
    path = f"/orgs/{organization['id']}"
    assert (await operator.get(path)).json() == {"org": organization}
    assert (await operator.get("/orgs")).json() == {"orgs": [organization], "total": 1}
    assert (await operator.get("/orgs", offset=1)).json() == {"orgs": [], "total": 1}
    changed = (await operator.patch(path, {"settings": {"autoCreateEndUsers": True}})).json()["org"]
    assert changed == {**organization, "settings": {"autoCreateEndUsers": True}, "updatedAt": ANY}
    renamed = (await operator.patch(path, {"name": "B"})).json()["org"]
    assert renamed["settings"] == {"autoCreateEndUsers": True}
    assert failure(await operator.patch(path, {})) == (400, "NO_UPDATES")
    assert (await operator.delete(path)).json() == {"deleted": True, "id": organization["id"]}
    for gone in (await operator.get(path), await operator.patch(path, {"name": "C"}), await operator.delete(path)):
        assert failure(gone) == (404, "NOT_FOUND")


async def test_a_slug_is_unique_in_the_deployment(operator: Rest) -> None:
    answers = await asyncio.gather(*(operator.post("/orgs", {"name": "A", "slug": "a"}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {failure(answer)[1] for answer in answers if answer.status_code == 409} == {"SLUG_EXISTS"}
    other = await operator.made("/orgs", {"name": "B", "slug": "b"})
    assert failure(await operator.patch(f"/orgs/{other['id']}", {"slug": "a"})) == (409, "SLUG_EXISTS")


async def test_a_deleted_organizations_keys_open_nothing(operator: Rest) -> None:
    organization = await operator.made("/orgs", {"name": "A", "slug": "a"})
    api = await new_key(operator.as_operator(organization["id"]))
    assert (await api.get("/workspaces")).status_code == 200
    await operator.delete(f"/orgs/{organization['id']}")
    assert failure(await api.get("/workspaces")) == (401, "UNAUTHORIZED")


async def test_end_users_are_made_on_the_fly_only_where_the_organization_says_so(operator: Rest) -> None:
    organization = await operator.made("/orgs", {"name": "A", "slug": "a"})
    api = await new_key(operator.as_operator(organization["id"]))
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    call = {
        "integrationName": "hash-encode",
        "actionName": "generate_uuid",
        "workspaceId": "a",
        "endUserId": "new",
        "input": {},
    }
    assert failure(await api.post("/actions/execute", call)) == (404, "END_USER_NOT_FOUND")
    assert (await api.get("/end-users", workspaceId="a")).json()["total"] == 0
    await operator.patch(f"/orgs/{organization['id']}", {"settings": {"autoCreateEndUsers": True}})
    assert (await api.post("/actions/execute", call)).status_code == 200
    assert (await api.get("/end-users", workspaceId="a")).json()["endUsers"][0]["externalId"] == "new"
