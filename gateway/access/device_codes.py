"""Devices that can't show a sign-in: they show a code instead, which a person enters in a browser (RFC 8628)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.access.granted import Granted
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError, PolledTooSoon
from gateway.access.oauth_grants import OAuthGrants
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from storage.database import Database, Transaction
from storage.records import DeviceCode, McpServer

LIFETIME: Final = timedelta(minutes=15)
INTERVAL_SECONDS: Final = 5
PENDING: Final = "PENDING"
_PREFIX: Final = "WVZ"
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words; no digits, which letters are taken for (RFC 8628 6.1). 20^8 codes."""
_LENGTH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """What a device keeps, and what it shows."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    expires_in: int
    interval: int


class DeviceCodes:
    """Gives devices their codes, and tokens once a person has said yes elsewhere."""

    def __init__(self, database: Database, *, grants: OAuthGrants, clock: Clock) -> None:
        self._database = database
        self._grants = grants
        self._clock = clock

    async def begin(self, client: ClientView, server: McpServer, *, scopes: Sequence[str]) -> NewDevice:
        """Let a device wait."""
        token, user_code, now = mint(TokenKind.DEVICE_CODE), _new_user_code(), self._clock()
        row = DeviceCode(
            id=new_id(),
            organization_id=server.organization_id,
            workspace_id=server.workspace_id,
            server_id=server.id,
            device_hash=token.hash,
            user_code_hash=hash_token(user_code),
            client_id=client.client_id,
            scopes=list(scopes),
            interval_seconds=INTERVAL_SECONDS,
            expires_at=now + LIFETIME,
            created_at=now,
        )
        async with self._database.write() as tx:
            await tx.device_codes.insert(row)
        return NewDevice(
            device_code=token.plain,
            user_code=user_code,
            expires_in=int(LIFETIME.total_seconds()),
            interval=INTERVAL_SECONDS,
        )

    async def waiting(self, user_code: str) -> tuple[DeviceCode, McpServer] | None:
        """Return the device that waits for this code, however it was typed, and the server it asks for."""
        async with self._database.read() as tx:
            row = await tx.device_codes.by_user_code_hash(hash_token(normal_user_code(user_code)))
            server = None if row is None else await tx.mcp_servers.find(row.server_id)
        if row is None or server is None or row.status != PENDING or row.expires_at <= self._clock():
            return None
        return row, server

    async def poll(self, client: ClientView, device_code: str, *, resource: str | None) -> Granted:
        """Return tokens once the person has allowed it. Raises `OAuthError` (RFC 8628 3.5)."""
        async with self._database.write() as tx:
            outcome = await self._polled(tx, client, device_code, resource)
        # Raised after the commit: that a device asked, and that it was told no, is kept.
        if isinstance(outcome, OAuthError):
            raise outcome
        return outcome

    async def _polled(
        self, tx: Transaction, client: ClientView, device_code: str, resource: str | None
    ) -> Granted | OAuthError:
        row = None
        if is_well_formed(device_code, TokenKind.DEVICE_CODE):
            row = await tx.device_codes.by_device_hash(hash_token(device_code))
        if row is None or row.client_id != client.client_id:
            return OAuthError("invalid_grant", "device_code: there is none like this for this client, or none any more")
        if resource not in (None, self._grants.resource_of(row.server_id)):
            return OAuthError("invalid_target", "resource: the device has asked for another MCP server")
        now = self._clock()
        if row.expires_at <= now:
            await tx.device_codes.delete(row)
            return OAuthError("expired_token", "device_code: nobody has entered the code in time; ask for another")
        if row.status == PENDING:
            return await _told_to_wait(tx, row, now=now)
        await tx.device_codes.delete(row)
        grant = None if row.grant_id is None else await tx.oauth_grants.find(row.grant_id)
        if grant is None:
            return OAuthError("access_denied", "the person said no")
        try:
            return await self._grants.first_tokens(tx, grant, client)
        except OAuthError as error:
            return error


async def _told_to_wait(tx: Transaction, row: DeviceCode, *, now: datetime) -> OAuthError:
    """Note that the device has asked; who asks too often has to ask less often from then on (RFC 8628 3.5)."""
    is_too_soon = row.polled_at is not None and now - row.polled_at < timedelta(seconds=row.interval_seconds)
    interval = row.interval_seconds + (INTERVAL_SECONDS if is_too_soon else 0)
    await tx.device_codes.update(row, polled_at=now, interval_seconds=interval)
    if is_too_soon:
        return PolledTooSoon(interval)
    return OAuthError("authorization_pending", "nobody has said yes or no yet; ask again")


def normal_user_code(typed: str) -> str:
    """Return a code as it is shown, however it was typed: `wvz abcd efgh`, `BCDFGHJK`."""
    letters = "".join(each for each in typed.upper()[:50] if each.isascii() and each.isalpha())
    if len(letters) == len(_PREFIX) + _LENGTH:
        letters = letters.removeprefix(_PREFIX)
    return f"{_PREFIX}-{letters[:4]}-{letters[4:]}"


def _new_user_code() -> str:
    return normal_user_code("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))
