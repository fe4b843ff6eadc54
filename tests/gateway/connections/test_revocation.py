"""Claims about telling providers that grants have ended."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from gateway.acme import Faults
from gateway.connections.revoker import MOST_ATTEMPTS
from gateway.settings import Settings
from storage.scope import TenantScope
from tests.gateway.connections.revoking import Ending, account_wide, by_access_token, ending
from tests.parts.rest import failure, new_organization


@pytest.fixture
async def stage(settings: Settings, tmp_path: Path) -> AsyncIterator[Ending]:
    async with ending(settings, tmp_path) as opened:
        yield opened


async def test_deleting_a_connection_revokes_its_grant_and_then_forgets_it(stage: Ending) -> None:
    shown = await stage.connect("alice", account="alice")
    row = await stage.row(shown["id"])
    assert row is not None
    bearer = {"Authorization": f"Bearer {stage.gateway.safe.open(row).values['access_token']}"}

    await stage.delete(f"/connections/{shown['id']}")

    assert await stage.told() == 1
    assert await stage.waiting() == []
    async with httpx2.AsyncClient(base_url=stage.acme.url) as provider:
        assert (await provider.get("/me", headers=bearer)).status_code == 401


async def test_what_is_queued_by_itself_is_sent_without_anybody_asking(stage: Ending) -> None:
    shown = await stage.connect("alice")
    await stage.delete(f"/connections/{shown['id']}")
    # The commit woke the job; a turn of its own waits for the one that is under way.
    await stage.gateway.revoking.revoker.send_due()
    assert stage.acme.app.counters.revocations == 1


@pytest.mark.parametrize("what", ["end user", "absent from the list", "workspace", "organization"])
async def test_whatever_takes_a_connection_along_revokes_its_grant(stage: Ending, what: str) -> None:
    await stage.connect("alice")
    product = stage.product
    end_users = (await stage.rest.get("/end-users", workspaceId=product.workspace_id)).json()["endUsers"]
    alice = next(each["id"] for each in end_users if each["externalId"] == "alice")
    match what:
        case "end user":
            answer = (await stage.rest.delete(f"/end-users/{alice}")).json()
            assert answer["connectionsDeleted"] == 1
        case "absent from the list":
            kept = {"workspaceId": product.workspace_id, "endUsers": [{"externalId": "bob"}], "removeAbsent": True}
            answer = await stage.rest.put("/end-users/sync", kept)
            assert answer.json()["removed"] == 1, answer.text
        case "workspace":
            await stage.delete(f"/workspaces/{product.workspace_id}")
        case _:
            async with stage.gateway.database.read() as tx:
                organization = (await tx.organizations.all())[0]
            answer = await stage.rest.as_operator().delete(f"/orgs/{organization.id}")
            assert answer.status_code == 200, answer.text
    assert await stage.told() == 1
    assert await stage.waiting() == []


async def test_a_removed_workspace_integration_leaves_its_connections_and_their_grants(stage: Ending) -> None:
    shown = await stage.connect("alice")
    integrations = (await stage.rest.get(f"/workspaces/{stage.product.workspace_id}/integrations")).json()
    await stage.product.remove(integrations["integrations"][0])
    assert await stage.told() == 0
    assert await stage.row(shown["id"]) is not None


async def test_an_app_of_the_tenants_own_that_goes_along_is_still_shown_to_the_provider(stage: Ending) -> None:
    app = stage.acme.app.client
    own = {
        "integrationName": "acme",
        "name": "Ours",
        "clientId": app.id,
        "clientSecret": app.secret,
        "workspaceId": stage.product.workspace_id,
    }
    made = await stage.rest.made("/oauth-apps", own)
    await stage.connect("alice", oauthAppId=made["id"])
    await stage.delete(f"/workspaces/{stage.product.workspace_id}")
    assert await stage.told() == 1


async def test_a_connection_without_anything_to_revoke_leaves_nothing(stage: Ending) -> None:
    key = await stage.rest.made(
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
    await stage.delete(f"/connections/{key['id']}")
    assert await stage.waiting() == []


async def test_a_grant_that_is_dead_already_counts_as_revoked(settings: Settings, tmp_path: Path) -> None:
    def bearer(text: str) -> str:
        return by_access_token(text).replace(
            'oauth/revoke", auth: basic}', 'me", auth: bearer, method: GET, token_param: null}'
        )

    async with ending(settings, tmp_path, manifest=bearer) as stage:
        shown = await stage.connect("alice", expiresIn=1_000_000)
        stage.acme.app.revoke_tokens("alice")
        await stage.delete(f"/connections/{shown['id']}")
        await stage.told()
        assert stage.acme.app.counters.api_refusals == 1
        assert await stage.waiting() == []


async def test_an_access_token_that_has_ended_is_renewed_first_or_its_grant_would_live_on(
    settings: Settings, tmp_path: Path
) -> None:
    async with ending(settings, tmp_path, manifest=by_access_token) as stage:
        shown = await stage.connect("alice")
        stage.clock.advance(7200)
        stage.acme.app.chaos.token = Faults()
        await stage.delete(f"/connections/{shown['id']}")
        assert await stage.told() == 1
        assert stage.acme.app.counters.refreshes == 1


async def test_a_provider_that_is_out_of_order_is_asked_again_later_and_less_and_less_often(stage: Ending) -> None:
    shown = await stage.connect("alice", account="alice")
    stage.acme.app.chaos.token = Faults(server_errors=1_000)
    await stage.delete(f"/connections/{shown['id']}")
    pauses: list[timedelta] = []
    for attempt in range(1, MOST_ATTEMPTS):
        await stage.told()
        (row,) = await stage.waiting()
        assert row.attempts == attempt
        pauses.append(row.next_attempt_at - stage.clock.now)
        stage.clock.now = row.next_attempt_at + timedelta(minutes=15)
    assert timedelta(seconds=15) <= pauses[0] <= timedelta(seconds=30)
    assert pauses[-1] <= timedelta(hours=6)
    assert timedelta(days=1) < sum(pauses, timedelta()) < timedelta(days=4)
    stage.acme.app.chaos.token = Faults()
    assert await stage.told() == 1
    assert await stage.waiting() == []


async def test_what_waits_is_shown_with_its_reason_and_without_its_secrets(stage: Ending) -> None:
    shown = await stage.connect("alice", account="alice")
    stage.acme.app.chaos.token = Faults(server_errors=1)
    await stage.delete(f"/connections/{shown['id']}")
    await stage.told()
    (pending,) = await stage.shown()
    assert (
        pending.items()
        >= {
            "status": "PENDING",
            "connectionId": shown["id"],
            "integrationName": "acme",
            "accountLabel": "alice@acme.example",
            "attempts": 1,
            "lastError": "Acme is out of order, try again later",
        }.items()
    )
    assert pending.keys() & {"sealed", "accountId", "clientId"} == set()
    other = (await new_organization(stage.rest.as_operator(), "other"))[1]
    assert (await other.get("/revocations")).json() == {"revocations": [], "total": 0}


async def test_after_many_attempts_it_is_given_up_visibly_and_the_credential_is_erased(stage: Ending) -> None:
    shown = await stage.connect("alice")
    stage.acme.app.chaos.token = Faults(unauthorized=1_000)
    await stage.delete(f"/connections/{shown['id']}")
    for _ in range(MOST_ATTEMPTS):
        await stage.told()
        stage.clock.advance(6 * 3600)
    (row,) = await stage.waiting()
    assert (row.attempts, row.sealed) == (MOST_ATTEMPTS, b"")
    (pending,) = await stage.shown()
    assert pending["status"] == "GIVEN_UP"
    assert "nextAttemptAt" not in pending
    stage.acme.app.chaos.token = Faults()
    stage.clock.advance(30 * 86_400)
    assert await stage.told() == 0


async def test_a_silent_provider_is_not_asked_once_for_every_grant(stage: Ending) -> None:
    for number in range(20):
        await stage.connect("alice", externalId=f"account-{number}")
    stage.acme.app.chaos.token = Faults(server_errors=1_000)
    await stage.delete(f"/workspaces/{stage.product.workspace_id}")
    await stage.told()
    assert stage.acme.app.counters.faults <= 4
    stage.acme.app.chaos.token = Faults()
    stage.clock.advance(60)
    assert await stage.told() == 20
    assert await stage.waiting() == []


async def test_a_wide_revocation_waits_until_nobody_uses_the_account_any_more(
    settings: Settings, tmp_path: Path
) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        first = await stage.connect("alice", account="alice")
        second = await stage.connect("bob", account="alice")
        await stage.delete(f"/connections/{first['id']}")
        assert await stage.told() == 0
        assert await stage.waiting() == []
        await stage.delete(f"/connections/{second['id']}")
        assert await stage.told() == 1


async def test_a_wide_revocation_of_another_account_is_sent(settings: Settings, tmp_path: Path) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        first = await stage.connect("alice", account="alice")
        await stage.connect("bob", account="bob")
        await stage.delete(f"/connections/{first['id']}")
        assert await stage.told() == 1


async def test_a_wide_revocation_leaves_an_account_that_might_be_the_same(settings: Settings, tmp_path: Path) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        first = await stage.connect("alice", account="alice")
        await stage.connect("bob")
        await stage.delete(f"/connections/{first['id']}")
        assert await stage.told() == 0


async def test_another_tenants_connection_of_who_knows_whose_account_keeps_nobody_elses(
    settings: Settings, tmp_path: Path
) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        _, other = await new_organization(stage.rest.as_operator(), "other")
        planted = {"type": "OAUTH2", "integrationName": "acme", "externalId": "a", "displayName": "A"}
        await other.made("/connections", {**planted, "accessToken": "garbage"})
        first = await stage.connect("alice", account="alice")
        await stage.delete(f"/connections/{first['id']}")
        assert await stage.told() == 1


async def test_connections_of_one_account_that_go_together_are_revoked_once(settings: Settings, tmp_path: Path) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        await stage.connect("alice", account="alice")
        await stage.connect("bob", account="alice")
        await stage.delete(f"/workspaces/{stage.product.workspace_id}")
        assert await stage.told() == 1
        assert await stage.waiting() == []


async def test_another_tenants_connection_of_the_account_by_an_app_of_the_same_client_counts(
    settings: Settings, tmp_path: Path
) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        _, other = await new_organization(stage.rest.as_operator(), "other")
        app = stage.acme.app.client
        own = {"integrationName": "acme", "name": "Ours", "clientId": app.id, "clientSecret": app.secret}
        made = await other.made("/oauth-apps", own)
        tokens = stage.acme.app.issue_token("alice")
        theirs = await other.made(
            "/connections",
            {
                "type": "OAUTH2",
                "integrationName": "acme",
                "externalId": "a",
                "displayName": "A",
                "accessToken": tokens["access_token"],
                "oauthAppId": made["id"],
            },
        )
        async with stage.gateway.database.write() as tx:
            organization = next(each for each in await tx.organizations.all() if each.slug == "other")
            row = await tx.connections.get(TenantScope(organization.id), theirs["id"])
            assert row is not None
            await tx.connections.update(row, account_id="alice")
        first = await stage.connect("alice", account="alice")

        await stage.delete(f"/connections/{first['id']}")
        assert await stage.told() == 0

        assert (await other.delete(f"/connections/{theirs['id']}")).status_code == 200
        assert await stage.told() == 1


async def test_who_connects_the_account_again_before_it_is_sent_keeps_the_grant(
    settings: Settings, tmp_path: Path
) -> None:
    async with ending(settings, tmp_path, manifest=account_wide) as stage:
        stage.acme.app.chaos.token = Faults(server_errors=1)
        first = await stage.connect("alice", account="alice")
        await stage.delete(f"/connections/{first['id']}")
        assert await stage.told() == 0
        await stage.connect("alice", account="alice")
        stage.clock.advance(60)
        assert await stage.told() == 0
        assert await stage.waiting() == []


async def test_a_key_of_one_workspace_sees_the_revocations_of_that_workspace_only(stage: Ending) -> None:
    shown = await stage.connect("alice")
    stage.acme.app.chaos.token = Faults(server_errors=1)
    await stage.delete(f"/connections/{shown['id']}")
    await stage.told()
    answer = await stage.rest.post(
        "/api-keys", {"name": "A", "permissions": {"scope": "workspace", "workspaceIds": [stage.product.workspace_id]}}
    )
    own = stage.rest.signed_in(answer.json()["plainKey"])
    assert (await own.get("/revocations")).json()["total"] == 1
    assert failure(await own.get("/revocations", limit=0)) == (400, "VALIDATION_ERROR")
