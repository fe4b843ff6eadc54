"""How each database is opened: pools, pragmas, isolation, file permissions.

SQLite: WAL, `synchronous=FULL`, foreign keys on; write transactions begin with BEGIN IMMEDIATE, because the driver's
default loses updates silently and a plain BEGIN fails as soon as two want to write.

Errors of either never quote what was written: they end up in logs.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_BUSY_MILLISECONDS = 5000
_SQLITE_READERS = 4
_POSTGRES_READERS = 9
_POOL_SECONDS = 30
_COMMAND_SECONDS = 60


def writing_engine(url: URL) -> AsyncEngine:
    """Return the engine of the one writer; transactions queue for its only connection."""
    if is_sqlite(url):
        return _sqlite_engine(url, "BEGIN IMMEDIATE", pragmas=("foreign_keys=ON",), **_pool(1))
    return _postgres_engine(url, **_pool(1))


def reading_engine(url: URL) -> AsyncEngine:
    """Return the engine of the readers; each transaction sees one state of the database and can't change it."""
    if is_sqlite(url):
        return _sqlite_engine(url, "BEGIN", pragmas=("query_only=ON",), **_pool(_SQLITE_READERS))
    # Repeatable, so that a page and its total are of one moment.
    engine = _postgres_engine(url, **_pool(_POSTGRES_READERS))
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def bare_engine(url: URL) -> AsyncEngine:
    """Return an engine of unpooled connections, in whose write transactions SQLite checks no foreign keys."""
    if is_sqlite(url):
        return _sqlite_engine(url, "BEGIN IMMEDIATE", pragmas=("foreign_keys=OFF",), poolclass=NullPool)
    return create_async_engine(url, poolclass=NullPool, hide_parameters=True)


def is_sqlite(url: URL) -> bool:
    """Tell whether the address is of an SQLite database."""
    return url.get_backend_name() == "sqlite"


def sqlite_file(url: URL) -> Path:
    """Return the file of an SQLite database. Raises ValueError where there is none: nothing would outlive us."""
    if url.database in (None, "", ":memory:"):
        raise ValueError("an SQLite database has to be a file: sqlite+aiosqlite:///path/to/toolgate.db")
    return Path(str(url.database))


def _pool(connections: int) -> dict[str, Any]:
    return {"pool_size": connections, "max_overflow": 0, "pool_timeout": _POOL_SECONDS}


def _postgres_engine(url: URL, **options: Any) -> AsyncEngine:
    limits = {"timeout": 10, "command_timeout": _COMMAND_SECONDS}
    return create_async_engine(url, pool_pre_ping=True, connect_args=limits, hide_parameters=True, **options)


def _sqlite_engine(url: URL, begin: str, *, pragmas: tuple[str, ...], **options: Any) -> AsyncEngine:
    file = sqlite_file(url)
    engine = create_async_engine(url, hide_parameters=True, **options)

    @event.listens_for(engine.sync_engine, "do_connect")
    def guard(*_: object) -> None:
        _keep_private(file)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own accord
        cursor = connection.cursor()
        settings = (f"busy_timeout={_BUSY_MILLISECONDS}", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
        for pragma in (*settings, *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _keep_private(file: Path) -> None:
    """Make the database, and the files that SQLite keeps beside it, its owner's alone (security R47)."""
    # SQLite gives its other files the permissions that this one has when it makes them. Nobody may open a database
    # that is in use: closing it again would release all locks that SQLite holds on it in this process.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(FileNotFoundError):
            if stat.S_IMODE(path.stat().st_mode) != 0o600:
                path.chmod(0o600)
