"""Does this connection work, now? Asked at its provider by the manifest's harmless request."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.connections.account_proof import AccountProof
from gateway.connections.choice import is_active
from gateway.connections.credentials import CredentialSafe
from gateway.connections.refresh import Refresh
from gateway.errors import ActionFailed, ConnectionNotFound, RateLimited, Unavailable
from gateway.events import Event, announce
from gateway.kit.cipher import SealBroken
from gateway.kit.clock import Clock
from gateway.kit.rates import Windows
from gateway.tenancy.catalogs import Catalogs
from integrations import failures
from integrations.accounts import ProviderAccount
from integrations.auth_methods import AnyAuthMethod
from integrations.integration import Integration
from storage.database import Database
from storage.records import Connection
from storage.scope import TenantScope

_PER_MINUTE: Final = 10
_REJECTED: Final = "the provider no longer accepts the credential of this account"


class Outcome(StrEnum):
    """What a test has shown."""

    WORKS = "works"
    REJECTED = "rejected"
    """The provider refuses the credential: somebody has to connect the account again."""
    UNKNOWN = "unknown"
    """There was no telling: the provider did not answer, or not to the point."""
    UNTESTABLE = "untestable"
    """The integration has no harmless request to try."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A connection after its test; `error` is a sentence on why it does not work, or why nobody knows."""

    connection: Connection
    outcome: Outcome
    error: str | None = None


class _Refused(Exception):
    """The provider does not accept the credential that this row holds."""

    def __init__(self, connection: Connection, message: str) -> None:
        super().__init__(message)
        self.connection = connection
        self.message = message


class ConnectionTests:
    """Tests connections, and takes what turns out into their status."""

    def __init__(
        self,
        database: Database,
        *,
        catalogs: Catalogs,
        refresh: Refresh,
        proof: AccountProof,
        safe: CredentialSafe,
        clock: Clock,
        timeout_seconds: float,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._refresh = refresh
        self._proof = proof
        self._safe = safe
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._lately = Windows(limit=_PER_MINUTE, clock=clock)

    async def test(self, scope: TenantScope, connection_id: str) -> Tested:
        """Test a connection; its token is renewed first where that is due.

        Raises `ConnectionNotFound`, `RateLimited`.
        """
        row = await self._existing(scope, connection_id)
        window = self._lately.hit(row.id)
        if window.is_exceeded:
            raise RateLimited("this connection was tested often enough for now", retry_after=window.retry_after)
        integration, method = self._method(row)
        if integration is None or method is None:
            return Tested(row, Outcome.UNTESTABLE, f"{row.integration_name} is no longer connected this way")
        if method.verify is None and (method.account is None or method.account.request is None):
            return Tested(row, Outcome.UNTESTABLE, f"{integration.title} has no request by which this could be tested")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._try(row, integration, method)
        except _Refused as refusal:
            await self._refresh.mark_rejected(refusal.connection, refusal.message)
            marked = await self._existing(scope, row.id)
            return Tested(marked, Outcome.REJECTED, marked.last_error or refusal.message)
        except (ActionFailed, Unavailable, failures.ActionFailed) as error:
            # The first two are the renewal's: the provider can't be asked, or does not take our app.
            return Tested(await self._existing(scope, row.id), Outcome.UNKNOWN, error.message)
        except TimeoutError:
            late = f"{integration.title} took longer than {self._timeout_seconds:g} seconds"
            return Tested(await self._existing(scope, row.id), Outcome.UNKNOWN, late)

    async def _try(self, row: Connection, integration: Integration, method: AnyAuthMethod) -> Tested:
        # Of one that is marked as broken the grant has to prove itself: that its last token still opens the account
        # for a while would say nothing.
        current = await self._refresh.fresh(row) if is_active(row) else await self._renewed(row) or row
        if is_active(row) and not is_active(current):
            raise _Refused(current, current.last_error or _REJECTED)
        try:
            account = await self._account(current, integration, method)
        except _Refused:
            renewed = await self._renewed(current) if current.version == row.version else None
            if renewed is None:
                raise
            current = renewed
            account = await self._account(current, integration, method)
        return Tested(await self._note_working(current, account), Outcome.WORKS)

    async def _renewed(self, row: Connection) -> Connection | None:
        """Return the connection with a newer credential, None where nothing renews it. Raises `_Refused`."""
        renewed = await self._refresh.after_rejection(row)
        if renewed is not None and not is_active(renewed):
            raise _Refused(renewed, renewed.last_error or _REJECTED)
        return renewed

    async def _account(
        self, row: Connection, integration: Integration, method: AnyAuthMethod
    ) -> ProviderAccount | None:
        try:
            return await self._proof.of(integration, method, self._safe.open(row).values)
        except failures.CredentialsRejected as error:
            raise _Refused(row, error.message) from error
        except SealBroken as error:
            raise Unavailable(
                "the credential of this connection can't be opened; tell whoever runs Toolgate"
            ) from error

    async def _note_working(self, tested: Connection, account: ProviderAccount | None) -> Connection:
        """Keep whose account it is, and bring back a connection that was marked as broken."""
        async with self._database.write() as tx:
            row = await tx.connections.get(TenantScope(tested.organization_id), tested.id)
            if row is None:
                raise ConnectionNotFound("this connection was removed a moment ago")
            if row.version != tested.version:
                return row
            before, known = is_active(row), (row.account_id, row.account_label)
            found = known if account is None else (account.id, account.label)
            if before and found == known and row.last_error is None:
                return row
            await tx.connections.update(
                row, status="ACTIVE", last_error=None, account_id=found[0], account_label=found[1]
            )
            if not before:
                await announce(tx, Event.CONNECTION_RECOVERED, row, now=self._clock())
            return row

    def _method(self, row: Connection) -> tuple[Integration | None, AnyAuthMethod | None]:
        catalog = self._catalogs.of(row.organization_id)
        if row.integration_name not in catalog:
            return None, None
        integration = catalog.get(row.integration_name)
        return integration, next((each for each in integration.auth if each.key == row.auth_method_key), None)

    async def _existing(self, scope: TenantScope, connection_id: str) -> Connection:
        async with self._database.read() as tx:
            found = await tx.connections.get(scope, connection_id)
        if found is None:
            raise ConnectionNotFound("there is no such connection")
        return found
