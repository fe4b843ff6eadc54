"""Who is at the door of an MCP server: from a bearer token to a principal, checked on every request (security R1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.access.endpoints import SERVER_PREFIX
from gateway.access.mcp_servers import connect_wait_seconds
from gateway.changes import ChangeFeed
from gateway.kit.cache import ExactCache, Topic
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed
from gateway.principals import McpPrincipal
from storage.database import Database
from storage.records import EndUser, McpServer, McpToken
from storage.scope import TenantScope

_BY_OAUTH = ("oauth", "service")
_FOR_NOBODY = ("static", "service")
_TOKEN_CAPACITY = 100_000
_SERVER_CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Door:
    """An MCP server as somebody sees it who has not shown a token."""

    server_id: str
    organization_id: str
    workspace_id: str
    name: str
    description: str | None
    takes_oauth: bool
    connect_wait_seconds: int
    """How long a call waits for its person to connect an account that it lacks."""

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What it was made of."""
        return (
            ("mcp_server", self.server_id),
            ("workspace", self.workspace_id),
            ("organization", self.organization_id),
        )


@dataclass(frozen=True, slots=True)
class _Admission:
    principal: McpPrincipal
    expires_at: datetime | None

    @property
    def topics(self) -> tuple[Topic, ...]:
        principal = self.principal
        end_user: tuple[Topic, ...] = (("end_user", principal.end_user_id),) if principal.end_user_id else ()
        return (
            ("mcp_token", principal.token_id),
            ("mcp_server", principal.server_id),
            ("workspace", principal.workspace_id),
            ("organization", principal.organization_id),
            *end_user,
        )


class _Refused(Exception):
    """Not an admission; raised so that it is not kept."""


class McpDoorkeeper:
    """Knows the servers, and admits the bearers of their tokens."""

    def __init__(self, *, database: Database, clock: Clock, changes: ChangeFeed) -> None:
        self._database = database
        self._clock = clock
        self._doors: ExactCache[str, Door] = ExactCache(capacity=_SERVER_CAPACITY)
        self._admissions: ExactCache[str, _Admission] = ExactCache(capacity=_TOKEN_CAPACITY)
        changes.subscribe(self._forget)

    async def door(self, public_server_id: str) -> Door | None:
        """Return the server of a path segment `srv_{id}`, or None where there is none."""
        if not public_server_id.startswith(SERVER_PREFIX):
            return None
        written = public_server_id.removeprefix(SERVER_PREFIX)
        if (door := self._doors.peek(written)) is not None:
            return door
        server_id = as_id(written)
        if server_id is None:
            return None
        try:
            return await self._doors.get(server_id, lambda: self._load_door(server_id), lambda door: door.topics)
        except _Refused:
            return None

    async def admit(self, door: Door, token: str) -> McpPrincipal | None:
        """Return who bears this token, or None unless it is a live token of exactly this server."""
        token_hash = hash_token(token)
        admission = self._admissions.peek(token_hash)
        if admission is None:
            if not any(is_well_formed(token, kind) for kind in (TokenKind.MCP_OAUTH, TokenKind.MCP)):
                return None
            try:
                admission = await self._admissions.get(
                    token_hash, lambda: self._load_admission(token_hash), lambda admission: admission.topics
                )
            except _Refused:
                return None
        expired = admission.expires_at is not None and admission.expires_at <= self._clock()
        return None if expired or admission.principal.server_id != door.server_id else admission.principal

    async def _load_door(self, server_id: str) -> Door:
        async with self._database.read() as tx:
            server = await tx.mcp_servers.find(server_id)
        if server is None:
            raise _Refused
        return Door(
            server_id=server.id,
            organization_id=server.organization_id,
            workspace_id=server.workspace_id,
            name=server.name,
            description=server.description,
            takes_oauth=server.auth_mode != "bearer",
            connect_wait_seconds=connect_wait_seconds(server),
        )

    async def _load_admission(self, token_hash: str) -> _Admission:
        async with self._database.read() as tx:
            token = await tx.mcp_tokens.by_hash(token_hash)
            if token is None:
                raise _Refused
            scope = TenantScope(token.organization_id, frozenset((token.workspace_id,)))
            server = await tx.mcp_servers.get(scope, token.server_id)
            acts_for = token.end_user_id or (server.end_user_id if server is not None else None)
            end_user = await tx.end_users.get(scope, acts_for) if acts_for is not None else None
        if server is None or not _may_enter(token, server, end_user):
            raise _Refused
        principal = McpPrincipal(
            token_id=token.id,
            server_id=server.id,
            organization_id=token.organization_id,
            workspace_id=token.workspace_id,
            end_user_id=end_user.id if end_user is not None else None,
            scopes=frozenset(token.scopes),
            grant_id=token.grant_id,
        )
        return _Admission(principal, token.expires_at)

    def _forget(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self._admissions.drop(topic)
            self._doors.drop(topic)


def _may_enter(token: McpToken, server: McpServer, end_user: EndUser | None) -> bool:
    """Hold a token against its server's present settings and its end user's standing."""
    modes = ("oauth", "oauth_and_bearer") if token.kind in _BY_OAUTH else ("bearer", "oauth_and_bearer")
    if server.auth_mode not in modes or (end_user is not None and end_user.suspended_at is not None):
        return False
    if server.is_pinned:
        # Also when the end user it was pinned to is gone: then it serves nobody.
        return end_user is not None and end_user.id == server.end_user_id
    return token.kind in _FOR_NOBODY or end_user is not None
