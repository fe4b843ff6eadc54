"""Claims about what is swept up once it has expired."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from gateway.kit.ids import new_id
from gateway.settings import Settings
from gateway.workspaces.sweep import KEPT, Sweep
from storage import records
from storage.database import Database, Transaction
from storage.repository import Rows
from tests.storage.opening import opened
from tests.storage.tenant import NOW, Tenant, a_signed_in_browser, an_identity, plant

SWEPT: Sequence[type[records.Record]] = (
    records.ConnectLink,
    records.ConnectSession,
    records.ConnectStep,
    records.IdentityCheck,
    records.KnownBrowser,
    records.McpToken,
    records.Revocation,
)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """A database without a gateway, which would sweep by itself."""
    database = opened(settings.database_url.get_secret_value())
    yield database
    await database.close()


async def planted(database: Database) -> Tenant:
    """Plant a tenant whose every row that can end ends at NOW."""
    async with database.write() as tx:
        tenant = await plant(tx)
        await tx.session.execute(update(records.McpToken).values(expires_at=NOW))
        await tx.revocations.update(tenant.revocation, given_up_at=NOW)
    return tenant


async def counts(database: Database) -> dict[str, int]:
    async with database.read() as tx:
        return {each.table: await tx.session.scalar(select(func.count()).select_from(each)) or 0 for each in SWEPT}


async def swept_at(database: Database, after: timedelta) -> dict[str, int]:
    await Sweep(database, clock=lambda: NOW + after).run()
    return await counts(database)


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (timedelta(0), {each.table for each in SWEPT}),
        (timedelta(seconds=1), {"connect_sessions", "connect_steps", "revocations"}),
        (timedelta(hours=2), {"connect_sessions", "revocations"}),
        (timedelta(days=2), {"revocations"}),
        (timedelta(days=31), set[str]()),
    ],
)
async def test_what_has_expired_goes_when_nobody_asks_for_it_any_more(
    database: Database, after: timedelta, left: set[str]
) -> None:
    await planted(database)
    found = await swept_at(database, after)
    assert {name for name, count in found.items() if count} == left


async def test_what_is_still_good_stays(database: Database) -> None:
    await planted(database)
    assert await swept_at(database, timedelta(days=-1)) == await counts(database)
    assert all((await counts(database)).values())


async def test_whoever_is_linked_to_nobody_and_signed_in_nowhere_is_forgotten(database: Database) -> None:
    tenant = await planted(database)
    async with database.write() as tx:
        stranger = await tx.identities.insert(an_identity(tenant.organization))
        signed_in = await tx.identities.insert(an_identity(tenant.organization))
        await tx.signed_in_browsers.insert(a_signed_in_browser(signed_in, expires_at=NOW + timedelta(days=30)))

    async def left_at(after: timedelta) -> set[str]:
        await Sweep(database, clock=lambda: NOW + after).run()
        async with database.read() as tx:
            known = (tenant.identity, stranger, signed_in)
            return {each.id for each in known if await tx.identities.get(tenant.scope, each.id) is not None}

    assert await left_at(timedelta(hours=1)) == {tenant.identity.id, stranger.id, signed_in.id}
    assert await left_at(timedelta(hours=2)) == {tenant.identity.id, signed_in.id}
    async with database.write() as tx:
        end_user = await tx.end_users.get(tenant.scope, tenant.end_user.id)
        assert end_user is not None
        await tx.end_users.delete(end_user)
    assert await left_at(timedelta(days=31)) == set()


async def test_replaced_refresh_tokens_tell_of_a_thief_for_ninety_days_and_the_last_one_stays(
    database: Database,
) -> None:
    tenant = await planted(database)
    async with database.write() as tx:
        await tx.session.execute(update(records.OAuthGrant).values(expires_at=NOW + timedelta(days=365)))
        replaced = records.OAuthRefreshToken(
            id=new_id(), grant_id=tenant.grant.id, token_hash="replaced", superseded_at=NOW, created_at=NOW
        )
        await tx.oauth_refresh_tokens.insert(replaced)

    async def left_at(after: timedelta) -> set[str]:
        await Sweep(database, clock=lambda: NOW + after).run()
        async with database.read() as tx:
            return set(await tx.session.scalars(select(col(records.OAuthRefreshToken.token_hash))))

    last = tenant.refresh_token.token_hash
    assert await left_at(timedelta(days=89)) == {"replaced", last}
    assert await left_at(timedelta(days=91)) == {last}


async def test_every_table_with_an_end_is_swept(database: Database) -> None:
    async with database.read() as tx:
        expiring = {
            name
            for name in dir(Transaction)
            if isinstance(repository := getattr(tx, name), Rows) and hasattr(repository, "delete_expired")
        }
        swept = {table(tx).__class__ for table, _ in KEPT}
        assert {getattr(tx, name).__class__ for name in expiring} == swept
