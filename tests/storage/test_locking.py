import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from storage.database import Database
from storage.failures import DatabaseAway, DatabaseInUse
from storage.locking import exclusive
from storage.migrating import migrate
from tests.storage.conftest import NewDatabase
from tests.storage.opening import opened

HOLDER = """
import asyncio, sys
from storage.locking import exclusive
from tests.storage.opening import opened

async def main():
    async with exclusive(opened(sys.argv[1])):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def another_process_holding(url: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        yield holder
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.wait()


@pytest.fixture
async def unmigrated(database_url: str) -> AsyncIterator[Database]:
    database = opened(database_url)
    yield database
    await database.close()


async def test_a_second_process_is_refused_until_the_first_is_killed(unmigrated: Database) -> None:
    url = unmigrated.url.render_as_string(hide_password=False)
    async with another_process_holding(url) as holder:
        with pytest.raises(DatabaseInUse, match=r"Stop it first, or give this one .*TOOLGATE_DATABASE_URL") as refused:
            async with exclusive(unmigrated):
                pass
        if unmigrated.is_sqlite:
            assert f"process {holder.pid}" in str(refused.value)
        else:
            assert "PostgreSQL session" in str(refused.value)

        holder.send_signal(signal.SIGKILL)
        await holder.wait()
        await held_at_last(unmigrated)


async def test_a_hold_ends_with_its_block_also_when_that_raises(unmigrated: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with exclusive(unmigrated):
            raise ZeroDivisionError
    async with exclusive(unmigrated):
        with pytest.raises(DatabaseInUse):
            async with exclusive(unmigrated):
                pass
    async with exclusive(unmigrated):
        pass


async def test_two_databases_are_two(new_database: NewDatabase) -> None:
    first, second = [opened(await new_database()) for _ in range(2)]
    async with exclusive(first), exclusive(second):
        pass
    await first.close()
    await second.close()


async def test_whoever_loses_a_hold_on_postgresql_is_told_at_once(new_postgres_database: NewDatabase) -> None:
    database = opened(await new_postgres_database())
    lost = asyncio.Event()

    async with exclusive(database, on_lost=lost.set):
        # The heartbeat is 5 s: being told sooner means that the closed connection itself was noticed.
        await end_sessions(database)
        await asyncio.wait_for(lost.wait(), 2)
        async with exclusive(database):
            pass
    await database.close()


@pytest.mark.parametrize("way", ["read", "write"])
async def test_a_transaction_whose_database_goes_away_says_so(new_postgres_database: NewDatabase, way: str) -> None:
    database = opened(await new_postgres_database())
    await migrate(database)
    with pytest.raises(DatabaseAway, match="the database ended the connection"):
        async with database.read() if way == "read" else database.write() as tx:
            await tx.organizations.find("nobody")
            await end_sessions(database)
            await tx.organizations.find("nobody")
    async with database.write() as tx:
        await tx.organizations.find("nobody")
    await database.close()


async def test_nobody_is_told_of_a_loss_when_the_block_ends(unmigrated: Database) -> None:
    told: list[str] = []
    async with exclusive(unmigrated, on_lost=lambda: told.append("lost")):
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.05)
    assert told == []


async def test_the_lock_file_names_its_holder_and_is_private(tmp_path: Path) -> None:
    database = opened(f"sqlite+aiosqlite:///{tmp_path}/toolgate.db")
    async with exclusive(database):
        lock = tmp_path / "toolgate.db.lock"
        assert lock.read_text() == str(os.getpid())
        assert lock.stat().st_mode & 0o777 == 0o600


async def test_another_name_for_the_same_file_is_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "real.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    real, link = [opened(f"sqlite+aiosqlite:///{tmp_path}/{name}.db") for name in ("real", "link")]
    async with exclusive(real):
        with pytest.raises(DatabaseInUse):
            async with exclusive(link):
                pass


async def held_at_last(database: Database) -> None:
    """Hold the database for a moment; PostgreSQL may need one to notice that a client was killed."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with exclusive(database):
                    return
            except DatabaseInUse:
                await asyncio.sleep(0.02)


async def end_sessions(database: Database) -> None:
    """Cut every session of this database off, as a restart of PostgreSQL would."""
    admin = await asyncpg.connect(user="postgres", database="postgres", host=database.url.query["host"])
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database.url.database
    )
    await admin.close()
