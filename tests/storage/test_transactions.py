import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from sqlalchemy.exc import DBAPIError, StatementError

from storage.database import Database
from storage.failures import AlreadyExists
from storage.migrating import migrate
from storage.topics import Topic
from tests.storage.tenant import Tenant, a_workspace, an_integration, an_organization, plant


@pytest.fixture
async def tenant(database: Database, published: list[Topic]) -> Tenant:
    async with database.write() as tx:
        tenant = await plant(tx)
    published.clear()
    return tenant


async def test_no_update_is_lost_however_many_read_and_write_at_once(database: Database, tenant: Tenant) -> None:
    async def count_up() -> None:
        for _ in range(5):
            async with database.write() as tx:
                row = await tx.workspace_integrations.get(tenant.scope, tenant.integration.id)
                assert row is not None
                await asyncio.sleep(0)
                await tx.workspace_integrations.update(row, sort_order=row.sort_order + 1)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(count_up())

    async with database.read() as tx:
        row = await tx.workspace_integrations.get(tenant.scope, tenant.integration.id)
        assert row is not None
        assert row.sort_order == 100


async def test_what_is_looked_up_and_then_made_is_made_once(database: Database, tenant: Tenant) -> None:
    async def make_unless_there() -> None:
        async with database.write() as tx:
            if await tx.workspace_integrations.by_alias(tenant.scope, tenant.workspace.id, "only") is None:
                await tx.workspace_integrations.insert(an_integration(tenant.workspace, alias="only"))

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(make_unless_there())


async def test_topics_are_published_once_between_the_commit_and_the_end_of_the_block(
    database: Database, tenant: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        row = await tx.workspaces.get(tenant.scope, tenant.workspace.id)
        assert row is not None
        await tx.workspaces.update(row, name="New")
        await tx.workspaces.update(row, name="Newer")
        assert published == []

    assert published == [("workspace", tenant.workspace.id)]


async def test_whoever_hears_of_a_change_finds_it(tmp_path: Path) -> None:
    heard: list[tuple[Topic, ...]] = []
    seen: list[int] = []

    def look(topics: Iterable[Topic]) -> None:
        heard.append(tuple(topics))
        with closing(sqlite3.connect(tmp_path / "toolgate.db")) as outside:
            seen.append(outside.execute("select count(*) from organizations").fetchone()[0])

    database = Database(f"sqlite+aiosqlite:///{tmp_path}/toolgate.db", after_commit=look)
    await migrate(database)
    organization = an_organization()
    async with database.write() as tx:
        await tx.organizations.insert(organization)

    assert heard == [(("organization", organization.id),)]
    assert seen == [1]
    await database.close()


async def test_nothing_is_published_that_did_not_happen(
    database: Database, tenant: Tenant, published: list[Topic]
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as tx:
            await tx.organizations.insert(an_organization())
            raise ZeroDivisionError
    with pytest.raises(AlreadyExists):
        async with database.write() as tx:
            await tx.organizations.insert(an_organization())
            await tx.organizations.insert(an_organization(slug=tenant.organization.slug))
    with pytest.raises(AlreadyExists):
        async with database.write() as tx:
            await tx.organizations.insert(an_organization())
            # Not through a repository: found only when the block ends.
            tx.session.add(an_organization(slug=tenant.organization.slug))

    assert published == []
    async with database.read() as tx:
        assert len(await tx.organizations.all()) == 1


async def test_a_transaction_cancelled_before_its_commit_leaves_nothing(
    database: Database, published: list[Topic]
) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with database.write() as tx:
            await tx.organizations.insert(an_organization())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert published == []
    async with database.read() as tx:
        assert await tx.organizations.all() == []


async def test_a_commit_whose_task_is_cancelled_takes_place_and_is_published(
    database: Database, published: list[Topic]
) -> None:
    organization = an_organization()

    async def work() -> None:
        async with database.write() as tx:
            await tx.organizations.insert(organization)
            # Runs as soon as the task waits for its commit.
            asyncio.get_running_loop().call_soon(task.cancel)

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task

    assert published == [("organization", organization.id)]
    async with database.read() as tx:
        assert await tx.organizations.find(organization.id) is not None


async def test_a_commit_in_a_cancelled_scope_takes_place_and_is_published(
    database: Database, published: list[Topic]
) -> None:
    organization = an_organization()

    with anyio.CancelScope() as scope:
        async with database.write() as tx:
            await tx.organizations.insert(organization)
            scope.cancel()

    assert scope.cancelled_caught
    assert published == [("organization", organization.id)]
    async with database.read() as tx:
        assert await tx.organizations.find(organization.id) is not None


async def test_the_database_goes_on_after_many_cancellations(database: Database) -> None:
    for moment in range(30):
        task = asyncio.create_task(_insert(database))
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))

    await _insert(database)


async def test_a_reader_sees_one_moment(database: Database, tenant: Tenant) -> None:
    async with database.read() as reader:
        before = await reader.workspaces.page(tenant.scope, limit=10, offset=0)
        async with database.write() as tx:
            await tx.workspaces.insert(a_workspace(tenant.organization))
        after = await reader.workspaces.page(tenant.scope, limit=10, offset=0)
    assert (before.total, after.total) == (1, 1)

    async with database.read() as reader:
        assert (await reader.workspaces.page(tenant.scope, limit=10, offset=0)).total == 2


async def test_a_row_of_another_transaction_is_not_silently_left_unchanged(database: Database, tenant: Tenant) -> None:
    with pytest.raises(ValueError, match="another transaction"):
        async with database.write() as tx:
            await tx.workspaces.update(tenant.workspace, name="New")


async def test_a_reader_cannot_write(database: Database, tenant: Tenant) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with database.read() as tx:
            await tx.organizations.insert(an_organization())


async def test_readers_go_on_while_somebody_writes(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        await tx.workspaces.insert(a_workspace(tenant.organization))
        async with database.read() as reader:
            assert (await reader.workspaces.page(tenant.scope, limit=10, offset=0)).total == 1


async def test_pages_are_oldest_first_and_do_not_overlap(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        await tx.workspaces.insert_many([a_workspace(tenant.organization) for _ in range(9)])

    async with database.read() as tx:
        pages = [await tx.workspaces.page(tenant.scope, limit=4, offset=offset) for offset in (0, 4, 8, 12)]
    assert [len(page.rows) for page in pages] == [4, 4, 2, 0]
    assert {page.total for page in pages} == {10}
    ids = [row.id for page in pages for row in page.rows]
    assert ids == sorted(set(ids))


async def _insert(database: Database) -> None:
    async with database.write() as tx:
        await tx.organizations.insert(an_organization())


async def test_an_error_of_the_database_never_quotes_what_was_written(database: Database, tenant: Tenant) -> None:
    with pytest.raises(StatementError) as caught:
        async with database.write() as tx:
            row = an_integration(tenant.workspace, display_name="canary-of-a-tenant", alias="only")
            row.updated_at = row.updated_at.replace(tzinfo=None)
            await tx.workspace_integrations.insert(row)
    assert "canary-of-a-tenant" not in str(caught.value)
