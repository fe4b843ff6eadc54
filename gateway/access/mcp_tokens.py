"""Bearer tokens of MCP servers: static ones, and those that stand for one end user (contract 4.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.access.existing import existing_server
from gateway.errors import (
    EndUserNotFound,
    Forbidden,
    InvalidMcpScopes,
    McpBearerDisabled,
    McpOAuthDisabled,
    NotFound,
    QuotaExceeded,
    ValidationFailed,
)
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id, new_id
from gateway.kit.tokens import MintedToken, TokenKind, mint
from storage.database import Database, Transaction
from storage.records import EndUser, McpServer, McpToken
from storage.scope import TenantScope

DEFAULT_LIFETIME = timedelta(days=30)
MOST_LIVE = 1_000
"""Tokens for one end user at one server. Nobody has so many programs: a backend mints them and lets them lie."""
TOOLS_SCOPE = "mcp:tools"
CODE_SCOPE = "mcp:code"


class EndUserTokenKind(StrEnum):
    """How a token for an end user came to be: made over REST for clients without OAuth, or as if by sign-in."""

    BEARER = "end_user"
    OAUTH = "oauth"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """For whom a token is to be made; `end_user` is the external id, or our own for who has none."""

    end_user: str
    kind: EndUserTokenKind
    scopes: Sequence[str] | None = None
    lifetime: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token's row and the external id of whom it stands for."""

    record: McpToken
    end_user_external_id: str | None


@dataclass(frozen=True, slots=True)
class MintedForEndUser:
    """A fresh token; `token.plain` is shown this once."""

    server: McpServer
    shown: ShownToken
    token: MintedToken


@dataclass(frozen=True, slots=True)
class TokenPage:
    """A page of tokens."""

    tokens: list[ShownToken]
    total: int


class McpTokens:
    """The tokens of a tenant's MCP servers."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, scope: TenantScope, server_id: str, new: NewToken) -> MintedForEndUser:
        """Make a token for an end user.

        Raises `NotFound`, `EndUserNotFound`, `McpBearerDisabled`, `McpOAuthDisabled`, `InvalidMcpScopes`,
        `Forbidden` (suspended), `QuotaExceeded`, `ValidationFailed` (the server is for somebody else).
        """
        async with self._database.write() as tx:
            server = await existing_server(tx, scope, server_id)
            _check_kind(server, new.kind)
            scopes = accept_scopes(server.mode, new.scopes)
            end_user = await _end_user(tx, scope, server, new.end_user)
            now = self._clock()
            await _check_room(tx, scope, server, end_user, now=now)
            token = mint(TokenKind.MCP if new.kind is EndUserTokenKind.BEARER else TokenKind.MCP_OAUTH)
            row = _row(server, token, kind=new.kind, now=now, end_user_id=end_user.id, scopes=scopes)
            row.expires_at = now + (new.lifetime or DEFAULT_LIFETIME)
            await tx.mcp_tokens.insert(row)
        return MintedForEndUser(server, ShownToken(row, end_user.external_id), token)

    async def page(
        self, scope: TenantScope, server_id: str, *, end_user: str | None, limit: int, offset: int
    ) -> TokenPage:
        """Return a page of a server's live end-user tokens, optionally of one end user.

        Raises `NotFound`, `EndUserNotFound`.
        """
        async with self._database.read() as tx:
            server = await existing_server(tx, scope, server_id)
            of = None if end_user is None else (await _find_end_user(tx, scope, server, end_user)).id
            page = await tx.mcp_tokens.page_of_end_users(
                scope, server.id, end_user_id=of, now=self._clock(), limit=limit, offset=offset
            )
            external_ids = await tx.end_users.external_ids({row.end_user_id or "" for row in page.rows})
        return TokenPage([ShownToken(row, external_ids.get(row.end_user_id or "")) for row in page.rows], page.total)

    async def revoke(self, scope: TenantScope, server_id: str, token_id: str) -> None:
        """Delete an end user's token, which opens nothing from then on. Raises `NotFound`."""
        async with self._database.write() as tx:
            server = await existing_server(tx, scope, server_id)
            row = await tx.mcp_tokens.get(scope, token_id)
            if row is None or row.server_id != server.id or row.end_user_id is None:
                raise NotFound("the MCP server has no such token")
            await tx.mcp_tokens.delete(row)


def known_scopes(mode: str) -> list[str]:
    """Return the scopes that a server of this mode knows."""
    return [TOOLS_SCOPE, CODE_SCOPE] if mode == "CODE" else [TOOLS_SCOPE]


def accept_scopes(mode: str, wanted: Sequence[str] | None) -> list[str]:
    """Return the scopes of a token: all that the mode knows unless fewer are wanted. Raises `InvalidMcpScopes`."""
    known = known_scopes(mode)
    if wanted is None:
        return known
    if not wanted or not set(wanted) <= set(known):
        raise InvalidMcpScopes(f"scopes: a server of mode {mode} knows {', '.join(known)}; name at least one")
    return list(dict.fromkeys(wanted))


async def mint_static(tx: Transaction, server: McpServer, *, now: datetime) -> MintedToken:
    """Make a server's static token; whether that is safe has been decided."""
    token = mint(TokenKind.MCP)
    scopes = accept_scopes(server.mode, None)
    await tx.mcp_tokens.insert(_row(server, token, kind="static", now=now, end_user_id=None, scopes=scopes))
    return token


def _row(
    server: McpServer, token: MintedToken, *, kind: str, now: datetime, end_user_id: str | None, scopes: list[str]
) -> McpToken:
    return McpToken(
        id=new_id(),
        organization_id=server.organization_id,
        workspace_id=server.workspace_id,
        server_id=server.id,
        end_user_id=end_user_id,
        kind=kind,
        token_hash=token.hash,
        token_prefix=token.prefix,
        scopes=scopes,
        created_at=now,
    )


def _check_kind(server: McpServer, kind: EndUserTokenKind) -> None:
    if kind is EndUserTokenKind.BEARER and server.auth_mode == "oauth":
        raise McpBearerDisabled("this MCP server takes OAuth tokens only; set authMode to oauth_and_bearer")
    if kind is EndUserTokenKind.OAUTH and server.auth_mode == "bearer":
        raise McpOAuthDisabled("this MCP server takes no OAuth tokens; set authMode to oauth_and_bearer")


async def _check_room(
    tx: Transaction, scope: TenantScope, server: McpServer, end_user: EndUser, *, now: datetime
) -> None:
    """Refuse one more than there may be, rather than end an older one that a program may still use."""
    live = await tx.mcp_tokens.count_made_for(scope, server.id, end_user_id=end_user.id, now=now)
    if live >= MOST_LIVE:
        raise QuotaExceeded(
            f"endUserId: this end user has {live:,} live tokens at this MCP server, which is as many as there may be; "
            "revoke what is not used any more, and give shorter ones (expiresIn)"
        )


async def _end_user(tx: Transaction, scope: TenantScope, server: McpServer, reference: str) -> EndUser:
    """Return whom the token is to stand for, if that person may use the server."""
    end_user = await _find_end_user(tx, scope, server, reference)
    if end_user.suspended_at is not None:
        raise Forbidden(f"endUserId: {reference[:200]!r} is suspended")
    if server.is_pinned and server.end_user_id != end_user.id:
        raise ValidationFailed("endUserId: this MCP server is made for another end user")
    return end_user


async def _find_end_user(tx: Transaction, scope: TenantScope, server: McpServer, reference: str) -> EndUser:
    """Find somebody of the server's workspace: by external id first, as that may look like one of our ids."""
    end_user = await tx.end_users.by_external_id(scope, server.workspace_id, reference)
    row_id = as_id(reference)
    if end_user is None and row_id is not None:
        end_user = await tx.end_users.get(scope, row_id)
    if end_user is None or end_user.workspace_id != server.workspace_id:
        raise EndUserNotFound(f"endUserId: the workspace has no end user {reference[:200]!r}")
    return end_user
