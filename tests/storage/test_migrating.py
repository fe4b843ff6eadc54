import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import ReflectedForeignKeyConstraint

from storage.database import Database
from storage.failures import SchemaTooNew, StorageFailure
from storage.migrating import _check_references, migrate, pending
from storage.records import Record
from tests.storage.opening import opened


@pytest.fixture
async def empty_database(database_url: str) -> Database:
    return opened(database_url)


async def test_an_empty_database_is_migrated_once(empty_database: Database) -> None:
    lines: list[str] = []

    waiting = await pending(empty_database)
    applied = await migrate(empty_database, progress=lines.append)

    assert applied == waiting != []
    assert [line.split(":")[0] for line in lines] == applied
    assert await pending(empty_database) == await migrate(empty_database) == []
    await empty_database.close()


async def test_the_migrated_schema_is_the_one_of_the_records(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"target_metadata": Record.metadata})
        return list(compare_metadata(context, Record.metadata))

    async with database.connection() as connection:
        assert await connection.run_sync(differences) == []


async def test_every_reference_of_the_records_is_in_the_database_with_its_cascade(database: Database) -> None:
    def of_database(connection: Connection) -> set[tuple[str, str, str, str | None]]:
        def described(table: str, reference: ReflectedForeignKeyConstraint) -> tuple[str, str, str, str | None]:
            return (
                table,
                reference["constrained_columns"][0],
                reference["referred_table"],
                reference.get("options", {}).get("ondelete"),
            )

        tables = inspect(connection)
        return {described(table, key) for table in tables.get_table_names() for key in tables.get_foreign_keys(table)}

    of_records = {
        (table.name, key.parent.name, key.column.table.name, key.ondelete)
        for table in Record.metadata.tables.values()
        for key in table.foreign_keys
    }

    async with database.connection() as connection:
        assert await connection.run_sync(of_database) == of_records


async def test_every_unique_rule_and_check_has_the_name_that_the_records_give_it(database: Database) -> None:
    def of_database(connection: Connection) -> set[str | None]:
        tables = inspect(connection)
        names = tables.get_table_names()
        unique = {rule["name"] for table in names for rule in tables.get_unique_constraints(table)}
        return unique | {rule["name"] for table in names for rule in tables.get_check_constraints(table)}

    of_records = {
        str(rule.name)
        for table in Record.metadata.tables.values()
        for rule in table.constraints
        if str(rule.name).startswith(("uq_", "ck_"))
    }

    async with database.connection() as connection:
        assert await connection.run_sync(of_database) == of_records


async def test_a_database_of_a_newer_release_is_refused_untouched(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))

    for refused in (migrate, pending):
        with pytest.raises(SchemaTooNew, match=r"revision 9999.*start the newer release") as caught:
            await refused(database)
        assert "\n" not in str(caught.value)


async def test_a_migration_that_fails_leaves_nothing_behind(empty_database: Database) -> None:
    # The last table of the first revision is in its way.
    async with empty_database.connection() as connection:
        await connection.execute(text("create table key_ring_canary (id int)"))

    with pytest.raises(Exception, match="already exists"):
        await migrate(empty_database)

    async with empty_database.connection() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert tables == ["key_ring_canary"]
    await empty_database.close()


async def test_rows_that_point_at_nothing_stop_a_migration_on_sqlite(tmp_path: Path) -> None:
    database = opened(f"sqlite+aiosqlite:///{tmp_path}/toolgate.db")
    await migrate(database)
    columns = "id, created_at, organization_id, name, slug, updated_at"
    orphan = f"insert into workspaces ({columns}) values ('w', '2026-01-01', 'nobody', 'name', 'slug', '2026-01-01')"
    with pytest.raises(StorageFailure, match="point at nothing in: workspaces; nothing was changed"):
        async with database.connection() as connection:
            await connection.execute(text(orphan))
            await connection.run_sync(_check_references)
    async with database.read() as tx:
        assert await tx.session.scalar(text("select count(*) from workspaces")) == 0
    await database.close()


def test_the_migrations_lie_in_the_package() -> None:
    import storage.migrations

    folder = Path(storage.migrations.__path__[0])

    assert (folder / "env.py").is_file()
    assert (folder / "script.py.mako").is_file()
    assert list((folder / "versions").glob("0001_*.py"))


async def test_only_its_owner_can_read_an_sqlite_database(tmp_path: Path) -> None:
    file = tmp_path / "toolgate.db"
    with closing(sqlite3.connect(file)) as restored_from_a_backup:
        restored_from_a_backup.execute("create table old (x)")
    file.chmod(0o644)
    database = opened(f"sqlite+aiosqlite:///{file}")

    await migrate(database)
    async with database.write() as tx:
        await tx.organizations.all()

        beside = sorted(path.name for path in tmp_path.iterdir())
        assert beside == ["toolgate.db", "toolgate.db-shm", "toolgate.db-wal"]
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    await database.close()


def test_an_sqlite_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="has to be a file"):
        opened("sqlite+aiosqlite://")
