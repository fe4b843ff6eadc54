"""Webhooks over REST."""

from typing import Any

import pytest

from gateway.webhooks.webhooks import MOST_WEBHOOKS
from tests.parts.rest import Rest, failure, new_key

URL = "https://app.example.com/hooks"


@pytest.fixture
async def workspace(api: Rest) -> dict[str, Any]:
    return await api.made("/workspaces", {"name": "Main", "slug": "main"})


async def test_a_webhook_is_made_read_changed_listed_and_deleted(api: Rest, workspace: dict[str, Any]) -> None:
    body = {"url": URL, "workspaceId": "main", "description": "For support", "events": ["connection.error"]}
    answer = await api.post("/webhooks", body)
    assert answer.status_code == 201
    webhook = answer.json()["webhook"]
    assert webhook == {
        "id": webhook["id"],
        "orgId": workspace["orgId"],
        "workspaceId": workspace["id"],
        "url": URL,
        "description": "For support",
        "events": ["connection.error"],
        "enabled": True,
        "createdAt": webhook["createdAt"],
        "updatedAt": webhook["updatedAt"],
    }
    path = f"/webhooks/{webhook['id']}"
    assert (await api.get(path)).json() == {"webhook": webhook}
    assert (await api.get("/webhooks")).json() == {"webhooks": [webhook], "total": 1}

    changed = (await api.patch(path, {"events": None, "enabled": False, "url": f"{URL}/2"})).json()["webhook"]
    assert changed["events"] is None
    assert changed["url"] == f"{URL}/2"
    assert (changed["enabled"], changed["disabledReason"]) == (False, "disabled over REST")
    enabled = (await api.patch(path, {"enabled": True})).json()["webhook"]
    assert enabled["enabled"] is True
    assert not {"disabledAt", "disabledReason"} & enabled.keys()

    assert (await api.delete(path)).json() == {"deleted": True, "id": webhook["id"]}
    assert failure(await api.get(path)) == (404, "NOT_FOUND")


async def test_the_secret_is_shown_when_it_is_made_and_never_again(api: Rest) -> None:
    made = (await api.post("/webhooks", {"url": URL})).json()
    assert made["secret"].startswith("whsec_")
    path = f"/webhooks/{made['webhook']['id']}"
    rotated = (await api.post(f"{path}/rotate-secret")).json()
    assert rotated["secret"] not in {made["secret"], None}
    assert rotated["previousSecretExpiresAt"] > rotated["webhook"]["updatedAt"]
    at_once = (await api.post(f"{path}/rotate-secret", {"overlapSeconds": 0})).json()
    assert "previousSecretExpiresAt" not in at_once
    for answer in (await api.get(path), await api.get("/webhooks"), await api.patch(path, {"description": "x"})):
        assert "whsec_" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/hooks",
        "https://app.example.com:8443/hooks",
        "https://127.0.0.1/hooks",
        "http://localhost:3000/hooks",
        "https://10.0.0.7/hooks",
        "https://169.254.169.254/latest",
        "https://user:pass@app.example.com/",
        "ftp://app.example.com/",
        "//app.example.com/",
        "javascript:alert(1)",
        "https://app.example.com/\r\nx: y",
        "hooks",
    ],
)
async def test_only_addresses_that_may_be_sent_to_are_taken(api: Rest, url: str) -> None:
    assert failure(await api.post("/webhooks", {"url": url})) == (400, "VALIDATION_ERROR")
    made = (await api.post("/webhooks", {"url": URL})).json()["webhook"]
    assert failure(await api.patch(f"/webhooks/{made['id']}", {"url": url})) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": None},
        {"url": URL, "events": []},
        {"url": URL, "events": ["connection.exploded"]},
        {"url": URL, "secret": "mine"},
        {"url": URL, "enabled": False},
    ],
)
async def test_what_does_not_fit_is_refused(api: Rest, body: dict[str, Any]) -> None:
    assert failure(await api.post("/webhooks", body)) == (400, "VALIDATION_ERROR")


async def test_an_unknown_event_is_told_with_those_that_there_are(api: Rest) -> None:
    answer = await api.post("/webhooks", {"url": URL, "events": ["connection.exploded"]})
    assert "end_user.linked" in answer.json()["error"]


async def test_a_change_of_nothing_is_refused(api: Rest) -> None:
    made = (await api.post("/webhooks", {"url": URL})).json()["webhook"]
    assert failure(await api.patch(f"/webhooks/{made['id']}", {})) == (400, "NO_UPDATES")


async def test_an_organization_has_twenty_at_most(api: Rest, workspace: dict[str, Any]) -> None:
    for number in range(MOST_WEBHOOKS):
        own = {"workspaceId": workspace["id"]} if number % 2 else {}
        assert (await api.post("/webhooks", {"url": URL, **own})).status_code == 201
    assert failure(await api.post("/webhooks", {"url": URL})) == (409, "CONFLICT")


async def test_a_narrowed_key_manages_its_workspaces_webhooks_only(api: Rest, workspace: dict[str, Any]) -> None:
    of_all = (await api.post("/webhooks", {"url": URL})).json()["webhook"]
    narrow = await new_key(api, scope="workspace", workspaceIds=[workspace["id"]])
    assert failure(await narrow.post("/webhooks", {"url": URL})) == (403, "SCOPE_DENIED")
    own = (await narrow.post("/webhooks", {"url": URL, "workspaceId": "main"})).json()["webhook"]
    assert (await narrow.get("/webhooks")).json() == {"webhooks": [own], "total": 1}
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/rotate-secret"),
        ("GET", "/deliveries"),
        ("DELETE", ""),
    ):
        answer = await narrow.send(
            method, f"/webhooks/{of_all['id']}{path}", json={"description": "x"} if method == "PATCH" else None
        )
        assert failure(answer) == (404, "NOT_FOUND")


async def test_a_workspaces_webhooks_go_with_it(api: Rest, workspace: dict[str, Any]) -> None:
    made = (await api.post("/webhooks", {"url": URL, "workspaceId": "main"})).json()["webhook"]
    await api.delete("/workspaces/main")
    assert failure(await api.get(f"/webhooks/{made['id']}")) == (404, "NOT_FOUND")
