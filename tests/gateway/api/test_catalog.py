"""The catalogue over REST (contract 1.9)."""

from time import perf_counter
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.settings import IntegrationSettings, Settings
from tests.parts.rest import Rest, failure


@pytest.fixture
def settings(settings: Settings) -> Settings:
    slack = IntegrationSettings(client_id="client", client_secret=SecretStr("secret"))
    return settings.model_copy(update={"integrations": {"slack": slack, "github": IntegrationSettings()}})


async def test_the_catalogue_is_listed_whole_and_in_rows(api: Rest) -> None:
    whole = (await api.get("/integrations")).json()
    rows = (await api.get("/integrations", summary="true")).json()
    names = [each["name"] for each in whole["integrations"]]
    assert names == [each["name"] for each in rows["integrations"]] == whole["registered"] == sorted(names)
    assert whole["total"] == rows["total"] == len(names)
    slack = next(each for each in rows["integrations"] if each["name"] == "slack")
    assert slack["displayName"] == "Slack"
    assert "actions" not in slack
    assert slack["actionCount"] > 10


async def test_the_rows_of_the_whole_catalogue_are_listed_in_20_milliseconds(api: Rest) -> None:
    await api.get("/integrations", summary="true")
    taken: list[float] = []
    for _ in range(5):
        started = perf_counter()
        assert (await api.get("/integrations", summary="true")).status_code == 200
        taken.append(perf_counter() - started)
    assert min(taken) < 0.020


async def test_one_integration_is_found_by_query_and_by_path(api: Rest) -> None:
    by_query = await api.get("/integrations", name="slack")
    assert by_query.json() == (await api.get("/integrations/slack")).json()
    channel = by_query.json()["integration"]["actions"]["send_channel_message"]["props"]["channel"]
    assert channel["type"] == "DROPDOWN"
    assert channel["required"] is True
    for answer in (await api.get("/integrations", name="nope"), await api.get("/integrations/..%2fslack")):
        assert answer.status_code == 404
    assert failure(await api.get("/integrations/nope")) == (404, "INTEGRATION_NOT_FOUND")


async def test_oauth_status_names_what_has_an_app(api: Rest) -> None:
    assert (await api.get("/integrations/oauth-status")).json() == {"configured": ["slack"]}


OPTIONS = "/integrations/slack/properties/options"
CHANNEL: dict[str, Any] = {"propertyName": "channel", "actionName": "send_channel_message", "workspaceId": "a"}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, (400, "CONNECTION_REQUIRED")),
        ({"propertyName": "text"}, (400, "NOT_DROPDOWN")),
        ({"propertyName": "nope"}, (400, "NOT_DROPDOWN")),
        ({"actionName": "nope"}, (404, "ACTION_NOT_FOUND")),
        ({"actionName": None}, (400, "VALIDATION_ERROR")),
        ({"actionName": None, "triggerName": "nope"}, (404, "ACTION_NOT_FOUND")),
        ({"workspaceId": None}, (400, "WORKSPACE_REQUIRED")),
        ({"workspaceId": "nope"}, (404, "NOT_FOUND")),
        ({"connectionExternalId": "nope"}, (404, "CONNECTION_NOT_FOUND")),
    ],
)
async def test_choices_need_a_property_that_has_some_and_an_account(
    api: Rest, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    assert failure(await api.post(OPTIONS, {**CHANNEL, **change})) == refusal


async def test_no_property_is_dynamic(api: Rest) -> None:
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    assert failure(await api.post("/integrations/slack/properties/resolve", CHANNEL)) == (400, "NOT_DYNAMIC")
    assert failure(await api.post("/integrations/nope/properties/resolve", CHANNEL)) == (404, "INTEGRATION_NOT_FOUND")
