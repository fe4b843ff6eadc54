"""Claims about what is swept up once it has expired."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from gateway.settings import Settings
from gateway.workspaces.sweep import KEPT, Sweep
from storage import records
from storage.database import Database, Transaction
from storage.repository import Rows
from tests.storage.opening import opened
from tests.storage.tenant import NOW, Tenant, plant

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


async def test_every_table_with_an_end_is_swept(database: Database) -> None:
    async with database.read() as tx:
        expiring = {
            name
            for name in dir(Transaction)
            if isinstance(repository := getattr(tx, name), Rows) and hasattr(repository, "delete_expired")
        }
        swept = {table(tx).__class__ for table, _ in KEPT}
        assert {getattr(tx, name).__class__ for name in expiring} == swept
