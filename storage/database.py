"""Opens the database and runs transactions on it, alike on SQLite and PostgreSQL.

SQLite: one writer connection that begins every transaction with BEGIN IMMEDIATE (its default would lose updates
silently), and a pool of readers beside it; WAL, `synchronous=FULL`, foreign keys on. PostgreSQL: one pool.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from storage.connections import Connections
from storage.constraints import translate
from storage.mcp import McpServers, McpServerTools, McpTokens
from storage.records import KeyRingCanary
from storage.repository import Repository, Topic
from storage.state import StateEntries, StateFiles, StateNamespaces
from storage.tenants import ApiKeys, EndUsers, Organizations, Workspaces
from storage.workspace_integrations import WorkspaceIntegrations

AfterCommit = Callable[[Iterable[Topic]], None]

_BUSY_MILLISECONDS = 5000
_READERS = 4
_POSTGRES_CONNECTIONS = 10


class Canaries(Repository[KeyRingCanary]):
    """The one sealed text that a key ring has to open."""

    record = KeyRingCanary

    async def find(self) -> KeyRingCanary | None:
        """Return the canary, or None in a database that has never sealed anything."""
        return await self._session.get(KeyRingCanary, KEY_RING_CANARY_ID)


KEY_RING_CANARY_ID = "key-ring"


@dataclass(frozen=True)
class Transaction:
    """The repositories, all inside one transaction."""

    session: AsyncSession
    changed: Callable[[Topic], None]

    @cached_property
    def organizations(self) -> Organizations:
        """Organizations."""
        return Organizations(self.session, self.changed)

    @cached_property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        return ApiKeys(self.session, self.changed)

    @cached_property
    def workspaces(self) -> Workspaces:
        """Workspaces."""
        return Workspaces(self.session, self.changed)

    @cached_property
    def end_users(self) -> EndUsers:
        """End users."""
        return EndUsers(self.session, self.changed)

    @cached_property
    def workspace_integrations(self) -> WorkspaceIntegrations:
        """Workspace integrations."""
        return WorkspaceIntegrations(self.session, self.changed)

    @cached_property
    def connections(self) -> Connections:
        """Connections."""
        return Connections(self.session, self.changed)

    @cached_property
    def mcp_servers(self) -> McpServers:
        """MCP servers."""
        return McpServers(self.session, self.changed)

    @cached_property
    def mcp_server_tools(self) -> McpServerTools:
        """Manual tools of MCP servers."""
        return McpServerTools(self.session, self.changed)

    @cached_property
    def mcp_tokens(self) -> McpTokens:
        """Tokens of MCP servers."""
        return McpTokens(self.session, self.changed)

    @cached_property
    def state_namespaces(self) -> StateNamespaces:
        """Namespaces of the built-in state."""
        return StateNamespaces(self.session, self.changed)

    @cached_property
    def state_entries(self) -> StateEntries:
        """Values of the built-in state."""
        return StateEntries(self.session, self.changed)

    @cached_property
    def state_files(self) -> StateFiles:
        """Files of the built-in state."""
        return StateFiles(self.session, self.changed)

    @cached_property
    def canaries(self) -> Canaries:
        """The key ring's canary."""
        return Canaries(self.session, self.changed)


class Database:
    """The open database. `after_commit` hears the topics of every commit before its `write` block is left."""

    def __init__(self, url: str, *, after_commit: AfterCommit) -> None:
        self.url = make_url(url)
        self._after_commit = after_commit
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, begin="BEGIN IMMEDIATE", connections=1)
            self._reader = _sqlite_engine(self.url, begin="BEGIN", connections=_READERS)
        else:
            self._writer = self._reader = create_async_engine(
                self.url, pool_size=_POSTGRES_CONNECTIONS, max_overflow=0, pool_pre_ping=True, pool_timeout=10
            )

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is SQLite, which serves one process."""
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Transaction]:
        """Run a transaction that changes nothing."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            yield Transaction(session, _refuse_change)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Transaction]:
        """Run a transaction that is committed when the block ends, and rolled back when it raises.

        Raises `AlreadyExists`, `ReferenceMissing`.
        """
        topics: dict[Topic, None] = {}
        committing = False
        try:
            async with AsyncSession(self._writer, expire_on_commit=False) as session:
                try:
                    yield Transaction(session, topics.setdefault)
                    committing = True
                    await session.commit()
                except IntegrityError as error:
                    raise translate(error) from error
        finally:
            # Also when the commit was cancelled: it may have taken place, and leaving the session waited for it.
            if committing and topics:
                self._after_commit(topics)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection]:
        """Lend a bare connection inside a write transaction: for migrations and locks."""
        async with self._writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        await self._reader.dispose()


def _refuse_change(topic: Topic) -> None:
    raise AssertionError(f"a read transaction changed {topic[0]}")


def _sqlite_engine(url: URL, *, begin: str, connections: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=connections, max_overflow=0, pool_timeout=30)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]  # SQLAlchemy calls it
        connection.isolation_level = None  # the driver must not begin transactions of its own accord
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction]  # SQLAlchemy calls it
        connection.exec_driver_sql(begin)

    return engine
