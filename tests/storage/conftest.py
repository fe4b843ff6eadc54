"""Every test that asks for `database` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest

from storage.database import Database
from storage.migrating import migrate
from storage.topics import Topic

NewDatabase: TypeAlias = Callable[[], Awaitable[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Call it for the address of a new, empty database."""

    async def create() -> str:
        return f"sqlite+aiosqlite:///{tmp_path}/{uuid4().hex}.db"

    return create if request.param == "sqlite" else request.getfixturevalue("new_postgres_database")


@pytest.fixture
async def database_url(new_database: NewDatabase) -> str:
    """The address of a new, empty database."""
    return await new_database()


@pytest.fixture
def published() -> list[Topic]:
    """The topics of all commits so far."""
    return []


@pytest.fixture
async def database(database_url: str, published: list[Topic]) -> AsyncIterator[Database]:
    """A migrated database without rows."""
    database = Database(database_url, after_commit=published.extend)
    await migrate(database)
    yield database
    await database.close()
