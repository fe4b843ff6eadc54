"""The database as commands use it: theirs alone while they run, and in the schema of this release."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.exc import SQLAlchemyError

from gateway.commands import CommandFailed
from gateway.errors import ToolgateError
from gateway.kit.private_files import make_private_directory
from gateway.settings import Settings
from storage.database import Database
from storage.failures import StorageFailure
from storage.locking import exclusive
from storage.migrating import migrate


@asynccontextmanager
async def held_database(
    settings: Settings, *, progress: Callable[[str], None] | None = None
) -> AsyncGenerator[Database]:
    """Open the database, keep every other process out, and migrate it; `progress` gets a line per migration.

    Raises `CommandFailed`.
    """
    with told_in_one_line():
        make_private_directory(settings.data_dir)
        database = Database(settings.database_url.get_secret_value(), after_commit=lambda _topics: None)
        try:
            async with exclusive(database):
                await migrate(database, progress=progress)
                yield database
        finally:
            await database.close()


@contextmanager
def told_in_one_line() -> Generator[None]:
    """Turn what an operator can do something about into `CommandFailed`."""
    try:
        yield
    except ToolgateError as error:
        raise CommandFailed(error.message) from error
    except StorageFailure as error:
        raise CommandFailed(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        # The library's own sentence spans lines and may quote parameters; its cause says what the database said.
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise CommandFailed(f"the database can't be used: {reason}; check database_url and data_dir") from error
