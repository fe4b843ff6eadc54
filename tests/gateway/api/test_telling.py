"""What a caller is told about what does not fit or is not there, and what the log says about who asked."""

import io
import json

import pytest

from tests.parts.rest import Rest, failure

BAD_BODIES = [
    ("/workspaces", {"name": "  ", "slug": "a"}, "name: must not be blank"),
    ("/workspaces", {"name": "", "slug": "a"}, "name: string should have at least 1 character"),
    (
        "/workspaces",
        {"name": "A", "slug": "My App"},
        "slug: use lower-case letters, digits and hyphens, beginning with a letter or digit",
    ),
    ("/api-keys", {"name": "A", "permissions": []}, "permissions: should be an object"),
    (
        "/api-keys",
        {"name": "A", "permissions": {"scope": "workspace", "workspaceIds": []}},
        "permissions.workspaceIds: list should have at least 1 item",
    ),
]


@pytest.mark.parametrize(("path", "body", "told"), BAD_BODIES)
async def test_what_does_not_fit_is_told_in_words_and_not_as_a_pattern(
    api: Rest, path: str, body: dict[str, object], told: str
) -> None:
    answer = await api.post(path, body)
    assert answer.status_code == 400
    assert answer.json()["error"] == told


async def test_the_line_of_a_request_names_the_key_by_its_id_and_the_organization(
    api: Rest, log_output: io.StringIO
) -> None:
    await api.get("/workspaces")
    line = json.loads(log_output.getvalue().splitlines()[-1])
    key = (await api.get("/api-keys")).json()["apiKeys"][0]
    assert (line["event"], line["caller"], line["organization_id"]) == ("request", key["id"], key["orgId"])


async def test_who_asks_for_a_path_that_there_is_not_is_told_where_all_of_them_are(api: Rest) -> None:
    answer = await api.get("/workspace")
    assert failure(answer) == (404, "NOT_FOUND")
    assert "/docs" in answer.json()["error"]


async def test_an_integration_that_the_workspace_does_not_have_is_explained_as_such(api: Rest) -> None:
    await api.made("/workspaces", {"name": "App", "slug": "app"})
    answer = await api.post("/connections/explain", {"integrationName": "slack", "workspaceId": "app"})
    explained = answer.json()
    assert (answer.status_code, explained["reason"], explained["workspaceIntegrationId"]) == (200, "no_end_user", None)
    assert explained["explanation"].startswith("Slack is not configured in this workspace")
