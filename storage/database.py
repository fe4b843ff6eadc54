"""Runs transactions, alike on SQLite and PostgreSQL: one writer at a time, readers beside it.

What a write transaction has read nobody changes before it ends, so that "read, decide, write" is right without locks
or retries, and what is proven on one database holds on the other.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage.completion import to_completion
from storage.connecting import ConnectLinks, ConnectSessions, ConnectSteps
from storage.connections import Connections
from storage.constraints import translate
from storage.engines import bare_engine, is_sqlite, reading_engine, writing_engine
from storage.failures import DatabaseAway
from storage.handoffs import HandoffKeys, SpentHandoffTokens
from storage.identity import IdentityChecks, KnownBrowsers
from storage.mcp import McpServers, McpServerTools, McpTokens
from storage.oauth import DeviceCodes, OAuthClients, OAuthCodes, OAuthGrants, OAuthRefreshTokens, OAuthRequests
from storage.oauth_apps import OAuthApps
from storage.own_integrations import HeldTools, OwnIntegrations
from storage.records import KeyRingCanary
from storage.repository import Rows
from storage.revocations import Revocations
from storage.signing_in import Identities, IdentityProviders, LinkedIdentities, SignedInBrowsers
from storage.state import StateEntries, StateFiles, StateNamespaces
from storage.tenants import ApiKeys, EndUsers, Organizations, Workspaces
from storage.topics import Topic
from storage.webhooks import WebhookDeliveries, Webhooks
from storage.workspace_integrations import WorkspaceIntegrations

AfterCommit = Callable[[Iterable[Topic]], None]


class Canaries(Rows[KeyRingCanary]):
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
    def connect_links(self) -> ConnectLinks:
        """Portal links."""
        return ConnectLinks(self.session, self.changed)

    @cached_property
    def connect_sessions(self) -> ConnectSessions:
        """Connect sessions."""
        return ConnectSessions(self.session, self.changed)

    @cached_property
    def connect_steps(self) -> ConnectSteps:
        """Steps that browsers take at connect pages."""
        return ConnectSteps(self.session, self.changed)

    @cached_property
    def identity_checks(self) -> IdentityChecks:
        """Checks of who opened a setup URL."""
        return IdentityChecks(self.session, self.changed)

    @cached_property
    def handoff_keys(self) -> HandoffKeys:
        """What products sign their hand-offs with."""
        return HandoffKeys(self.session, self.changed)

    @cached_property
    def spent_handoff_tokens(self) -> SpentHandoffTokens:
        """Signed hand-offs that have been taken."""
        return SpentHandoffTokens(self.session, self.changed)

    @cached_property
    def known_browsers(self) -> KnownBrowsers:
        """Browsers at which an end user is known to sit."""
        return KnownBrowsers(self.session, self.changed)

    @cached_property
    def oauth_apps(self) -> OAuthApps:
        """Tenants' own OAuth apps."""
        return OAuthApps(self.session, self.changed)

    @cached_property
    def held_tools(self) -> HeldTools:
        """Tools of remote MCP servers that aren't as they were approved."""
        return HeldTools(self.session, self.changed)

    @cached_property
    def own_integrations(self) -> OwnIntegrations:
        """Integrations that organizations have described themselves."""
        return OwnIntegrations(self.session, self.changed)

    @cached_property
    def revocations(self) -> Revocations:
        """Grants that providers are still to be told about."""
        return Revocations(self.session, self.changed)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Webhooks."""
        return Webhooks(self.session, self.changed)

    @cached_property
    def webhook_deliveries(self) -> WebhookDeliveries:
        """Events on their way to webhooks."""
        return WebhookDeliveries(self.session, self.changed)

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
    def identity_providers(self) -> IdentityProviders:
        """OpenID providers at which end users sign in."""
        return IdentityProviders(self.session, self.changed)

    @cached_property
    def identities(self) -> Identities:
        """People as their issuers know them."""
        return Identities(self.session, self.changed)

    @cached_property
    def linked_identities(self) -> LinkedIdentities:
        """Which end users identities stand for."""
        return LinkedIdentities(self.session, self.changed)

    @cached_property
    def signed_in_browsers(self) -> SignedInBrowsers:
        """Browsers that stay signed in."""
        return SignedInBrowsers(self.session, self.changed)

    @cached_property
    def oauth_clients(self) -> OAuthClients:
        """Clients of the authorization server."""
        return OAuthClients(self.session, self.changed)

    @cached_property
    def oauth_requests(self) -> OAuthRequests:
        """Authorization requests under way."""
        return OAuthRequests(self.session, self.changed)

    @cached_property
    def oauth_grants(self) -> OAuthGrants:
        """What people have allowed clients."""
        return OAuthGrants(self.session, self.changed)

    @cached_property
    def oauth_codes(self) -> OAuthCodes:
        """Authorization codes."""
        return OAuthCodes(self.session, self.changed)

    @cached_property
    def oauth_refresh_tokens(self) -> OAuthRefreshTokens:
        """Refresh tokens."""
        return OAuthRefreshTokens(self.session, self.changed)

    @cached_property
    def device_codes(self) -> DeviceCodes:
        """Devices that wait for approval."""
        return DeviceCodes(self.session, self.changed)

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
        self._writer = writing_engine(self.url)
        self._reader = reading_engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is SQLite, which serves one process."""
        return is_sqlite(self.url)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Transaction]:
        """Run a transaction that changes nothing. Raises `DatabaseAway`."""
        with _telling_that_it_is_away():
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                yield Transaction(session, _refuse_change)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Transaction]:
        """Run a transaction that is committed when the block ends, and rolled back when it raises.

        A commit that has begun is carried through even when its task is cancelled. Raises `AlreadyExists`,
        `ReferenceMissing`, `DatabaseAway`.
        """
        topics: dict[Topic, None] = {}
        with _telling_that_it_is_away():
            async with AsyncSession(self._writer, expire_on_commit=False) as session:
                try:
                    yield Transaction(session, topics.setdefault)
                    await session.flush()
                except IntegrityError as error:
                    raise translate(error) from error
                try:
                    await to_completion(session.commit())
                finally:
                    # Also when the commit was cancelled (then it took place) or failed (then it may have).
                    if topics:
                        self._after_commit(topics)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection]:
        """Lend a bare connection in a write transaction in which SQLite checks no foreign keys: for migrations."""
        engine = bare_engine(self.url)
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        await self._reader.dispose()


def _refuse_change(topic: Topic) -> None:
    raise AssertionError(f"a read transaction changed {topic[0]}")


@contextmanager
def _telling_that_it_is_away() -> Generator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseAway("the database ended the connection") from error
        raise
