"""What people have allowed clients, and the tokens that come of it: codes, access tokens, refresh tokens.

A code is good once, for a minute; its second use ends the grant (RFC 9700 4.2.4). A refresh token is replaced by each
use. Presented again within half a minute it gives the same successor, so that a client that asks twice at once or
loses an answer goes on; after that, or once its successor was used, a replaced token shows that two hold it, and ends
the grant (RFC 9700 4.14.2).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.access.endpoints import endpoint_of
from gateway.access.granted import Granted, open_successor, seal_successor
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError
from gateway.errors import RateLimited
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.rates import Windows
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from storage.database import Database, Transaction
from storage.records import EndUser, McpServer, McpToken, OAuthCode, OAuthGrant, OAuthRefreshToken
from storage.scope import TenantScope

CODE_LIFETIME: Final = timedelta(seconds=60)
ACCESS_LIFETIME: Final = timedelta(hours=1)
UNUSED_LIFETIME: Final = timedelta(days=90)
SUCCESSOR_LIFETIME: Final = timedelta(seconds=30)
_UNREDEEMED_LIFETIME: Final = timedelta(minutes=15)
_REFRESHED_A_MINUTE: Final = 60
"""One grant, whose access tokens serve for an hour each: an end to the rows of a program that goes round in circles."""
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """What a person allows: a client may act as this end user at this server."""

    server: McpServer
    end_user: EndUser | None
    identity_id: str | None
    client: ClientView
    redirect_uri: str | None
    scopes: Sequence[str]
    kind: str = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """What a client shows with a code."""

    code: str = field(repr=False)
    verifier: str | None = field(repr=False)
    redirect_uri: str | None
    resource: str | None


class OAuthGrants:
    """The grants of all tenants. `resource_of` is a server's address: the audience of its tokens."""

    def __init__(self, database: Database, *, public_url: str, clock: Clock) -> None:
        self._database = database
        self._public_url = public_url
        self._clock = clock
        self._refreshed = Windows(limit=_REFRESHED_A_MINUTE, clock=clock)

    def resource_of(self, server_id: str) -> str:
        """Return the address of an MCP server."""
        return endpoint_of(server_id, public_url=self._public_url)

    async def with_code(self, tx: Transaction, new: NewGrant, *, challenge: str, lifetime: timedelta) -> str:
        """Make a grant that holds once its code is redeemed; returns the code."""
        code, now = mint(TokenKind.OAUTH_CODE), self._clock()
        grant = await tx.oauth_grants.insert(_grant(new, now=now, expires_at=now + _UNREDEEMED_LIFETIME))
        await tx.oauth_codes.insert(
            OAuthCode(
                id=new_id(),
                grant_id=grant.id,
                code_hash=code.hash,
                redirect_uri=new.redirect_uri or "",
                challenge=challenge,
                expires_at=now + lifetime,
                created_at=now,
            )
        )
        return code.plain

    async def promised(self, tx: Transaction, new: NewGrant) -> OAuthGrant:
        """Make a grant that holds once its device fetches the tokens."""
        now = self._clock()
        return await tx.oauth_grants.insert(_grant(new, now=now, expires_at=now + _UNREDEEMED_LIFETIME))

    async def first_tokens(self, tx: Transaction, grant: OAuthGrant, client: ClientView) -> Granted:
        """Return the tokens of a grant that was promised. Raises `OAuthError`."""
        if grant.expires_at <= self._clock() or not await _stands(tx, grant):
            raise OAuthError("invalid_grant", "device_code: what was allowed holds no more; begin again")
        return await self._tokens(tx, grant, client, scopes=tuple(grant.scopes))

    async def granted(self, tx: Transaction, new: NewGrant) -> Granted:
        """Make a grant that holds at once, with its tokens: for service clients."""
        now = self._clock()
        grant = await tx.oauth_grants.insert(_grant(new, now=now, expires_at=now + UNUSED_LIFETIME))
        return await self._tokens(tx, grant, new.client, scopes=tuple(new.scopes))

    async def more_tokens(
        self, tx: Transaction, grant: OAuthGrant, client: ClientView, *, scopes: tuple[str, ...]
    ) -> Granted:
        """Return further tokens below a grant that holds already."""
        return await self._tokens(tx, grant, client, scopes=scopes)

    async def redeem(self, client: ClientView, shown: Redemption) -> Granted:
        """Turn a code into tokens, once. Raises `OAuthError`."""
        now = self._clock()
        async with self._database.write() as tx:
            row = None
            if is_well_formed(shown.code, TokenKind.OAUTH_CODE):
                row = await tx.oauth_codes.by_hash(hash_token(shown.code))
            grant = None if row is None else await tx.oauth_grants.find(row.grant_id)
            if row is None or grant is None or grant.client_id != client.client_id or not await _stands(tx, grant):
                raise OAuthError("invalid_grant", "code: there is none like this for this client, or none any more")
            refusal = self._refusal(row, grant, shown, client=client, now=now)
            if refusal is None:
                await tx.oauth_codes.update(row, used_at=now)
                return await self._tokens(tx, grant, client, scopes=tuple(grant.scopes))
            if row.used_at is not None or refusal.error == "invalid_grant":
                # Two hold this code, or somebody who lacks its verifier: nothing that came of it may live on.
                await tx.oauth_grants.delete(grant)
        raise refusal

    async def client_of(self, token: str) -> str:
        """Return the client to which a refresh token was given. Raises `OAuthError`."""
        async with self._database.read() as tx:
            row = await tx.oauth_refresh_tokens.by_hash(hash_token(token))
            grant = None if row is None else await tx.oauth_grants.find(row.grant_id)
        if grant is None:
            raise _ended()
        return grant.client_id

    async def refresh(
        self, client: ClientView, token: str, *, resource: str | None, scopes: Sequence[str] | None
    ) -> Granted:
        """Replace a refresh token. Raises `OAuthError`, `RateLimited`."""
        now = self._clock()
        async with self._database.write() as tx:
            row = None
            if is_well_formed(token, TokenKind.MCP_REFRESH):
                row = await tx.oauth_refresh_tokens.by_hash(hash_token(token))
            grant = None if row is None else await tx.oauth_grants.find(row.grant_id)
            is_its = grant is not None and grant.client_id == client.client_id and grant.expires_at > now
            if row is None or grant is None or not is_its or not await _stands(tx, grant):
                raise _ended()
            wanted = self._narrowed(grant, client, resource=resource, scopes=scopes)
            if row.superseded_at is None:
                window = self._refreshed.hit(grant.id)
                if window.is_exceeded:
                    raise RateLimited("use an access token for the hour it serves", retry_after=window.retry_after)
                # Whoever shows one that is older than that was away for so long that it would have ended unused.
                await tx.oauth_refresh_tokens.delete_superseded(grant.id, before=now - UNUSED_LIFETIME)
                granted = await self._tokens(tx, grant, client, scopes=wanted)
                await tx.oauth_refresh_tokens.update(row, superseded_at=now, successor=seal_successor(token, granted))
                return granted
            successor = None if row.successor is None else open_successor(token, row.successor)
            is_young = now - row.superseded_at <= SUCCESSOR_LIFETIME
            if successor is not None and is_young and await _is_next(tx, successor):
                return successor
            await tx.oauth_grants.delete(grant)
        raise OAuthError("invalid_grant", "refresh_token: it was used before; the person has to sign in again")

    async def end_by_token(self, client: ClientView, token: str) -> None:
        """Revoke a token of this client: a refresh token with its whole grant; others' are left alone (RFC 7009)."""
        async with self._database.write() as tx:
            refresh = await tx.oauth_refresh_tokens.by_hash(hash_token(token))
            access = await tx.mcp_tokens.by_hash(hash_token(token))
            grant_id = refresh.grant_id if refresh is not None else access.grant_id if access is not None else None
            grant = None if grant_id is None else await tx.oauth_grants.find(grant_id)
            if grant is None or grant.client_id != client.client_id:
                return
            if refresh is not None:
                await tx.oauth_grants.delete(grant)
            elif access is not None:
                await tx.mcp_tokens.delete(access)

    async def _tokens(
        self, tx: Transaction, grant: OAuthGrant, client: ClientView, *, scopes: tuple[str, ...]
    ) -> Granted:
        now = self._clock()
        access, refresh = mint(TokenKind.MCP_OAUTH), mint(TokenKind.MCP_REFRESH)
        await tx.mcp_tokens.insert(
            McpToken(
                id=new_id(),
                organization_id=grant.organization_id,
                workspace_id=grant.workspace_id,
                server_id=grant.server_id,
                end_user_id=grant.end_user_id,
                grant_id=grant.id,
                kind="oauth" if grant.end_user_id is not None else "service",
                token_hash=access.hash,
                token_prefix=access.prefix,
                scopes=list(scopes),
                expires_at=now + ACCESS_LIFETIME,
                created_at=now,
            )
        )
        may_refresh = grant.end_user_id is not None and "refresh_token" in client.grant_types
        if may_refresh:
            row = OAuthRefreshToken(id=new_id(), grant_id=grant.id, token_hash=refresh.hash, created_at=now)
            await tx.oauth_refresh_tokens.insert(row)
        await tx.oauth_grants.update(grant, last_used_at=now, expires_at=now + UNUSED_LIFETIME, updated_at=now)
        return Granted(
            access_token=access.plain,
            refresh_token=refresh.plain if may_refresh else None,
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            scopes=scopes,
            resource=self.resource_of(grant.server_id),
        )

    def _is_named(self, grant: OAuthGrant, client: ClientView, resource: str | None) -> bool:
        """Tell whether a request names the grant's server; a client of one server need not say which."""
        named = self.resource_of(client.server_id) if resource is None and client.server_id is not None else resource
        return named == self.resource_of(grant.server_id)

    def _refusal(
        self, row: OAuthCode, grant: OAuthGrant, shown: Redemption, *, client: ClientView, now: datetime
    ) -> OAuthError | None:
        if row.used_at is not None:
            return OAuthError("invalid_grant", "code: it was used before")
        if row.expires_at <= now:
            return OAuthError("invalid_grant", "code: it has expired; a code is good for a minute")
        if shown.redirect_uri != row.redirect_uri:
            return OAuthError("invalid_grant", "redirect_uri: it is not the one that the code was sent to")
        if not _verifies(shown.verifier, row.challenge):
            return OAuthError("invalid_grant", "code_verifier: it does not fit the challenge")
        if not self._is_named(grant, client, shown.resource):
            return OAuthError("invalid_target", "resource: give the address of the MCP server that the code is for")
        return None

    def _narrowed(
        self, grant: OAuthGrant, client: ClientView, *, resource: str | None, scopes: Sequence[str] | None
    ) -> tuple[str, ...]:
        if not self._is_named(grant, client, resource):
            raise OAuthError("invalid_target", "resource: give the address of the MCP server that the grant is for")
        if scopes is None:
            return tuple(grant.scopes)
        if not scopes or not set(scopes) <= set(grant.scopes):
            raise OAuthError("invalid_scope", f"scope: the grant has {' '.join(grant.scopes)}; it can't grow here")
        return tuple(dict.fromkeys(scopes))


def _ended() -> OAuthError:
    return OAuthError("invalid_grant", "refresh_token: it has ended; the person has to sign in again")


async def _is_next(tx: Transaction, successor: Granted) -> bool:
    """Tell whether the token that replaced another has not been replaced itself."""
    if successor.refresh_token is None:
        return True
    row = await tx.oauth_refresh_tokens.by_hash(hash_token(successor.refresh_token))
    return row is not None and row.superseded_at is None


async def _stands(tx: Transaction, grant: OAuthGrant) -> bool:
    """Tell whether the server still takes sign-ins, is for nobody else, and the end user is not suspended."""
    scope = TenantScope(grant.organization_id, frozenset((grant.workspace_id,)))
    server = await tx.mcp_servers.get(scope, grant.server_id)
    if server is None or server.auth_mode == "bearer":
        return False
    if server.is_pinned and grant.end_user_id not in (None, server.end_user_id):
        return False
    end_user = None if grant.end_user_id is None else await tx.end_users.get(scope, grant.end_user_id)
    return grant.end_user_id is None or (end_user is not None and end_user.suspended_at is None)


def _grant(new: NewGrant, *, now: datetime, expires_at: datetime) -> OAuthGrant:
    return OAuthGrant(
        id=new_id(),
        organization_id=new.server.organization_id,
        workspace_id=new.server.workspace_id,
        server_id=new.server.id,
        end_user_id=None if new.end_user is None else new.end_user.id,
        identity_id=new.identity_id,
        kind=new.kind,
        client_id=new.client.client_id,
        client_name=new.client.name,
        redirect_uri=new.redirect_uri,
        scopes=list(new.scopes),
        expires_at=expires_at,
        created_at=now,
        updated_at=now,
    )


def _verifies(verifier: str | None, challenge: str) -> bool:
    if verifier is None or _VERIFIER.fullmatch(verifier) is None:
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())
