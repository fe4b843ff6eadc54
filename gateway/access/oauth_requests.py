"""Authorization requests under way: what a client asks for, in the one browser that began, until a person decides."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from gateway.access.oauth_clients import ClientView, OAuthClients
from gateway.access.oauth_errors import ClientOutOfReach, OAuthError, UnknownClient
from gateway.access.oauth_grants import CODE_LIFETIME, NewGrant, OAuthGrants
from gateway.access.pending_requests import NewRequest, PendingRequest, WaitingDevice
from gateway.access.redirect_uris import is_registered
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from gateway.tenancy.sign_in_methods import sign_in_methods
from storage.database import Database, Transaction
from storage.records import EndUser, Identity, McpServer, OAuthRequest, Organization, Workspace
from storage.scope import TenantScope

LIFETIME: Final = timedelta(minutes=30)
"""Time for signing in and reading; a code counts from the consent."""
MOST_IDLE: Final = 20_000
"""For which nobody has signed in: anybody may begin one, and only so many addresses can be told apart."""
_TRIMMED_IN: Final = 100


class OAuthRequests:
    """Keeps requests. Their key stands in the address of the pages, and opens only in the browser that began."""

    def __init__(
        self,
        database: Database,
        *,
        clients: OAuthClients,
        grants: OAuthGrants,
        cipher: Cipher,
        issuer: str,
        clock: Clock,
        most_idle: int = MOST_IDLE,
    ) -> None:
        self._most_idle = most_idle
        self._begun = 0
        self._database = database
        self._clients = clients
        self._grants = grants
        self._cipher = cipher
        self._issuer = issuer
        self._clock = clock

    async def begin(self, new: NewRequest, *, browser: str) -> str:
        """Keep a request, in the place of the oldest for which nobody has signed in if there are too many.

        Returns its key.
        """
        self._begun += 1
        key, row_id, now, server = mint(TokenKind.OAUTH_REQUEST), new_id(), self._clock(), new.server
        carried = {
            "client_id": new.client_id,
            "redirect_uri": new.redirect_uri,
            "scopes": list(new.scopes),
            "state": new.state,
            "challenge": new.challenge,
            "is_allowed": False,
            "device": None if new.device is None else [new.device.id, new.device.user_code],
        }
        row = OAuthRequest(
            id=row_id,
            organization_id=server.organization_id,
            workspace_id=server.workspace_id,
            server_id=server.id,
            key_hash=key.hash,
            browser_hash=hash_token(browser),
            sealed=self._cipher.seal(json.dumps(carried).encode(), *_context(row_id)),
            expires_at=now + LIFETIME,
            created_at=now,
        )
        async with self._database.write() as tx:
            await tx.oauth_requests.insert(row)
            if self._begun % max(1, self._most_idle // _TRIMMED_IN) == 0:
                await tx.oauth_requests.trim_idle(keep=self._most_idle)
        return key.plain

    async def open(self, key: str, *, browser: str) -> PendingRequest | None:
        """Return the request that this browser has begun, None for any other and for one that is over."""
        async with self._database.read() as tx:
            row = await self._row(tx, key, browser)
            found = None if row is None else await self._people(tx, row)
        if row is None or found is None:
            return None
        organization, workspace, server, identity, end_user = found
        carried = json.loads(self._cipher.open(row.sealed, *_context(row.id)))
        try:
            client = await self._clients.find(carried["client_id"])
        except (UnknownClient, ClientOutOfReach):
            return None
        if not client.is_for(server) or not _leads_back(carried, client):
            return None
        return PendingRequest(
            id=row.id,
            organization=organization,
            workspace=workspace,
            server=server,
            client=client,
            redirect_uri=carried["redirect_uri"],
            scopes=tuple(carried["scopes"]),
            state=carried["state"],
            challenge=carried["challenge"],
            is_allowed=carried["is_allowed"],
            device=None if carried["device"] is None else WaitingDevice(*carried["device"]),
            identity=identity,
            end_user=end_user,
        )

    async def signed_in(self, key: str, *, browser: str, identity_id: str) -> None:
        """Note who has signed in; whom they act as, and whether they allow it, is to be settled anew.

        Raises `OAuthError`.
        """
        async with self._database.write() as tx:
            row = await self._existing(tx, key, browser)
            sealed = self._with(row, is_allowed=False)
            await tx.oauth_requests.update(row, identity_id=identity_id, end_user_id=None, sealed=sealed)

    async def acts_as(self, key: str, *, browser: str, end_user_id: str) -> None:
        """Note as whom they act; what was allowed as somebody else is not allowed. Raises `OAuthError`."""
        async with self._database.write() as tx:
            row = await self._existing(tx, key, browser)
            sealed = self._with(row, is_allowed=False)
            await tx.oauth_requests.update(row, end_user_id=end_user_id, sealed=sealed)

    async def allow(self, key: str, *, browser: str, end_user_id: str) -> None:
        """Note that the person has said yes to acting as this end user, and give time for what comes before going on.

        Raises `OAuthError`.
        """
        async with self._database.write() as tx:
            row = await self._existing(tx, key, browser, end_user_id=end_user_id)
            sealed = self._with(row, is_allowed=True)
            await tx.oauth_requests.update(row, sealed=sealed, expires_at=self._clock() + LIFETIME)

    async def approve(self, key: str, *, browser: str, end_user_id: str) -> str:
        """Give the client a code, once, to act as this end user; returns the address that takes it there.

        Raises `OAuthError` where the request is over, or settled by now as somebody else's.
        """
        pending = await self.open(key, browser=browser)
        if pending is None or pending.end_user is None or pending.end_user.id != end_user_id:
            raise OAuthError("invalid_request", "this sign-in is over, or not finished: begin again")
        new = NewGrant(
            server=pending.server,
            end_user=pending.end_user,
            identity_id=pending.identity.id if pending.identity is not None else None,
            client=pending.client,
            redirect_uri=pending.redirect_uri or None,
            scopes=pending.scopes,
            kind="code" if pending.device is None else "device",
        )
        async with self._database.write() as tx:
            # The row is what makes it once: whoever comes second finds none.
            await tx.oauth_requests.delete(await self._existing(tx, key, browser, end_user_id=end_user_id))
            if pending.device is None:
                code = await self._grants.with_code(tx, new, challenge=pending.challenge, lifetime=CODE_LIFETIME)
                told = {"code": code}
            else:
                grant = await self._grants.promised(tx, new)
                await self._answer_device(tx, pending, status="APPROVED", grant_id=grant.id)
                told = {}
        await self._clients.note_use(pending.client)
        return self.address(pending, told)

    async def deny(
        self, key: str, *, browser: str, error: str = "access_denied", description: str | None = None
    ) -> str:
        """End a request without a code; returns the address that tells the client. Raises `OAuthError`."""
        pending = await self.open(key, browser=browser)
        if pending is None:
            raise OAuthError("invalid_request", "this sign-in is over: begin again")
        async with self._database.write() as tx:
            await tx.oauth_requests.delete(await self._existing(tx, key, browser))
            if pending.device is not None:
                await self._answer_device(tx, pending, status="DENIED", grant_id=None)
        told = {"error": error, **({} if description is None else {"error_description": description})}
        return self.address(pending, told)

    def address(self, pending: PendingRequest, told: Mapping[str, str]) -> str:
        """Return the client's address with an answer; nothing where a device asks for it by itself."""
        if pending.device is not None:
            return ""
        return answer_address(pending.redirect_uri, told, state=pending.state, issuer=self._issuer)

    async def _answer_device(
        self, tx: Transaction, pending: PendingRequest, *, status: str, grant_id: str | None
    ) -> None:
        """Tell a device what it will hear when it asks next, once. Raises `OAuthError`."""
        row = None if pending.device is None else await tx.device_codes.get(pending.scope, pending.device.id)
        if row is None or row.status != "PENDING" or row.expires_at <= self._clock():
            raise OAuthError("invalid_request", "the device has been answered, or has stopped waiting: begin again")
        await tx.device_codes.update(row, status=status, grant_id=grant_id)

    def _with(self, row: OAuthRequest, *, is_allowed: bool) -> bytes:
        """Return what a row carries, with the person's word."""
        carried = json.loads(self._cipher.open(row.sealed, *_context(row.id)))
        return self._cipher.seal(json.dumps({**carried, "is_allowed": is_allowed}).encode(), *_context(row.id))

    async def _row(self, tx: Transaction, key: str, browser: str) -> OAuthRequest | None:
        if not is_well_formed(key, TokenKind.OAUTH_REQUEST):
            return None
        row = await tx.oauth_requests.by_key(hash_token(key))
        is_open = row is not None and row.expires_at > self._clock() and row.browser_hash == hash_token(browser)
        return row if is_open else None

    async def _existing(
        self, tx: Transaction, key: str, browser: str, *, end_user_id: str | None = None
    ) -> OAuthRequest:
        """Return a request; with `end_user_id`, only where that is still who acts: there may be another tab."""
        row = await self._row(tx, key, browser)
        if row is None or end_user_id not in (None, row.end_user_id):
            raise OAuthError("invalid_request", "this sign-in is over: begin again")
        return row

    async def _people(
        self, tx: Transaction, row: OAuthRequest
    ) -> tuple[Organization, Workspace, McpServer, Identity | None, EndUser | None] | None:
        scope = TenantScope(row.organization_id, frozenset((row.workspace_id,)))
        organization = await tx.organizations.find(row.organization_id)
        workspace = await tx.workspaces.get(scope, row.workspace_id)
        server = await tx.mcp_servers.get(scope, row.server_id)
        if organization is None or workspace is None or server is None or server.auth_mode == "bearer":
            return None
        identity = await self._identity(tx, scope, row)
        providers = await tx.identity_providers.all(scope)
        methods = sign_in_methods(organization, workspace, providers=providers, sends_mail=True)
        if identity is not None and not methods.still_takes(identity):
            identity = None
        end_user = None
        if identity is not None and row.end_user_id is not None:
            end_user = await tx.end_users.get(scope, row.end_user_id)
        if end_user is not None and end_user.suspended_at is not None:
            end_user = None
        return organization, workspace, server, identity, end_user

    async def _identity(self, tx: Transaction, scope: TenantScope, row: OAuthRequest) -> Identity | None:
        """Return who has signed in, unless they have signed out since, or their sign-in was taken back."""
        for each in await tx.signed_in_browsers.at(scope, row.browser_hash):
            if each.identity_id == row.identity_id and each.expires_at > self._clock():
                return await tx.identities.get(scope, each.identity_id)
        return None


def answer_address(redirect_uri: str, told: Mapping[str, str], *, state: str | None, issuer: str) -> str:
    """Return a client's redirect address with an answer: `state` as it came, `iss` always (RFC 9207)."""
    query: dict[str, Any] = {**told, **({} if state is None else {"state": state}), "iss": issuer}
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(query)}"


def _leads_back(carried: Mapping[str, Any], client: ClientView) -> bool:
    """Tell whether the client is still answered there: the address may have been taken from it on the way."""
    return carried["device"] is not None or is_registered(carried["redirect_uri"], client.redirect_uris)


def _context(row_id: str) -> tuple[str, str]:
    return "oauth_requests", row_id
