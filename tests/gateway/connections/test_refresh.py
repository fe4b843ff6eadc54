import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.acme import MANIFEST, Faults
from gateway.connections.backoff import Backoff
from gateway.connections.refresh import is_due
from gateway.connections.token_answers import AppRejected, Transient
from gateway.errors import ConnectionNotFound
from gateway.settings import Settings
from integrations.auth_methods import OAuth2
from integrations.catalog import Catalog
from storage.records import Connection
from storage.scope import TenantScope
from tests.gateway.connections.renewing import LIFETIME, HandClock, HeldHttp, Stage, refresh_through, staged

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def stage(settings: Settings, clock: HandClock) -> AsyncIterator[Stage]:
    async with staged(settings, clock) as opened:
        yield opened


def connection(*, lifetime: float | None, left: float | None) -> Connection:
    expires_at = None if left is None else NOW + timedelta(seconds=left)
    obtained_at = None if expires_at is None or lifetime is None else expires_at - timedelta(seconds=lifetime)
    return Connection(
        id="c",
        organization_id="o",
        owner="o",
        integration_name="acme",
        external_id="e",
        display_name="d",
        type="OAUTH2",
        scope="ORGANIZATION",
        sealed=b"",
        obtained_at=obtained_at,
        expires_at=expires_at,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("lifetime", "left", "due"),
    [
        (3600, 61, False),
        (3600, 60, True),
        (100, 11, False),
        (100, 10, True),
        (100, -1, True),
        (None, 61, False),
        (None, 60, True),
        (-5, 1, False),
        (-5, 0, True),
        (None, None, False),
    ],
)
def test_a_credential_is_due_a_tenth_of_its_life_or_a_minute_before_its_end(
    lifetime: float | None, left: float | None, due: bool
) -> None:
    assert is_due(connection(lifetime=lifetime, left=left), NOW) is due


@pytest.mark.parametrize(("attempt", "most"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (500, 300)])
def test_pauses_double_up_to_five_minutes_with_full_jitter(attempt: int, most: float) -> None:
    asked: list[float] = []
    backoff = Backoff(jitter=lambda bound: asked.append(bound) or bound / 2)
    pauses = [backoff.begin(connection(lifetime=1, left=1), Transient("no"), NOW) for _ in range(attempt)]
    assert asked[-1] == most
    assert pauses[-1].until == NOW + timedelta(seconds=most / 2)


def test_a_pause_is_no_shorter_than_the_provider_asks_and_ends_with_a_new_credential() -> None:
    backoff = Backoff(jitter=lambda _bound: 0.0)
    row = connection(lifetime=1, left=1)
    assert backoff.begin(row, Transient("no", wait=7), NOW).until == NOW + timedelta(seconds=7)
    assert backoff.begin(row, Transient("no", wait=86_400), NOW).until == NOW + timedelta(seconds=300)
    assert backoff.current(row, NOW) is not None
    row.version += 1
    assert backoff.current(row, NOW) is None
    assert backoff.begin(row, AppRejected("no"), NOW).attempts == 1


async def test_a_token_with_time_left_is_used_as_it_is(stage: Stage) -> None:
    stage.clock.advance(LIFETIME * 0.9 - 1)
    assert await stage.succeeds()
    assert stage.acme.app.counters.refreshes == 0


async def test_a_token_is_renewed_ahead_of_its_end_and_kept_with_when(stage: Stage) -> None:
    before = await stage.row()
    stage.clock.advance(LIFETIME * 0.9)
    assert await stage.succeeds()
    after = await stage.row()
    assert stage.acme.app.counters.refreshes == 1
    assert after.version == before.version + 1
    assert (after.obtained_at, after.refreshed_at) == (stage.clock.now, stage.clock.now)
    assert after.expires_at == stage.clock.now + timedelta(seconds=LIFETIME)
    assert after.refresh_started_at is None
    shown = await stage.connection()
    assert shown["lastRefreshedAt"] == "2026-11-21T12:01:30.000Z"
    assert shown["expiresAt"] == "2026-11-21T12:03:10.000Z"


async def test_200_parallel_calls_across_an_expiry_renew_once_and_none_fails(stage: Stage) -> None:
    for expiry in range(1, 4):
        stage.clock.advance(LIFETIME)
        answers = await asyncio.gather(*(stage.call() for _ in range(200)))
        assert {answer.status_code for answer in answers} == {200}
        # A second use of a refresh token would have ended the grant.
        assert (stage.acme.app.counters.refreshes, stage.acme.app.counters.refreshes_refused) == (expiry, 0)


async def test_200_parallel_calls_that_the_provider_refuses_renew_once_and_none_fails(stage: Stage) -> None:
    stage.acme.app.expire_access_tokens("alice")
    answers = await asyncio.gather(*(stage.call() for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert (stage.acme.app.counters.refreshes, stage.acme.app.counters.refreshes_refused) == (1, 0)


async def test_a_connection_outlives_many_expiries(stage: Stage) -> None:
    for _ in range(50):
        stage.clock.advance(LIFETIME)
        assert await stage.succeeds()
    assert stage.acme.app.counters.refreshes == 50
    assert (await stage.row()).version == 51


async def test_an_answer_without_refresh_token_keeps_the_old_one(stage: Stage) -> None:
    stage.acme.app.chaos.omit_refresh_token = True
    before = await stage.refresh_token()
    for _ in range(2):
        stage.clock.advance(LIFETIME)
        assert await stage.succeeds()
    assert await stage.refresh_token() == before
    assert stage.acme.app.counters.refreshes == 2


async def test_a_new_refresh_token_takes_the_place_of_the_old_one(stage: Stage) -> None:
    before = await stage.refresh_token()
    stage.clock.advance(LIFETIME)
    assert await stage.succeeds()
    assert await stage.refresh_token() != before


async def test_after_the_provider_revokes_each_call_says_where_to_reconnect_and_the_provider_is_asked_once(
    stage: Stage,
) -> None:
    stage.acme.app.revoke_tokens("alice")
    stage.clock.advance(LIFETIME)
    for _ in range(3):
        answer = (await stage.call()).json()
        assert answer["code"] == "CONNECTION_REQUIRED"
        assert "/connect/s/" in answer["details"]["setupUrl"]
        assert answer["details"]["reason"] == "own_connection_broken"
    assert stage.acme.app.counters.refreshes_refused == 1
    shown = await stage.connection()
    assert shown["status"] == "ERROR"
    assert shown["lastError"] == (
        "Acme no longer renews the access to this account (invalid_grant: The refresh token is unknown or revoked). "
        "Connect the account again."
    )


async def test_a_token_that_is_refused_and_not_renewed_either_asks_to_reconnect(stage: Stage) -> None:
    stage.acme.app.revoke_tokens("alice")
    answers = await asyncio.gather(*(stage.call() for _ in range(20)))
    assert {answer.json()["code"] for answer in answers} == {"CONNECTION_REQUIRED"}
    assert stage.acme.app.counters.refreshes_refused == 1


async def test_a_refused_token_is_renewed_and_the_call_made_again(stage: Stage) -> None:
    stage.acme.app.chaos.api.unauthorized = 1
    assert await stage.succeeds()
    assert stage.acme.app.counters.refreshes == 1


async def test_a_new_token_that_is_refused_too_asks_to_reconnect(stage: Stage) -> None:
    stage.acme.app.chaos.api.unauthorized = 2
    assert (await stage.call()).json()["code"] == "CONNECTION_REQUIRED"
    assert (await stage.connection())["status"] == "ERROR"
    assert stage.acme.app.counters.refreshes == 1


async def test_a_new_credential_brings_a_dead_connection_back(stage: Stage) -> None:
    stage.acme.app.revoke_tokens("alice")
    stage.clock.advance(LIFETIME)
    assert not await stage.succeeds()
    tokens = stage.acme.app.issue_token("alice")
    given = {"accessToken": tokens["access_token"], "refreshToken": tokens.get("refresh_token"), "expiresIn": LIFETIME}
    replaced = await stage.product.rest.put(f"/connections/{stage.shown['id']}/credentials", given)
    assert replaced.status_code == 200, replaced.text
    assert await stage.succeeds()
    stage.clock.advance(LIFETIME)
    assert await stage.succeeds()


TROUBLE = {
    "429": Faults(rate_limited=1),
    "5xx": Faults(server_errors=1),
    "garbage": Faults(invalid_json=1),
    "another shape": Faults(wrong_shape=1),
}


@pytest.mark.parametrize("faults", TROUBLE.values(), ids=TROUBLE.keys())
async def test_trouble_at_the_token_endpoint_leaves_a_token_in_use_as_long_as_it_lives(
    stage: Stage, faults: Faults
) -> None:
    stage.acme.app.chaos.token = faults.model_copy()
    stage.clock.advance(LIFETIME * 0.95)
    assert await stage.succeeds()
    assert (await stage.connection())["status"] == "ACTIVE"
    # In the pause after it the provider is left alone.
    asked = stage.acme.app.counters.faults
    for _ in range(5):
        assert await stage.succeeds()
    assert stage.acme.app.counters.faults == asked


@pytest.mark.parametrize("kind", ["rate_limited", "server_errors"])
async def test_once_expired_a_token_that_can_not_be_renewed_fails_the_call_with_a_wait_and_recovers(
    stage: Stage, kind: str
) -> None:
    setattr(stage.acme.app.chaos.token, kind, 1)
    stage.clock.advance(LIFETIME)
    answers = [(await stage.call()).json() for _ in range(3)]
    assert {answer["code"] for answer in answers} == {"ACTION_FAILED"}
    assert {answer["details"]["reason"] for answer in answers} == {"provider_unavailable"}
    assert answers[0]["details"]["retryAfter"] == 1
    assert "wait 1 seconds before calling again" in answers[0]["error"]
    assert stage.acme.app.counters.faults == 1
    stage.clock.advance(1)
    assert await stage.succeeds()
    assert (await stage.connection())["status"] == "ACTIVE"


async def test_a_lost_answer_is_tried_once_more_and_then_the_person_is_asked(stage: Stage) -> None:
    stage.acme.app.chaos.token.lost_answers = 1
    stage.clock.advance(LIFETIME)
    assert (await stage.call()).json()["details"]["reason"] == "provider_unavailable"
    stage.clock.advance(1)
    assert (await stage.call()).json()["code"] == "CONNECTION_REQUIRED"
    assert "The answer to an earlier renewal was lost" in (await stage.connection())["lastError"]
    assert stage.acme.app.counters.refreshes_refused == 1


@pytest.mark.parametrize("kind", ["rate_limited", "server_errors", "unauthorized", "refused"])
async def test_a_refusal_that_gave_nothing_is_no_reason_for_a_grant_that_ends_later(stage: Stage, kind: str) -> None:
    setattr(stage.acme.app.chaos.token, kind, 1)
    stage.clock.advance(LIFETIME)
    assert not await stage.succeeds()
    assert (await stage.row()).refresh_started_at is None
    stage.acme.app.revoke_tokens("alice")
    stage.clock.advance(1)
    assert not await stage.succeeds()
    shown = await stage.connection()
    assert shown["status"] == "ERROR"
    assert "was lost" not in shown["lastError"]


async def test_a_lost_answer_is_remembered_through_refusals_that_follow(stage: Stage) -> None:
    stage.acme.app.chaos.token = Faults(lost_answers=1)
    stage.clock.advance(LIFETIME)
    assert not await stage.succeeds()
    lost_at = (await stage.row()).refresh_started_at
    assert lost_at is not None
    stage.acme.app.chaos.token = Faults(rate_limited=1)
    stage.clock.advance(1)
    assert not await stage.succeeds()
    assert (await stage.row()).refresh_started_at == lost_at


async def test_a_refusal_by_an_unknown_code_counts_as_trouble_first_and_as_the_end_after_an_hour(stage: Stage) -> None:
    stage.acme.app.chaos.token = Faults(refused=1_000)
    stage.clock.advance(LIFETIME)
    for _ in range(2):
        answer = (await stage.call()).json()
        assert (answer["code"], answer["details"]["reason"]) == ("ACTION_FAILED", "provider_unavailable")
        assert "not_today: Acme does not feel like it" in answer["error"]
        stage.clock.advance(1800)
    assert (await stage.connection())["status"] == "ACTIVE"
    answer = (await stage.call()).json()
    assert answer["code"] == "CONNECTION_REQUIRED"
    assert (await stage.connection())["lastError"] == (
        "Acme no longer renews the access to this account (not_today: Acme does not feel like it). "
        "Connect the account again."
    )


async def test_unknown_codes_with_other_trouble_between_them_begin_anew(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    for faults in (Faults(refused=1), Faults(refused=1), Faults(server_errors=1), Faults(refused=1)):
        stage.acme.app.chaos.token = faults
        assert not await stage.succeeds()
        stage.clock.advance(3600)
    assert (await stage.connection())["status"] == "ACTIVE"
    assert await stage.succeeds()


async def test_a_refused_app_touches_no_connection_and_names_the_operator(stage: Stage) -> None:
    stage.acme.app.chaos.token.unauthorized = 1
    stage.clock.advance(LIFETIME)
    answer = (await stage.call()).json()
    assert answer["code"] == "INTEGRATION_UNAVAILABLE"
    assert "tell whoever runs Toolgate" in answer["error"]
    assert (await stage.connection())["status"] == "ACTIVE"
    stage.clock.advance(1)
    assert await stage.succeeds()


async def test_a_caller_who_leaves_does_not_stop_the_renewal(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    row, http = await stage.row(), HeldHttp(stage.gateway.egress)
    refresh = refresh_through(stage.gateway, http)
    leaving, staying = (asyncio.create_task(refresh.fresh(row)) for _ in range(2))
    await http.has_answer.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    http.may_return.set()
    assert (await staying).version == row.version + 1
    assert stage.acme.app.counters.refreshes == 1


async def test_a_call_does_not_wait_long_for_a_new_token_while_the_old_one_holds(stage: Stage) -> None:
    stage.clock.advance(LIFETIME * 0.95)
    row, http = await stage.row(), HeldHttp(stage.gateway.egress)
    refresh = refresh_through(stage.gateway, http, patience_seconds=0.01)
    assert await refresh.fresh(row) is row
    http.may_return.set()
    async with refresh.finishing():
        pass
    assert (await stage.row()).version == row.version + 1


async def test_the_end_waits_for_a_renewal_that_everybody_left(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    row, http = await stage.row(), HeldHttp(stage.gateway.egress)
    refresh = refresh_through(stage.gateway, http)
    async with refresh.finishing():
        leaving = asyncio.create_task(refresh.fresh(row))
        await http.has_answer.wait()
        leaving.cancel()
        await asyncio.wait((leaving,))
        http.may_return.set()
    assert (await stage.row()).version == row.version + 1


async def test_tokens_that_could_not_be_saved_are_saved_by_the_next_call(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    row, fail = await stage.row(), "select raise(abort, 'disk is full')"
    async with stage.gateway.database.write() as tx:
        await tx.session.execute(text(f"create trigger full before update of sealed on connections begin {fail}; end"))
    with pytest.raises(DBAPIError, match="disk is full"):
        await stage.gateway.refresh.fresh(row)
    async with stage.gateway.database.write() as tx:
        await tx.session.execute(text("drop trigger full"))
    assert await stage.succeeds()
    assert (stage.acme.app.counters.refreshes, stage.acme.app.counters.refreshes_refused) == (1, 0)


async def test_what_was_entered_and_leads_nowhere_asks_to_reconnect(stage: Stage, tmp_path: Path) -> None:
    manifest = MANIFEST.read_text().replace(
        'url: "https://api.acme.example/oauth/token"', 'url: "https://{subdomain}.acme.example/oauth/token"'
    )
    entered = "    type: oauth2\n    inputs: {subdomain: {title: Subdomain}}\n"
    (tmp_path / "acme.yaml").write_text(manifest.replace("    type: oauth2\n", entered))
    catalog = Catalog(further=[tmp_path / "acme.yaml"])
    stage.clock.advance(LIFETIME)
    ended = await refresh_through(stage.gateway, stage.gateway.egress, catalog=catalog).fresh(await stage.row())
    assert ended.status == "ERROR"
    assert "subdomain is missing" in (ended.last_error or "")


async def test_the_manifest_says_why_access_ends_at_this_provider(stage: Stage, tmp_path: Path) -> None:
    hint = "Acme ends access after 7 days."
    changed = MANIFEST.read_text().replace("    revoke:", f"    refresh: {{ended_hint: {hint}}}\n    revoke:", 1)
    (tmp_path / "acme.yaml").write_text(changed)
    catalog = Catalog(further=[tmp_path / "acme.yaml"])
    stage.acme.app.revoke_tokens("alice")
    stage.clock.advance(LIFETIME)
    ended = await refresh_through(stage.gateway, stage.gateway.egress, catalog=catalog).fresh(await stage.row())
    assert (ended.last_error or "").endswith(f"{hint} Connect the account again.")


def test_google_is_known_for_ending_access_after_7_days() -> None:
    gmail = Catalog().get("gmail").auth_method(None)
    assert isinstance(gmail, OAuth2)
    assert "7 days" in (gmail.refresh.ended_hint or "")


async def test_whoever_holds_an_older_row_gets_the_newer_one_without_asking_the_provider(stage: Stage) -> None:
    old = await stage.row()
    stage.clock.advance(LIFETIME)
    assert await stage.succeeds()
    assert (await stage.gateway.refresh.fresh(old)).version == old.version + 1
    newer = await stage.gateway.refresh.after_rejection(old)
    assert newer is not None
    assert newer.version == old.version + 1
    assert stage.acme.app.counters.refreshes == 1


async def test_a_credential_put_in_during_a_renewal_stays(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    row, http = await stage.row(), HeldHttp(stage.gateway.egress)
    renewing = asyncio.create_task(refresh_through(stage.gateway, http).fresh(row))
    await http.has_answer.wait()
    given = {"accessToken": stage.acme.app.issue_token("alice")["access_token"]}
    await stage.product.rest.put(f"/connections/{stage.shown['id']}/credentials", given)
    http.may_return.set()
    newer = await renewing
    assert stage.gateway.safe.open(newer).values["access_token"] == given["accessToken"]
    assert (await stage.row()).version == row.version + 1


async def test_a_connection_removed_during_a_renewal_is_gone(stage: Stage) -> None:
    stage.clock.advance(LIFETIME)
    row, http = await stage.row(), HeldHttp(stage.gateway.egress)
    renewing = asyncio.create_task(refresh_through(stage.gateway, http).fresh(row))
    await http.has_answer.wait()
    await stage.product.rest.delete(f"/connections/{stage.shown['id']}")
    http.may_return.set()
    with pytest.raises(ConnectionNotFound):
        await renewing
    # The old token is spent and the new one is nobody's: the provider hears of both.
    while await stage.gateway.revoking.revoker.send_due() == 0:
        pass
    assert stage.acme.app.counters.revocations == 2


async def test_tokens_that_come_after_another_account_took_the_place_are_given_up(stage: Stage) -> None:
    async def belongs_to(person: str, *, version: int) -> None:
        async with stage.gateway.database.write() as tx:
            row = await tx.connections.get(TenantScope((await tx.organizations.all())[0].id), stage.shown["id"])
            assert row is not None
            await tx.connections.update(row, account_id=person, version=version)

    await belongs_to("alice", version=1)
    stage.clock.advance(LIFETIME)
    row, http = await stage.row(), HeldHttp(stage.gateway.egress)
    renewing = asyncio.create_task(refresh_through(stage.gateway, http).fresh(row))
    await http.has_answer.wait()
    await belongs_to("bob", version=2)
    http.may_return.set()
    assert (await renewing).version == 2
    await stage.gateway.revoking.revoker.send_due()
    assert stage.acme.app.counters.revocations == 1


async def test_a_connection_without_refresh_token_is_used_as_it_is(stage: Stage) -> None:
    stage.acme.app.chaos.access_token_seconds = 3600
    tokens = stage.acme.app.issue_token("alice")
    await stage.product.rest.put(
        f"/connections/{stage.shown['id']}/credentials", {"accessToken": tokens["access_token"], "expiresIn": LIFETIME}
    )
    stage.clock.advance(LIFETIME)
    assert await stage.succeeds()
    assert stage.acme.app.counters.refreshes == 0
    stage.acme.app.expire_access_tokens("alice")
    assert (await stage.call()).json()["code"] == "CONNECTION_REQUIRED"


async def test_a_connection_of_an_app_that_we_do_not_know_is_used_as_it_is(stage: Stage) -> None:
    fields = {"integrationName": "acme", "name": "Ours", "clientId": "ours"}
    app = await stage.product.rest.made("/oauth-apps", fields)
    await stage.connect(externalId="another", oauthAppId=app["id"])
    async with stage.gateway.database.write() as tx:
        gone = await tx.oauth_apps.get(TenantScope(app["orgId"]), app["id"])
        assert gone is not None
        await tx.oauth_apps.delete(gone)
    row = await stage.row()
    stage.clock.advance(LIFETIME)
    assert await stage.gateway.refresh.fresh(row) is row
    assert await stage.gateway.refresh.after_rejection(row) is None
