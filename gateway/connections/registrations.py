"""Clients registered at the authorization servers of remote MCP servers: kept, and registered anew when forgotten.

A registration is an OAuth app of the organization, which the integration's manifest names beside the server's issuer.
With another registration, or another server, what people have approved counts no longer: they connect again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.connections.client_registration import (
    TOKEN_AUTH,
    Registered,
    RegistrationRefused,
    client_metadata,
    register,
)
from gateway.connections.credentials import CredentialSafe
from gateway.connections.oauth_apps import AppSafe, OAuthApp
from gateway.events import Event, announce
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id, new_id
from gateway.kit.log import get_logger
from gateway.kit.single_flight import SingleFlight
from gateway.tenancy.own_integrations import OwnIntegrations
from integrations.auth_methods import Client, OAuth2
from integrations.integration import Integration
from integrations.ports import Http
from storage import records
from storage.database import Database, Transaction
from storage.scope import TenantScope

_YOUNG: Final = timedelta(hours=1)
"""A server that does not know a registration of this age would not know another either."""
_PAGE: Final = 200
_log = get_logger(__name__)


class Registrations:
    """The registrations of tenants' own integrations."""

    def __init__(
        self,
        database: Database,
        *,
        own: OwnIntegrations,
        apps: AppSafe,
        credentials: CredentialSafe,
        http: Http,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._own = own
        self._apps = apps
        self._credentials = credentials
        self._http = http
        self._public_url = public_url
        self._clock = clock
        self._flights: SingleFlight[tuple[str, str], bool] = SingleFlight()

    async def register(self, integration_name: str, client: Client) -> Registered:
        """Register at a server. Raises `RegistrationRefused`."""
        if client.registration_url is None or client.token_auth is None:
            raise RegistrationRefused("the server has no registration endpoint")
        metadata = client_metadata(self._public_url, integration_name, token_auth=client.token_auth)
        return await register(self._http, client.registration_url, metadata, scopes=client.scopes)

    async def ensure(self, scope: TenantScope, integration_name: str, method: OAuth2) -> None:
        """Register anew where the secret has ended; where that fails, the server says so itself."""
        client = method.client
        if client is None or client.expires_at is None or client.expires_at > self._clock().timestamp():
            return
        await self._in_turn(scope, integration_name, client)

    async def anew(self, scope: TenantScope, integration: Integration, app: OAuthApp) -> bool:
        """Register anew where this app is no longer known, and have all its accounts connected again.

        False where nothing came of it: it was not registered by itself, or not an hour ago, or the server refuses.
        """
        method = oauth_of(integration)
        client = method.client if method is not None else None
        if client is None or client.registration_url is None or app.id is None:
            return False
        if client.app != app.id:
            return True
        return await self._in_turn(scope, integration.name, client)

    async def _in_turn(self, scope: TenantScope, name: str, client: Client) -> bool:
        organization = TenantScope(scope.organization_id)
        return await self._flights.run(
            (scope.organization_id, name), lambda: self._register_anew(organization, name, client)
        )

    async def _register_anew(self, scope: TenantScope, name: str, client: Client) -> bool:
        async with self._database.read() as tx:
            row = await tx.oauth_apps.get(scope, as_id(client.app or "") or "")
        if row is not None and self._clock() - row.created_at < _YOUNG:
            return False
        try:
            registered = await self.register(name, client)
        except RegistrationRefused as error:
            _log.error("not registered anew", integration=name, reason=error.message)
            return False
        app_id = new_id()

        async def within(tx: Transaction) -> None:
            await self.insert(tx, scope, name, registered, app_id=app_id)
            await self.end_accounts(tx, scope, name, because=_FORGOTTEN)
            await forget_app(tx, row)

        try:
            await self._own.keep(
                scope, name, lambda kept: _with_client(kept, client, registered, app_id), within=within
            )
        except _Replaced:
            return True
        _log.info("registered anew", integration=name, organization_id=scope.organization_id)
        return True

    async def insert(
        self, tx: Transaction, scope: TenantScope, integration_name: str, registered: Registered, *, app_id: str
    ) -> None:
        """Keep a registration as the organization's OAuth app."""
        now, secret, organization_id = self._clock(), registered.client_secret, scope.organization_id
        sealed = None if secret is None else self._apps.seal(secret, app_id=app_id, organization_id=organization_id)
        await tx.oauth_apps.insert(
            records.OAuthApp(
                id=app_id,
                organization_id=organization_id,
                workspace_id=None,
                integration_name=integration_name,
                name=f"registered on {now:%Y-%m-%d}",
                client_id=registered.client_id,
                sealed=sealed,
                created_at=now,
                updated_at=now,
            )
        )

    async def end_accounts(self, tx: Transaction, scope: TenantScope, integration_name: str, *, because: str) -> None:
        """Have every account of an integration connected again: what they hold is of no use, or for somebody else."""
        offset, now = 0, self._clock()
        while True:
            page = await tx.connections.page(scope, integration_name=integration_name, limit=_PAGE, offset=offset)
            for row in page.rows:
                await self._end(tx, row, because, now)
            offset += _PAGE
            if offset >= page.total:
                return

    async def _end(self, tx: Transaction, row: records.Connection, because: str, now: datetime) -> None:
        was_active = row.status == "ACTIVE"
        # Nothing is left that could be sent to another server by mistake; an older renewal finds another version.
        nothing = self._credentials.seal({}, connection_id=row.id, organization_id=row.organization_id)
        await tx.connections.update(
            row,
            status="ERROR",
            last_error=because,
            sealed=nothing,
            version=row.version + 1,
            oauth_app_id=None,
            expires_at=None,
            refresh_started_at=None,
        )
        if was_active:
            await announce(tx, Event.CONNECTION_ERROR, row, now=now)


def oauth_of(integration: Integration) -> OAuth2 | None:
    """Return the OAuth method of an integration, if it has one."""
    return next((method for method in integration.auth if isinstance(method, OAuth2)), None)


async def forget_app(tx: Transaction, row: records.OAuthApp | None) -> None:
    """Remove an app that nothing refers to any more."""
    if row is None:
        return
    uses = (await tx.oauth_apps.uses([row]))[row.id]
    if not uses.connections and not uses.workspace_integrations:
        await tx.oauth_apps.delete(row)


class _Replaced(Exception):
    """Another registration, maybe at another server, has taken the place of the one that was to be made anew."""


def _with_client(kept: Mapping[str, Any] | None, client: Client, registered: Registered, app_id: str) -> dict[str, Any]:
    """Put a registration into a manifest, in place of the one before. Raises `_Replaced` where that is gone."""
    methods: list[dict[str, Any]] = [] if kept is None else kept.get("auth", [])
    named: list[Mapping[str, Any]] = [each.get("client") or {} for each in methods]
    if kept is None or client.app not in {each.get("app") for each in named}:
        raise _Replaced
    anew = client.model_copy(update={"app": app_id, "expires_at": registered.expires_at})
    auth = [
        {
            **method,
            "client": anew.model_dump(mode="json", exclude_none=True),
            "token": {**method["token"], "auth": TOKEN_AUTH[registered.token_auth]},
        }
        if method["type"] == "oauth2"
        else method
        for method in methods
    ]
    return {**kept, "auth": auth}


_FORGOTTEN: Final = (
    "The server no longer knew this installation, which has registered there again. Connect the account again."
)
