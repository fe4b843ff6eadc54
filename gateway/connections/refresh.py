"""Credentials that stay alive: OAuth tokens are renewed ahead of their expiry, and once when a provider refuses them.

One question to the provider per expiry, however many calls wait for it: most providers accept a refresh token only
once. So the new tokens are committed before anybody uses them, and a mark is committed before the provider is asked:
where it is still set, the answer was lost, in a process that died or on its way, and the good token maybe with it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import structlog

from gateway.connections.backoff import Backoff, Pause
from gateway.connections.choice import is_active
from gateway.connections.credentials import CredentialSafe
from gateway.connections.endings import Endings
from gateway.connections.grants import Approval, Grant, Grants
from gateway.connections.missing_scopes import MissingScopes
from gateway.connections.token_answers import ClientUnknown, GrantDead, TokenRefused, Tokens
from gateway.connections.token_endpoint import ask
from gateway.errors import ActionFailed, ConnectionNotFound, Unavailable
from gateway.events import Event, announce
from gateway.kit.clock import Clock
from gateway.kit.single_flight import SingleFlight
from integrations.ports import Http
from storage.database import Database, Transaction
from storage.records import Connection
from storage.scope import TenantScope

_REMOVED: Final = "this connection was removed a moment ago"
_LONGEST_MARGIN: Final = timedelta(seconds=60)
_log = structlog.stdlib.get_logger()


def is_due(connection: Connection, now: datetime) -> bool:
    """Tell whether the credential expires so soon that it should be renewed before it is used."""
    expires_at = connection.expires_at
    return expires_at is not None and now >= expires_at - _margin(connection.obtained_at, expires_at)


def _margin(obtained_at: datetime | None, expires_at: datetime) -> timedelta:
    if obtained_at is None:
        return _LONGEST_MARGIN
    return min(_LONGEST_MARGIN, max(timedelta(), expires_at - obtained_at) / 10)


@dataclass(frozen=True, slots=True)
class _Renewed:
    """What the provider gave, and when it was asked: lifetimes count from there."""

    tokens: Tokens = field(repr=False)
    asked_at: datetime


class Refresh:
    """Renews the credentials of connections."""

    def __init__(
        self,
        *,
        database: Database,
        grants: Grants,
        safe: CredentialSafe,
        scopes: MissingScopes,
        endings: Endings,
        http: Http,
        clock: Clock,
        patience_seconds: float = 2.0,
    ) -> None:
        """`patience_seconds`: how long a call waits for a new token while the old one still holds."""
        self._database = database
        self._grants = grants
        self._safe = safe
        self._scopes = scopes
        self._endings = endings
        self._http = http
        self._clock = clock
        self._backoff = Backoff()
        self._patience_seconds = patience_seconds
        self._flights: SingleFlight[tuple[str, int], Connection | Pause] = SingleFlight()
        self._unsaved: dict[tuple[str, int], _Renewed] = {}

    def finishing(self) -> AbstractAsyncContextManager[None]:
        """Return a block at whose end all renewals under way are waited for; none may begin after it."""
        return self._flights.finishing()

    async def fresh(self, connection: Connection) -> Connection:
        """Return the connection with a credential to use now; in status ERROR if its grant has turned out dead.

        Raises `ActionFailed`, `Unavailable` (expired, and not to be renewed at present), `ConnectionNotFound`.
        """
        now = self._clock()
        if not is_due(connection, now):
            return connection
        is_expired = connection.expires_at is not None and connection.expires_at <= now
        waiting = asyncio.timeout(None if is_expired else self._patience_seconds)
        try:
            async with waiting:
                outcome = await self._renewed(connection)
        except TimeoutError:
            if not waiting.expired():
                raise
            # The old token still holds. The renewal goes on without this call.
            return connection
        if isinstance(outcome, Pause) and is_expired:
            raise self._refusal(connection, outcome)
        return outcome if isinstance(outcome, Connection) else connection

    async def after_rejection(self, connection: Connection) -> Connection | None:
        """Return the connection with a newer credential than this one, which its provider refuses.

        None where nothing can renew it; in status ERROR if its grant is dead. One that is in status ERROR already is
        tried too, and ACTIVE again where that works. Raises as `fresh` does.
        """
        outcome = await self._renewed(connection)
        if isinstance(outcome, Pause):
            raise self._refusal(connection, outcome)
        return outcome

    async def renew(self, connection: Connection) -> None:
        """Renew whether it is due or not, where that can be done at present. Raises `ConnectionNotFound`."""
        await self._renewed(connection)

    async def mark_rejected(self, connection: Connection, said: str) -> None:
        """Note that the provider refuses this credential for good, in its words; one put in meanwhile is not touched."""
        title = self._grants.title(connection)
        reason = f"{title} no longer accepts this account ({said.rstrip('.')}). Connect the account again."
        async with self._database.write() as tx:
            row = await tx.connections.get(TenantScope(connection.organization_id), connection.id)
            if row is not None and row.version == connection.version and is_active(row):
                await self._mark_ended(tx, row, reason)

    async def mark_lacking(self, connection: Connection, scopes: Sequence[str]) -> None:
        """Note which scopes the provider wants besides, to be asked for when the account is connected again."""
        await self._scopes.note(connection, scopes)

    async def _renewed(self, connection: Connection) -> Connection | Pause | None:
        if await self._grants.of(connection) is None:
            return None
        pause = self._backoff.current(connection, self._clock())
        if pause is not None:
            return pause
        # By version, so that whoever still holds an older row joins no renewal of a newer one.
        key = (connection.id, connection.version)
        return await self._flights.run(key, lambda: self._renew(connection))

    async def _renew(self, connection: Connection) -> Connection | Pause:
        key = (connection.id, connection.version)
        begun = await self._begin(connection)
        grant = await self._grants.of(begun)
        if begun.version != connection.version or begun.status != connection.status or grant is None:
            return begun
        try:
            # After a failed commit the tokens are still here: the refresh token in storage is worth nothing any more.
            renewed = self._unsaved.get(key) or await self._ask(grant)
        except GrantDead as error:
            return await self._end(begun, grant, error)
        except TokenRefused as error:
            if isinstance(error, ClientUnknown) and await self._grants.is_registered_anew(begun, grant):
                # All accounts of the app before have ended with it, and this one.
                return await self._now(begun)
            return await self._put_off(begun, grant, error)
        self._unsaved[key] = renewed
        saved = await self._save(begun, renewed)
        del self._unsaved[key]
        self._backoff.end(connection)
        if saved is None:
            raise ConnectionNotFound(_REMOVED)
        return saved

    async def _ask(self, grant: Grant) -> _Renewed:
        asked_at = self._clock()
        return _Renewed(await ask(self._http, grant.request(), clock=self._clock), asked_at)

    async def _now(self, connection: Connection) -> Connection:
        async with self._database.read() as tx:
            return await _row(tx, connection)

    async def _begin(self, connection: Connection) -> Connection:
        """Return the row as it is now, marked; as it was before the mark, which tells of a renewal cut short."""
        async with self._database.write() as tx:
            row = await _row(tx, connection)
            if row.version == connection.version and row.status == connection.status:
                await tx.connections.mark_refresh(row, at=self._clock())
            return row

    async def _save(self, begun: Connection, renewed: _Renewed) -> Connection | None:
        """Commit the new tokens, unless another credential was put in meanwhile; None where the connection is gone."""
        tokens = renewed.tokens
        lifetime = timedelta(seconds=tokens.expires_in) if tokens.expires_in is not None else None
        async with self._database.write() as tx:
            row = await tx.connections.get(TenantScope(begun.organization_id), begun.id)
            if row is None or _is_of_another_account(row, begun):
                # Its revocation has the token that was just spent: the provider is told by the new one too.
                await self._endings.of_account(tx, self._with_tokens(begun, tokens))
            if row is None or row.version != begun.version:
                return row
            # A refresh answer without refresh token means: go on with the old one (RFC 6749 6).
            values, was_active = {**self._safe.open(row).values, **tokens.values}, is_active(row)
            await tx.connections.update(
                row,
                sealed=self._safe.seal(values, connection_id=row.id, organization_id=row.organization_id),
                version=row.version + 1,
                status="ACTIVE",
                obtained_at=renewed.asked_at,
                expires_at=renewed.asked_at + lifetime if lifetime is not None else None,
                refreshed_at=self._clock(),
                refresh_started_at=None,
                granted_scopes=row.granted_scopes if tokens.scopes is None else list(tokens.scopes),
                last_error=None,
            )
            if not was_active:
                await announce(tx, Event.CONNECTION_RECOVERED, row, now=self._clock())
            await self._scopes.settle(tx, [row])
            return row

    def _with_tokens(self, connection: Connection, tokens: Tokens) -> Connection:
        values = {**self._safe.open(connection).values, **tokens.values}
        sealed = self._safe.seal(values, connection_id=connection.id, organization_id=connection.organization_id)
        columns: dict[str, Any] = {**connection.model_dump(), "sealed": sealed, "expires_at": None}
        return Connection(**columns)

    async def _put_off(self, begun: Connection, grant: Grant, error: TokenRefused) -> Connection | Pause:
        """Leave the provider alone for a while; for good where it has refused for so long that it means it."""
        if not error.may_have_worked:
            # Nothing was given, so nothing was lost: back to what was known before.
            async with self._database.write() as tx:
                await tx.connections.mark_refresh(begun, at=begun.refresh_started_at)
        pause = self._pause(begun, error)
        return await self._end(begun, grant, error) if pause.is_final(self._clock()) else pause

    async def _end(self, begun: Connection, grant: Grant, error: TokenRefused) -> Connection:
        """Note that only a person can go on, unless another credential was put in meanwhile."""
        reason = self._ending(begun, grant, error)
        async with self._database.write() as tx:
            row = await _row(tx, begun)
            if row.version != begun.version:
                return row
            _log.info("grant ended", connection_id=row.id, integration=row.integration_name, reason=error.message)
            return await self._mark_ended(tx, row, reason)

    async def _mark_ended(self, tx: Transaction, row: Connection, reason: str) -> Connection:
        was_active = is_active(row)
        await tx.connections.update(row, status="ERROR", last_error=reason, refresh_started_at=None)
        if was_active:
            await announce(tx, Event.CONNECTION_ERROR, row, now=self._clock())
        return row

    def _ending(self, begun: Connection, grant: Grant, error: TokenRefused) -> str:
        title, hint = self._grants.title(begun), self._grants.ended_hint(begun)
        sentences = [f"{title} no longer renews the access to this account ({error.message})."]
        if begun.refresh_started_at is not None and isinstance(grant, Approval):
            sentences.append(
                "The answer to an earlier renewal was lost; it may have held the only token that was good."
            )
        if hint is not None:
            sentences.append(hint)
        return " ".join([*sentences, "Connect the account again."])

    def _pause(self, begun: Connection, error: TokenRefused) -> Pause:
        pause = self._backoff.begin(begun, error, self._clock())
        told = _log.error if pause.blames_app else _log.warning
        told(
            "OAuth app refused" if pause.blames_app else "credential not renewed",
            connection_id=begun.id,
            integration=begun.integration_name,
            reason=pause.reason,
            attempts=pause.attempts,
        )
        return pause

    def _refusal(self, connection: Connection, pause: Pause) -> ActionFailed | Unavailable:
        title = self._grants.title(connection)
        if pause.blames_app:
            own = connection.oauth_app_id
            app = "Toolgate's OAuth app" if own is None else "the OAuth app that it was connected with"
            where = f"integrations.{connection.integration_name}" if own is None else f"the OAuth app {own}"
            return Unavailable(
                f"{title} does not accept {app} ({pause.reason}), so that the access to this account can't be renewed; "
                f"tell whoever runs Toolgate to check {where}"
            )
        wait = max(1, ceil((pause.until - self._clock()).total_seconds()))
        return ActionFailed(
            f"The access to this {title} account has expired and could not be renewed ({pause.reason}); "
            f"wait {wait} seconds before calling again",
            reason="provider_unavailable",
            retryAfter=wait,
        )


def _is_of_another_account(row: Connection, begun: Connection) -> bool:
    return None not in (row.account_id, begun.account_id) and row.account_id != begun.account_id


async def _row(tx: Transaction, connection: Connection) -> Connection:
    found = await tx.connections.get(TenantScope(connection.organization_id), connection.id)
    if found is None:
        raise ConnectionNotFound(_REMOVED)
    return found
