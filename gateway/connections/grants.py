"""What a connection can be renewed with: a refresh token and our OAuth app, or what buys a token again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.connections.credentials import CredentialSafe
from gateway.connections.oauth_apps import OAuthApp, OAuthApps
from gateway.connections.registrations import Registrations
from gateway.connections.token_endpoint import TokenRequest, purchase_request, refresh_request
from gateway.kit.cipher import SealBroken
from gateway.tenancy.catalogs import Catalogs
from integrations.auth_methods import AnyAuthMethod, ClientCredentials, OAuth2, TokenExchange
from integrations.integration import Integration
from integrations.ports import Json
from storage.records import Connection
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's standing permission: its refresh token is often good only once."""

    integration: Integration
    method: OAuth2
    app: OAuthApp
    refresh_token: str = field(repr=False)
    values: Mapping[str, Json] = field(repr=False)

    def request(self) -> TokenRequest:
        """Make the request. Raises `GrantDead` where what was entered for the connection leads nowhere."""
        return refresh_request(
            self.method, self.app, refresh_token=self.refresh_token, values=self.values, hosts=self.integration.hosts
        )


@dataclass(frozen=True, slots=True)
class Purchase:
    """What somebody entered, which buys a token as often as it is shown."""

    method: ClientCredentials | TokenExchange
    scopes: tuple[str, ...]
    hosts: tuple[str, ...]
    values: Mapping[str, Json] = field(repr=False)

    def request(self) -> TokenRequest:
        """Make the request. Raises `GrantDead` where what was entered for the connection leads nowhere."""
        return purchase_request(self.method, self.values, scopes=self.scopes, hosts=self.hosts)


Grant: TypeAlias = Approval | Purchase


class Grants:
    """Finds the grants of connections."""

    def __init__(
        self, *, catalogs: Catalogs, apps: OAuthApps, registrations: Registrations, safe: CredentialSafe
    ) -> None:
        self._catalogs = catalogs
        self._apps = apps
        self._registrations = registrations
        self._safe = safe

    async def of(self, connection: Connection) -> Grant | None:
        """Return the grant; None for a connection that is used as it is."""
        integration, method = self._integration(connection), self._method(connection)
        if integration is None or not isinstance(method, OAuth2 | ClientCredentials | TokenExchange):
            return None
        try:
            values = self._safe.open(connection).values
        except SealBroken:
            # Whoever goes on to use the credential finds this out, and says so.
            return None
        if isinstance(method, OAuth2):
            return await self._approval(connection, integration, method, values)
        return Purchase(method, tuple(connection.granted_scopes or ()), integration.hosts, values)

    async def is_registered_anew(self, connection: Connection, grant: Grant) -> bool:
        """Tell whether another app has taken the place of the grant's, which the provider does not know any more."""
        if not isinstance(grant, Approval):
            return False
        return await self._registrations.anew(TenantScope(connection.organization_id), grant.integration, grant.app)

    def title(self, connection: Connection) -> str:
        """Return the provider's name for people."""
        integration = self._integration(connection)
        return integration.title if integration is not None else connection.integration_name

    def ended_hint(self, connection: Connection) -> str | None:
        """Return what the manifest says about why grants end at this provider."""
        method = self._method(connection)
        return method.refresh.ended_hint if isinstance(method, OAuth2) else None

    async def _approval(
        self, connection: Connection, integration: Integration, method: OAuth2, values: Mapping[str, Json]
    ) -> Approval | None:
        refresh_token = values.get("refresh_token")
        if not isinstance(refresh_token, str):
            return None
        scope = TenantScope(connection.organization_id)
        app = await self._apps.find(scope, integration.name, oauth_app_id=connection.oauth_app_id)
        return None if app is None else Approval(integration, method, app, refresh_token, values)

    def _integration(self, connection: Connection) -> Integration | None:
        name, catalog = connection.integration_name, self._catalogs.of(connection.organization_id)
        return catalog.get(name) if name in catalog else None

    def _method(self, connection: Connection) -> AnyAuthMethod | None:
        integration = self._integration(connection)
        methods = integration.auth if integration is not None else ()
        return next((method for method in methods if method.key == connection.auth_method_key), None)
