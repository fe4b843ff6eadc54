"""The OAuth app that we show a provider: the deployment's own, or one that a tenant has registered for itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import InvalidOAuthApp, MissingOAuth2Config, ValidationFailed
from gateway.kit.cipher import Cipher, SealBroken
from gateway.kit.ids import as_id
from gateway.kit.log import get_logger
from gateway.settings import IntegrationSettings
from gateway.tenancy.catalogs import OWN_PREFIX, Catalogs
from integrations.auth_methods import Client, OAuth2
from storage import records
from storage.database import Database, Transaction
from storage.scope import TenantScope

CUSTOM = "custom"
"""The `oauthAppMode` of a tenant's own app; any other, or none, stands for the deployment's."""
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """What a provider knows us by; a public app has no secret."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    id: str | None = None
    """Of the tenant's own: which one it is."""


class AppSafe:
    """Seals and opens the client secrets of tenants' apps, each bound to its row."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, client_secret: str, *, app_id: str, organization_id: str) -> bytes:
        """Seal a secret for this row."""
        return self._cipher.seal(client_secret.encode(), "oauth_apps", app_id, organization_id)

    def open(self, row: records.OAuthApp) -> OAuthApp:
        """Open an app. Raises `SealBroken` if the row was tampered with or its key is gone."""
        if row.sealed is None:
            return OAuthApp(row.client_id, id=row.id)
        return OAuthApp(row.client_id, self._plain(row.sealed, row).decode(), row.id)

    def reseal(self, row: records.OAuthApp) -> bytes | None:
        """Seal the same secret under the newest key; None where it is already, or where there is none."""
        if row.sealed is None or self._cipher.is_current(row.sealed):
            return None
        plain = self._plain(row.sealed, row)
        return self._cipher.seal(plain, "oauth_apps", row.id, row.organization_id)

    def _plain(self, sealed: bytes, row: records.OAuthApp) -> bytes:
        return self._cipher.open(sealed, "oauth_apps", row.id, row.organization_id)


class OAuthApps:
    """Finds apps. Not for the path of a tool call: a tenant's own is read and opened each time."""

    def __init__(
        self,
        integrations: Mapping[str, IntegrationSettings],
        *,
        database: Database,
        catalogs: Catalogs,
        safe: AppSafe,
    ) -> None:
        self._integrations = integrations
        self._database = database
        self._catalogs = catalogs
        self._safe = safe

    async def find(
        self, scope: TenantScope, integration_name: str, *, oauth_app_id: str | None = None
    ) -> OAuthApp | None:
        """Return the tenant's app of this id, or without one the deployment's; None where there is no such app.

        An integration of the tenant's own has no app of the deployment's: the one that its manifest names is used, or
        else the only one that the organization has for it.
        """
        if oauth_app_id is None and not integration_name.startswith(OWN_PREFIX):
            return self.configured(integration_name)
        client = self._client(scope, integration_name) if oauth_app_id is None else None
        if client is not None and client.id is not None:
            return OAuthApp(client.id)
        wanted = oauth_app_id if client is None else client.app
        async with self._database.read() as tx:
            row = (
                await _of_organization(tx, scope, integration_name)
                if wanted is None
                else await tx.oauth_apps.get(scope, as_id(wanted) or "")
            )
        if row is None or row.integration_name != integration_name:
            return None
        return self._opened(row)

    def _client(self, scope: TenantScope, integration_name: str) -> Client | None:
        catalog = self._catalogs.of(scope.organization_id)
        methods = catalog.get(integration_name).auth if integration_name in catalog else ()
        return next((method.client for method in methods if isinstance(method, OAuth2)), None)

    def _opened(self, row: records.OAuthApp) -> OAuthApp | None:
        try:
            return self._safe.open(row)
        except SealBroken:
            _log.error("client secret of an OAuth app can't be opened", oauth_app_id=row.id)
            return None

    def configured(self, integration_name: str) -> OAuthApp | None:
        """Return the app that the deployment's settings name, None where they name none."""
        settings = self._integrations.get(integration_name)
        if settings is None or settings.client_id is None:
            return None
        secret = settings.client_secret
        return OAuthApp(settings.client_id, secret.get_secret_value() if secret is not None else None)


async def _of_organization(tx: Transaction, scope: TenantScope, integration_name: str) -> records.OAuthApp | None:
    """Return the organization's only app for one of its own integrations; nothing is guessed where it has several."""
    found = await tx.oauth_apps.usable(scope, integration_name, workspace_id=None)
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class WantedApp:
    """Which app a request chooses for an integration; `workspace_id` is absent for an account of the organization."""

    integration_name: str
    workspace_id: str | None
    mode: str | None = None
    app_id: str | None = None


async def choose_app(tx: Transaction, scope: TenantScope, wanted: WantedApp) -> str | None:
    """Return the id of the tenant's own app that is meant, None for the deployment's.

    `custom` without an id means the workspace's only app, else the organization's only one. Another tenant's app, and
    one for another integration, answer like none at all.

    Raises:
        InvalidOAuthApp: there is no such app that could be used here.
        MissingOAuth2Config: `custom`, and there is no app.
        ValidationFailed: `custom`, and there are several; or an id beside the deployment's app.
    """
    if wanted.app_id is not None:
        return await _named(tx, scope, wanted, wanted.app_id)
    return await _only(tx, scope, wanted) if wanted.mode == CUSTOM else None


async def _named(tx: Transaction, scope: TenantScope, wanted: WantedApp, app_id: str) -> str:
    if wanted.mode not in (None, CUSTOM):
        raise ValidationFailed(f"oauthAppId: goes with oauthAppMode `custom`, not with `{wanted.mode}`")
    row = await tx.oauth_apps.get_usable(scope, as_id(app_id) or "", workspace_id=wanted.workspace_id)
    if row is None or row.integration_name != wanted.integration_name:
        whose = "this workspace" if wanted.workspace_id is not None else "the whole organization"
        raise InvalidOAuthApp(
            f"oauthAppId: there is no {wanted.integration_name} app of this id that {whose} may use; "
            "GET /api/v1/oauth-apps lists them"
        )
    return row.id


async def _only(tx: Transaction, scope: TenantScope, wanted: WantedApp) -> str:
    found = await tx.oauth_apps.usable(scope, wanted.integration_name, workspace_id=wanted.workspace_id)
    own = [row for row in found if row.workspace_id is not None] or found
    if not own:
        raise MissingOAuth2Config(
            f"oauthAppMode: `custom` needs an OAuth app of your own for {wanted.integration_name}, and there is none "
            "here; make one with POST /api/v1/oauth-apps"
        )
    if len(own) > 1:
        names = ", ".join(f"{row.id} ({row.name[:50]})" for row in own[:10])
        raise ValidationFailed(f"oauthAppId: has to be given, for there are several apps to choose from: {names}")
    return own[0].id
