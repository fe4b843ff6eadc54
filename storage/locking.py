"""One process per database, held for as long as the process lives and no longer.

SQLite: an OS lock on a file beside the database. PostgreSQL: an advisory lock of a session of its own (so the address
has to lead to PostgreSQL itself, or to a pooler in session mode). Both end by themselves when the process dies.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.engines import bare_engine, sqlite_file
from storage.failures import DatabaseInUse

_LOCK_KEY = 0x746F6F6C67617465  # "toolgate"
_HEARTBEAT_SECONDS = 5
_REMEDY = "Stop it first, or give this one a database of its own (TOOLGATE_DATABASE_URL)."
_HOLDER = text(
    "select a.pid, coalesce(host(a.client_addr), 'this machine') as address from pg_locks l "
    "join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.granted "
    "and l.classid = :high and l.objid = :low and a.datname = current_database()"
)


@contextlib.asynccontextmanager
async def exclusive(database: Database, *, on_lost: Callable[[], None] = lambda: None) -> AsyncGenerator[None]:
    """Hold the database while the block runs.

    `on_lost` is called once if the hold ends before the block does, which happens when PostgreSQL goes away: another
    process may have the database from then on, so stop. Raises `DatabaseInUse`.
    """
    if database.is_sqlite:
        with _locked_file(sqlite_file(database.url)):
            yield
    else:
        async with _locked_session(database, on_lost):
            yield


@contextlib.contextmanager
def _locked_file(database: Path) -> Generator[None]:
    # The file stays: were it removed, two processes could hold two files of the same name.
    file = database.resolve()
    lock = os.open(file.with_name(file.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 20).decode(errors="replace") or "unknown"
            raise DatabaseInUse(f"{database} is in use by process {holder}. {_REMEDY}") from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)


@contextlib.asynccontextmanager
async def _locked_session(database: Database, on_lost: Callable[[], None]) -> AsyncGenerator[None]:
    engine = bare_engine(database.url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            if not await connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": _LOCK_KEY}):
                raise DatabaseInUse(await _describe_holder(database, connection))
            watch = asyncio.create_task(_watch(connection, on_lost))
            try:
                yield
            finally:
                watch.cancel()
                await asyncio.wait((watch,))
    finally:
        await engine.dispose()


async def _describe_holder(database: Database, connection: AsyncConnection) -> str:
    halves = {"high": _LOCK_KEY >> 32, "low": _LOCK_KEY & 0xFFFFFFFF}
    holder = (await connection.execute(_HOLDER, halves)).first()
    who = f"the process at {holder.address} (PostgreSQL session {holder.pid})" if holder else "another process"
    return f"the database {database.url.database} is in use by {who}. {_REMEDY}"


async def _watch(connection: AsyncConnection, on_lost: Callable[[], None]) -> None:
    closed = asyncio.Event()

    def close(*_: object) -> None:
        closed.set()

    driver_connection = (await connection.get_raw_connection()).driver_connection
    assert driver_connection is not None  # noqa: S101 - tells the type checker that we speak through a driver
    driver_connection.add_termination_listener(close)
    while await _lives(connection, closed):
        pass
    on_lost()


async def _lives(connection: AsyncConnection, closed: asyncio.Event) -> bool:
    """Wait for a while; tell whether the session is still there after it."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(closed.wait(), _HEARTBEAT_SECONDS)
        return False
    try:
        # A connection that only waits does not notice that its network is gone.
        await asyncio.wait_for(connection.execute(text("select 1")), _HEARTBEAT_SECONDS)
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True
