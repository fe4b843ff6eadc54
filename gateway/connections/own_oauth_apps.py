"""OAuth apps that tenants register at providers themselves: made, listed, changed and removed by a product backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.connections.oauth_apps import AppSafe
from gateway.errors import Conflict, IntegrationNotFound, NotFound, OAuthAppNotFound, ScopeDenied, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.tenancy.catalogs import Catalogs
from integrations.auth_methods import OAuth2
from storage.database import Database, Transaction
from storage.oauth_apps import Uses
from storage.records import OAuthApp
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOAuthApp:
    """An app as its provider shows it; without a workspace it is the whole organization's."""

    integration_name: str
    name: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    workspace_id: str | None = None


@dataclass(frozen=True, slots=True)
class UsedApp:
    """An app, and what refers to it."""

    record: OAuthApp
    uses: Uses


@dataclass(frozen=True, slots=True)
class AppsPage:
    """One page of apps, and how many there are in all."""

    apps: Sequence[UsedApp]
    total: int


class OwnOAuthApps:
    """The OAuth apps of a tenant. A caller of some workspaces manages theirs, and may use the organization's."""

    def __init__(self, database: Database, *, catalogs: Catalogs, safe: AppSafe, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._safe = safe
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewOAuthApp) -> UsedApp:
        """Keep an app. Raises `IntegrationNotFound`, `ValidationFailed`, `ScopeDenied`, `NotFound` (the workspace)."""
        self._check_integration(scope, new.integration_name)
        if new.workspace_id is None and scope.workspace_ids is not None:
            raise ScopeDenied("an OAuth app of the whole organization needs an organization-wide API key")
        row_id, now = new_id(), self._clock()
        row = OAuthApp(
            id=row_id,
            organization_id=scope.organization_id,
            workspace_id=new.workspace_id,
            integration_name=new.integration_name,
            name=new.name,
            client_id=new.client_id,
            sealed=self._sealed(new.client_secret, app_id=row_id, scope=scope),
            created_at=now,
            updated_at=now,
        )
        async with self._database.write() as tx:
            if new.workspace_id is not None and await tx.workspaces.get(scope, new.workspace_id) is None:
                raise NotFound("there is no such workspace")
            return await _with_uses(tx, await tx.oauth_apps.insert(row))

    async def get(self, scope: TenantScope, app_id: str) -> UsedApp:
        """Return an app. Raises `OAuthAppNotFound`."""
        async with self._database.read() as tx:
            return await _with_uses(tx, await _existing(tx, scope, app_id))

    async def page(self, scope: TenantScope, *, limit: int, offset: int, **filters: str | None) -> AppsPage:
        """Return a page; filters are `workspace_id`, `integration_name`."""
        async with self._database.read() as tx:
            page = await tx.oauth_apps.page(scope, limit=limit, offset=offset, **filters)
            return AppsPage(await _all_with_uses(tx, page.rows), page.total)

    async def usable(self, scope: TenantScope, integration_name: str, *, workspace_id: str) -> Sequence[OAuthApp]:
        """Return what may be chosen for an integration of a workspace: its own apps, then the organization's."""
        self._check_integration(scope, integration_name)
        async with self._database.read() as tx:
            return await tx.oauth_apps.usable(scope, integration_name, workspace_id=workspace_id)

    async def update(self, scope: TenantScope, app_id: str, changes: Mapping[str, Any]) -> UsedApp:
        """Set `name`, and `client_secret` (None: a public app). Raises `OAuthAppNotFound`.

        The client id stays: tokens are the provider's promise to one client, and another is another app.
        """
        async with self._database.write() as tx:
            row = await _existing(tx, scope, app_id)
            values = {name: value for name, value in changes.items() if name == "name"}
            if "client_secret" in changes:
                values["sealed"] = self._sealed(changes["client_secret"], app_id=row.id, scope=scope)
            return await _with_uses(tx, await tx.oauth_apps.update(row, **values, updated_at=self._clock()))

    async def delete(self, scope: TenantScope, app_id: str) -> None:
        """Remove an app that nothing refers to. Raises `OAuthAppNotFound`, `Conflict` with the counts."""
        async with self._database.write() as tx:
            row = await _existing(tx, scope, app_id)
            uses = (await _with_uses(tx, row)).uses
            if uses.connections or uses.workspace_integrations:
                raise Conflict(
                    f"the OAuth app is in use (connections: {uses.connections}, workspace integrations: "
                    f"{uses.workspace_integrations}): first remove the connections, which could not be renewed without "
                    "it, and give the integrations another app",
                    connections=uses.connections,
                    workspaceIntegrations=uses.workspace_integrations,
                )
            await tx.oauth_apps.delete(row)

    def _check_integration(self, scope: TenantScope, name: str) -> None:
        catalog = self._catalogs.of(scope.organization_id)
        if name not in catalog:
            raise IntegrationNotFound(f"there is no integration {name[:100]!r} in the catalogue")
        if not any(isinstance(method, OAuth2) for method in catalog.get(name).auth):
            raise ValidationFailed(f"integrationName: {name} does not connect by OAuth, so it needs no app")

    def _sealed(self, client_secret: str | None, *, app_id: str, scope: TenantScope) -> bytes | None:
        if client_secret is None:
            return None
        return self._safe.seal(client_secret, app_id=app_id, organization_id=scope.organization_id)


async def _existing(tx: Transaction, scope: TenantScope, app_id: str) -> OAuthApp:
    found = await tx.oauth_apps.get(scope, app_id)
    if found is None:
        raise OAuthAppNotFound("there is no such OAuth app")
    return found


async def _with_uses(tx: Transaction, row: OAuthApp) -> UsedApp:
    return (await _all_with_uses(tx, [row]))[0]


async def _all_with_uses(tx: Transaction, rows: Sequence[OAuthApp]) -> list[UsedApp]:
    uses = await tx.oauth_apps.uses(rows)
    return [UsedApp(row, uses[row.id]) for row in rows]
