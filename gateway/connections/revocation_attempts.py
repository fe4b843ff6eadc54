"""One attempt to end grants at a provider: does nobody else need them, is the token good for it, what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from gateway.connections.oauth_apps import OAuthApps
from gateway.connections.revocation_endpoint import (
    NotRevoked,
    RevocationRefused,
    Unanswered,
    revocation_request,
    revoke_at_provider,
    token_of,
)
from gateway.connections.revocations import EndedGrant, RevocationSafe, oauth_method
from gateway.connections.token_answers import GrantDead, TokenRefused, Transient
from gateway.connections.token_endpoint import ask, refresh_request
from gateway.kit.cipher import SealBroken
from gateway.kit.clock import Clock
from gateway.tenancy.catalogs import Catalogs
from integrations.auth_methods import OAuth2, Revoke
from integrations.manifest import Api
from integrations.ports import Http
from storage.database import Database
from storage.records import Revocation

_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one row; an error says why it has to stay."""

    row: Revocation = field(repr=False)
    error: NotRevoked | None = None
    was_alive: bool = False
    """Whether the provider has ended a living grant just now."""
    renewed: EndedGrant | None = field(default=None, repr=False)
    """The grant after it had to be renewed, for the next attempt."""


class RevocationAttempts:
    """Asks providers to end grants. All of it may be done twice."""

    def __init__(
        self, database: Database, *, catalogs: Catalogs, apps: OAuthApps, safe: RevocationSafe, http: Http, clock: Clock
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._apps = apps
        self._safe = safe
        self._http = http
        self._clock = clock

    async def of_account(self, rows: Sequence[Revocation]) -> list[Attempt]:
        """Try rows of one account and app in turn; an account-wide revocation that worked does for the others too."""
        attempts: list[Attempt] = []
        is_done = False
        for row in rows:
            method = oauth_method(self._catalogs, row)
            if is_done:
                attempts.append(Attempt(row))
            elif method is None or method.revoke is None:
                attempts.append(Attempt(row, RevocationRefused("this integration no longer says how to revoke")))
            else:
                attempts.append(await self._guarded(row, method, method.revoke))
                is_done = attempts[-1].was_alive and method.revoke.account_wide and row.account_id is not None
        return attempts

    async def _guarded(self, row: Revocation, method: OAuth2, revoke: Revoke) -> Attempt:
        try:
            return await self._one(row, method, revoke)
        except Exception:  # noqa: BLE001 -- one row that we stumble over must not keep the others waiting
            _log.exception("revocation failed", revocation_id=row.id, integration=row.integration_name)
            return Attempt(row, RevocationRefused("something went wrong on our side; the log says what"))

    async def _one(self, row: Revocation, method: OAuth2, revoke: Revoke) -> Attempt:
        # Asked now, not when it was queued: somebody may have connected the same account meanwhile.
        if revoke.account_wide and await self._is_shared(row):
            return Attempt(row)
        renewed = None
        try:
            grant = self._safe.open(row)
            if grant.issuer != method.issuer:
                return Attempt(row, RevocationRefused("the integration has moved to another authorization server"))
            if self._has_ended(grant, revoke):
                grant = renewed = await self._renewed(grant, row, method)
            return Attempt(row, was_alive=await self._send(row, grant, revoke))
        except SealBroken:
            return Attempt(row, RevocationRefused("the credential can't be opened; is a key of the ring missing?"))
        except GrantDead:
            return Attempt(row)
        except NotRevoked as error:
            return Attempt(row, error, renewed=renewed)

    def _has_ended(self, grant: EndedGrant, revoke: Revoke) -> bool:
        """Tell whether the token to send has ended: it would end nothing, and its grant would live on."""
        is_access_token = token_of(revoke, grant.values) == grant.values.get("access_token")
        return is_access_token and grant.expires_at is not None and grant.expires_at <= self._clock()

    async def _renewed(self, grant: EndedGrant, row: Revocation, method: OAuth2) -> EndedGrant:
        """Return the grant with another access token, where it can be had. Raises `GrantDead`, `NotRevoked`."""
        refresh_token, api = grant.values.get("refresh_token"), self._api(row)
        if grant.app is None or not isinstance(refresh_token, str):
            return grant
        hosts = api.hosts if api is not None else ()
        request = refresh_request(method, grant.app, refresh_token=refresh_token, values=grant.values, hosts=hosts)
        try:
            tokens = await ask(self._http, request, clock=self._clock)
        except GrantDead:
            raise
        except Transient as error:
            raise Unanswered(error.message, wait=error.wait) from error
        except TokenRefused as error:
            raise RevocationRefused(error.message) from error
        lifetime = None if tokens.expires_in is None else timedelta(seconds=tokens.expires_in)
        expires_at = None if lifetime is None else self._clock() + lifetime
        return replace(grant, values={**grant.values, **tokens.values}, expires_at=expires_at)

    async def _send(self, row: Revocation, grant: EndedGrant, revoke: Revoke) -> bool:
        request = revocation_request(revoke, grant.app, values=grant.values, api=self._api(row))
        return await revoke_at_provider(self._http, request, now=self._clock())

    async def _is_shared(self, row: Revocation) -> bool:
        """Tell whether a connection of any tenant may live on what this revocation would end.

        The provider sees one app where the client id is one, whichever integration or tenant shows it.
        """
        apps: set[tuple[str, str | None]] = {(row.integration_name, row.oauth_app_id)}
        async with self._database.read() as tx:
            if row.client_id is not None:
                apps |= {(each.integration_name, each.id) for each in await tx.oauth_apps.of_client(row.client_id)}
                apps |= {
                    (name, None) for name in self._catalogs.shipped.names() if self._client_id(name) == row.client_id
                }
            return await tx.connections.shares_account(row.account_id, apps=apps, organization_id=row.organization_id)

    def _client_id(self, integration_name: str) -> str | None:
        app = self._apps.configured(integration_name)
        return None if app is None else app.client_id

    def _api(self, row: Revocation) -> Api | None:
        return self._catalogs.of(row.organization_id).get(row.integration_name).manifest.api
