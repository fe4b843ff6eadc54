"""Settings of workspaces and organizations: who may pass, where people are sent, how it looks."""

from typing import Any

import pytest

from tests.parts.rest import Rest, failure


@pytest.fixture
async def workspace(api: Rest) -> str:
    return (await api.made("/workspaces", {"name": "A", "slug": "a"}))["id"]


async def settings_after(api: Rest, workspace: str, changes: dict[str, Any]) -> dict[str, Any]:
    answer = await api.patch(f"/workspaces/{workspace}", {"settings": changes})
    assert answer.status_code == 200, answer.text
    assert (await api.get(f"/workspaces/{workspace}")).json() == answer.json()
    return answer.json()["workspace"]["settings"]


async def test_settings_are_taken_at_creation_and_shown(api: Rest) -> None:
    given = {
        "setupVerification": "handoff",
        "handoffUrl": "https://app.example.com/toolgate",
        "redirectUris": ["https://app.example.com/connected", "http://127.0.0.1:3000/connected"],
        "branding": {"name": "Acme", "accentColor": "#0a7d33", "supportUrl": "mailto:help@example.com"},
    }
    made = await api.made("/workspaces", {"name": "A", "slug": "a", "settings": given})
    assert made["settings"] == given
    assert (await api.get("/workspaces")).json()["workspaces"] == [made]


async def test_what_a_change_does_not_name_stays_and_null_clears(api: Rest, workspace: str) -> None:
    first = {"setupVerification": "email", "handoffUrl": "https://app.example.com/in", "branding": {"name": "Acme"}}
    assert await settings_after(api, workspace, first) == first
    assert await settings_after(api, workspace, {"branding": {"accentColor": "#112233"}}) == {
        **first,
        "branding": {"name": "Acme", "accentColor": "#112233"},
    }
    assert await settings_after(api, workspace, {"branding": {"name": None}, "handoffUrl": None}) == {
        "setupVerification": "email",
        "branding": {"accentColor": "#112233"},
    }
    assert await settings_after(api, workspace, {"branding": None, "setupVerification": None, "redirectUris": []}) == {
        "setupVerification": "auto",
        "redirectUris": [],
    }
    assert await settings_after(api, workspace, {"redirectUris": None}) == {"setupVerification": "auto"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"setupVerification": "none"},
        {"setupVerification": "handoff"},
        {"handoffUrl": "http://app.example.com/in"},
        {"handoffUrl": "javascript:alert(1)"},
        {"handoffUrl": "//app.example.com/in"},
        {"handoffUrl": "https://app.example.com\\@evil.example/in"},
        {"handoffUrl": "https://user:password@app.example.com/in"},
        {"redirectUris": ["https://app.example.com/a", "/\\evil.example"]},
        {"redirectUris": ["https://app.example.com/" + str(n) for n in range(21)]},
        {"redirectUris": "https://app.example.com"},
        {"branding": {"logo": "https://app.example.com/logo.png"}},
        {"branding": {"color": "#112233"}},
        {"theme": "dark"},
    ],
)
async def test_settings_that_make_no_sense_are_refused_and_change_nothing(
    api: Rest, workspace: str, wrong: dict[str, Any]
) -> None:
    refused = await api.patch(f"/workspaces/{workspace}", {"settings": wrong})
    assert failure(refused) == (400, "VALIDATION_ERROR")
    assert next(iter(wrong)) in refused.json()["error"]
    assert failure(await api.post("/workspaces", {"name": "B", "slug": "b", "settings": wrong}))[0] == 400
    shown = (await api.get(f"/workspaces/{workspace}")).json()["workspace"]
    assert shown["settings"] == {"setupVerification": "auto"}


async def test_the_page_of_a_required_hand_off_can_not_be_taken_away(api: Rest, workspace: str) -> None:
    await settings_after(api, workspace, {"setupVerification": "handoff", "handoffUrl": "https://app.example.com/in"})
    refused = await api.patch(f"/workspaces/{workspace}", {"settings": {"handoffUrl": None}})
    assert failure(refused) == (400, "VALIDATION_ERROR")


async def test_an_organization_has_branding_beside_its_other_settings(operator: Rest) -> None:
    made = await operator.made("/orgs", {"name": "A", "slug": "a", "settings": {"branding": {"name": "Acme"}}})
    assert made["settings"] == {"autoCreateEndUsers": False, "branding": {"name": "Acme"}}
    path = f"/orgs/{made['id']}"
    changed = await operator.patch(path, {"settings": {"branding": {"accentColor": "#112233"}}})
    assert changed.json()["org"]["settings"]["branding"] == {"name": "Acme", "accentColor": "#112233"}
    await operator.patch(path, {"settings": {"autoCreateEndUsers": True}})
    cleared = await operator.patch(path, {"settings": {"branding": None}})
    assert cleared.json()["org"]["settings"] == {"autoCreateEndUsers": True}
    refused = await operator.patch(path, {"settings": {"branding": {"name": "A\nB"}}})
    assert failure(refused) == (400, "VALIDATION_ERROR")
