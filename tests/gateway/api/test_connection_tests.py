"""Claims about `POST /connections/{id}/test`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.acme import Faults
from gateway.settings import Settings
from tests.gateway.connections.renewing import LIFETIME, HandClock, Stage, staged
from tests.gateway.connections.revoking import ending
from tests.parts.rest import failure, new_organization


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    async with staged(settings, HandClock()) as opened:
        yield opened


async def tried(stage: Stage, connection_id: str | None = None) -> dict[str, Any]:
    """Test the connection; returns the answer."""
    answer = await asked(stage, connection_id)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def asked(stage: Stage, connection_id: str | None = None) -> httpx2.Response:
    return await stage.product.rest.post(f"/connections/{connection_id or stage.shown['id']}/test")


async def test_a_connection_that_works_says_whose_account_it_is_and_remembers_it(stage: Stage) -> None:
    answer = await tried(stage)
    assert (answer["ok"], answer["outcome"]) == (True, "works")
    assert answer["account"] == {"id": "alice", "label": "alice@acme.example"}
    assert "error" not in answer
    shown = await stage.connection()
    assert answer["connection"] == shown
    assert (shown["accountId"], shown["accountLabel"]) == ("alice", "alice@acme.example")
    assert stage.acme.app.counters.api_calls["alice"] == 1


async def test_a_token_that_is_due_is_renewed_first(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    assert (await tried(stage))["ok"]
    assert stage.acme.app.counters.refreshes == 1


async def test_a_refused_token_is_renewed_and_tried_once_more(stage: Stage) -> None:
    stage.acme.app.expire_access_tokens("alice")
    assert (await tried(stage))["ok"]
    assert stage.acme.app.counters.refreshes == 1


async def test_a_connection_that_the_provider_rejects_becomes_error(stage: Stage) -> None:
    stage.acme.app.revoke_tokens("alice")
    answer = await tried(stage)
    assert (answer["ok"], answer["outcome"], answer["connection"]["status"]) == (False, "rejected", "ERROR")
    assert answer["error"] == answer["connection"]["lastError"]
    assert "Connect the account again" in answer["error"]


@pytest.mark.parametrize(
    "faults",
    [Faults(server_errors=10), Faults(rate_limited=10, retry_after_seconds=60), Faults(invalid_json=10)],
    ids=["5xx", "429", "garbage"],
)
async def test_a_provider_in_trouble_leaves_the_status_as_it_is(stage: Stage, faults: Faults) -> None:
    stage.acme.app.chaos.api = faults
    answer = await tried(stage)
    assert (answer["ok"], answer["outcome"], answer["connection"]["status"]) == (False, "unknown", "ACTIVE")
    assert answer["error"]


async def test_a_token_that_can_not_be_renewed_at_present_is_unknown_and_says_how_long_to_wait(stage: Stage) -> None:
    stage.acme.app.chaos.token.server_errors = 1
    stage.clock.advance(LIFETIME)
    answer = await tried(stage)
    assert (answer["outcome"], answer["connection"]["status"]) == ("unknown", "ACTIVE")
    assert "wait 1 seconds" in answer["error"]


async def test_a_provider_that_refuses_our_app_says_nothing_about_the_account(stage: Stage) -> None:
    stage.acme.app.chaos.token.unauthorized = 1
    stage.clock.advance(LIFETIME)
    answer = await tried(stage)
    assert (answer["outcome"], answer["connection"]["status"]) == ("unknown", "ACTIVE")
    assert "tell whoever runs Toolgate" in answer["error"]


async def test_a_broken_connection_whose_grant_lives_is_brought_back(stage: Stage) -> None:
    stage.acme.app.chaos.api.unauthorized = 2
    assert not await stage.succeeds()
    broken = await stage.connection()
    assert broken["status"] == "ERROR"
    assert broken["lastError"].startswith("Acme no longer accepts this account (")
    assert broken["lastError"].endswith("). Connect the account again.")
    answer = await tried(stage)
    assert (answer["ok"], answer["connection"]["status"]) == (True, "ACTIVE")
    assert "lastError" not in answer["connection"]
    assert await stage.succeeds()


async def test_a_broken_connection_whose_last_token_still_works_stays_broken_without_its_grant(stage: Stage) -> None:
    stage.acme.app.chaos.token.refused = 100
    stage.clock.advance(LIFETIME * 0.95)
    row = await stage.row()
    await stage.gateway.refresh.mark_rejected(row, "the grant has ended")
    answer = await tried(stage)
    assert (answer["ok"], answer["connection"]["status"]) == (False, "ERROR")


async def test_a_broken_key_that_works_again_is_brought_back(stage: Stage) -> None:
    key = await stage.product.rest.made(
        "/connections",
        {
            "type": "SECRET_TEXT",
            "integrationName": "acme",
            "authMethodKey": "api_key",
            "externalId": "key",
            "displayName": "Key",
            "secretText": "acme-key-alice",
        },
    )
    stage.acme.app.chaos.api.unauthorized = 1
    assert (await tried(stage, key["id"]))["connection"]["status"] == "ERROR"
    answer = await tried(stage, key["id"])
    assert (answer["ok"], answer["connection"]["status"]) == (True, "ACTIVE")
    assert answer["account"] == {"id": "alice", "label": "alice@acme.example"}


async def test_an_integration_without_a_request_to_try_says_so(settings: Settings, tmp_path: Path) -> None:
    def untestable(text: str) -> str:
        return text.replace("    account: {request: {get: me}, id: /id, label: /email}\n", "")

    async with ending(settings, tmp_path, manifest=untestable) as stage:
        shown = await stage.connect("alice")
        answer = (await stage.rest.post(f"/connections/{shown['id']}/test")).json()
        assert (answer["ok"], answer["outcome"]) == (False, "untestable")
        assert answer["error"] == "Acme has no request by which this could be tested"
        assert answer["connection"]["status"] == "ACTIVE"


async def test_tests_are_limited_for_each_connection(stage: Stage) -> None:
    for _ in range(10):
        await tried(stage)
    answer = await asked(stage)
    assert failure(answer) == (429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    stage.clock.advance(60)
    await tried(stage)


async def test_another_tenants_connection_is_unknown(stage: Stage) -> None:
    other = (await new_organization(stage.product.rest.as_operator(), "other"))[1]
    answer = await other.post(f"/connections/{stage.shown['id']}/test")
    assert failure(answer) == (404, "CONNECTION_NOT_FOUND")
