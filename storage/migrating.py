"""Brings a database to the schema of this release: Alembic, run from code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import Database
from storage.failures import SchemaTooNew, StorageFailure


@dataclass(frozen=True, slots=True)
class Run:
    """What `migrations/env.py` needs to know."""

    connection: Connection
    applied: Callable[..., None]
    """Called by Alembic after each revision, inside the transaction, with `step` among its keyword arguments."""


async def migrate(database: Database, *, progress: Callable[[str], None] | None = None) -> list[str]:
    """Apply what is pending, all or nothing, and return the revisions; `progress` gets a line for each.

    Call it only while holding the database (`storage.locking`). Raises `SchemaTooNew`.
    """
    async with database.connection() as connection:
        return await connection.run_sync(_upgrade, progress or (lambda _line: None))


async def pending(database: Database) -> list[str]:
    """Return the revisions that `migrate` would apply; a running gateway is not disturbed. Raises `SchemaTooNew`."""
    async with database.read() as tx:
        connection = await tx.session.connection()
        return await connection.run_sync(_pending)


def _upgrade(connection: Connection, progress: Callable[[str], None]) -> list[str]:
    revisions = _pending(connection)
    if revisions:
        command.upgrade(_config(Run(connection, _teller(progress))), "head")
        _check_references(connection)
    return revisions


def _pending(connection: Connection) -> list[str]:
    script = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in script.walk_revisions()}
    if not known.issuperset(current):
        raise SchemaTooNew(
            f"the database is at revision {current[0]}, which this release does not know (it ends at "
            f"{script.get_current_head()}): start the newer release that migrated it, or restore a backup from before"
        )
    newest_first = script.iterate_revisions("head", current[0] if current else "base")
    return [revision.revision for revision in newest_first][::-1]


def _config(run: Run | None = None) -> Config:
    config = Config(attributes={"run": run})
    config.set_main_option("script_location", "storage:migrations")
    return config


def _teller(progress: Callable[[str], None]) -> Callable[..., None]:
    def applied(*, step: Any, **_: object) -> None:
        revision = step.up_revision
        progress(f"{revision.revision}: {revision.doc}")

    return applied


def _check_references(connection: Connection) -> None:
    """Look for rows that point at nothing: SQLite checks no foreign keys while tables are made anew."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise StorageFailure(f"the migration would leave rows that point at nothing in: {tables}; nothing was changed")
