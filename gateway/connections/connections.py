"""Connections: made, listed, changed and removed by a product backend (contract 1.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.connections.credential_forms import accept_values, find_method
from gateway.connections.credentials import CredentialSafe
from gateway.connections.endings import Endings
from gateway.connections.entered_credentials import EnteredCredential, EnteredCredentials, has_to_ask
from gateway.connections.missing_scopes import MissingScopes
from gateway.connections.oauth_apps import WantedApp, choose_app
from gateway.errors import (
    ConnectionNotFound,
    Duplicate,
    IntegrationNotFound,
    NotFound,
    ScopeDenied,
    ValidationFailed,
)
from gateway.events import Event, announce, change_of
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.end_users import find_or_add
from integrations.auth_methods import AnyAuthMethod
from storage.database import Database, Transaction
from storage.failures import AlreadyExists
from storage.records import Connection, EndUser, WorkspaceIntegration
from storage.repository import Page
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """What a backend asks for; `values` are the credential's fields by their wire names."""

    type: str
    integration_name: str
    external_id: str
    display_name: str
    auth_method_key: str | None = None
    workspace_id: str | None = None
    workspace_integration_id: str | None = None
    end_user_external_id: str | None = None
    scope: str | None = None
    oauth_app_id: str | None = None
    granted_scopes: list[str] | None = None
    expires_in: int | None = None
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a connection is to be."""

    scope: str
    id: str
    workspace_id: str | None = None
    end_user_id: str | None = None


class Connections:
    """The connections of a tenant."""

    def __init__(
        self,
        *,
        database: Database,
        catalogs: Catalogs,
        safe: CredentialSafe,
        entered: EnteredCredentials,
        scopes: MissingScopes,
        endings: Endings,
        clock: Clock,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._safe = safe
        self._entered = entered
        self._scopes = scopes
        self._endings = endings
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewConnection) -> tuple[Connection, EndUser | None]:
        """Make a connection; an end user whom we don't know yet is made along with it (contract 4.13).

        What buys access tokens, or lacks what only the provider tells, is tried before it is kept; other credentials are
        taken as they are.
        Raises `IntegrationNotFound`, `ValidationFailed`, `ScopeDenied`, `NotFound`, `InvalidOAuthApp`, `Duplicate`,
        `ActionFailed` (the provider could not be asked).
        """
        method = self._method(scope, new.integration_name, new.type, new.auth_method_key)
        given = EnteredCredential(
            accept_values(method, new.values), self._clock(), self._expiry(new.expires_in), new.granted_scopes
        )
        if has_to_ask(method, given.values):
            enabled = await self._enabled(scope, new.workspace_id, new.integration_name, new.workspace_integration_id)
            given = await self._entered.accepted(
                self._catalogs.of(scope.organization_id).get(new.integration_name), method, given, enabled=enabled
            )
        try:
            async with self._database.write() as tx:
                owner, end_user = await self._owner(tx, scope, new)
                instance = await self._instance(tx, scope, new=new, owner=owner)
                app = WantedApp(new.integration_name, owner.workspace_id, app_id=new.oauth_app_id)
                row = self._row(scope, new, owner=owner, instance=instance, method=method, given=given)
                row.oauth_app_id = await choose_app(tx, scope, app)
                await tx.connections.insert(row)
                await self._scopes.settle(tx, [row], change=Event.CONNECTION_CREATED)
                return row, end_user
        except AlreadyExists as error:
            raise Duplicate(
                f"there is already a {new.integration_name} connection with the external id {new.external_id[:200]!r}"
            ) from error

    async def get(self, scope: TenantScope, connection_id: str) -> Connection:
        """Return a connection. Raises `ConnectionNotFound`."""
        async with self._database.read() as tx:
            return await _existing(tx, scope, connection_id)

    async def page(self, scope: TenantScope, *, limit: int, offset: int, **filters: str | None) -> Page[Connection]:
        """Return a page; filters are `workspace_id`, `end_user_id`, `integration_name`."""
        async with self._database.read() as tx:
            return await tx.connections.page(scope, limit=limit, offset=offset, **filters)

    async def owners(self, rows: Sequence[Connection]) -> Mapping[str, str | None]:
        """Return the external id of every end user who owns one of these connections, by our own id."""
        ids = {row.end_user_id for row in rows if row.end_user_id is not None}
        async with self._database.read() as tx:
            return await tx.end_users.external_ids(ids)

    async def rename(self, scope: TenantScope, connection_id: str, *, display_name: str) -> Connection:
        """Change how a connection is shown. Raises `ConnectionNotFound`."""
        async with self._database.write() as tx:
            row = await _existing(tx, scope, connection_id)
            await tx.connections.update(row, display_name=display_name, updated_at=self._clock())
            await announce(tx, Event.CONNECTION_UPDATED, row, now=self._clock())
            return row

    async def replace_credentials(
        self,
        scope: TenantScope,
        connection_id: str,
        values: Mapping[str, Any],
        *,
        expires_in: int | None = None,
        granted_scopes: list[str] | None = None,
    ) -> Connection:
        """Put a new credential into a connection, which then counts as working again; what points at it stays.

        Raises `ConnectionNotFound`, `ValidationFailed`, `ActionFailed` (the provider could not be asked).
        """
        held = await self.get(scope, connection_id)
        method = self._method(scope, held.integration_name, held.type, held.auth_method_key)
        given = EnteredCredential(
            accept_values(method, values),
            self._clock(),
            self._expiry(expires_in),
            held.granted_scopes if granted_scopes is None else granted_scopes,
        )
        if has_to_ask(method, given.values):
            instance_id = held.workspace_integration_id
            enabled = await self._enabled(scope, held.workspace_id, held.integration_name, instance_id)
            integration = self._catalogs.of(scope.organization_id).get(held.integration_name)
            given = await self._entered.accepted(integration, method, given, enabled=enabled)
        async with self._database.write() as tx:
            row = await _existing(tx, scope, connection_id)
            before = row.status
            await tx.connections.update(
                row,
                sealed=self._safe.seal(given.values, connection_id=row.id, organization_id=row.organization_id),
                version=row.version + 1,
                status="ACTIVE",
                last_error=None,
                obtained_at=given.obtained_at,
                expires_at=given.expires_at,
                refresh_started_at=None,
                refreshed_at=None,
                granted_scopes=given.granted_scopes,
                updated_at=self._clock(),
            )
            await self._scopes.settle(tx, [row], change=change_of(row, before=before))
            return row

    async def delete(self, scope: TenantScope, connection_id: str) -> None:
        """Remove a connection; what pinned it is left without. Raises `ConnectionNotFound`."""
        async with self._database.write() as tx:
            row = await _existing(tx, scope, connection_id)
            await self._endings.of(tx, [row])
            await tx.connections.delete(row)

    def _method(
        self, scope: TenantScope, integration_name: str, connection_type: str, key: str | None
    ) -> AnyAuthMethod:
        catalog = self._catalogs.of(scope.organization_id)
        if integration_name not in catalog:
            raise IntegrationNotFound(f"there is no integration {integration_name[:100]!r} in the catalogue")
        methods = catalog.get(integration_name).auth
        return find_method(methods, connection_type=connection_type, key=key)

    async def _owner(self, tx: Transaction, scope: TenantScope, new: NewConnection) -> tuple[_Owner, EndUser | None]:
        """Decide whose it is: the end user's if one is given, else the workspace's, else the organization's."""
        natural = "USER" if new.end_user_external_id else "WORKSPACE" if new.workspace_id else "ORGANIZATION"
        wanted = new.scope or natural
        if wanted == "ORGANIZATION" and natural != "USER":
            if scope.workspace_ids is not None:
                raise ScopeDenied("a connection of the whole organization needs an organization-wide API key")
            return _Owner("ORGANIZATION", scope.organization_id), None
        if new.workspace_id is None:
            raise ValidationFailed(f"workspaceId: has to be given for a connection of scope {wanted}")
        if wanted != natural:
            raise not_their_scope(wanted)
        if await tx.workspaces.get(scope, new.workspace_id) is None:
            raise NotFound("there is no such workspace")
        if new.end_user_external_id is None:
            return _Owner("WORKSPACE", new.workspace_id, new.workspace_id), None
        end_user = await find_or_add(
            tx, scope, workspace_id=new.workspace_id, external_id=new.end_user_external_id, now=self._clock()
        )
        return _Owner("USER", end_user.id, new.workspace_id, end_user.id), end_user

    async def _instance(
        self, tx: Transaction, scope: TenantScope, *, new: NewConnection, owner: _Owner
    ) -> WorkspaceIntegration | None:
        """Find the instance that an end user's connection is for: the one named, else the only one there is."""
        if owner.end_user_id is None or owner.workspace_id is None:
            return None
        configured = [
            each
            for each in await tx.workspace_integrations.of_workspace(scope, owner.workspace_id)
            if each.integration_name == new.integration_name
        ]
        if new.workspace_integration_id is None:
            return configured[0] if len(configured) == 1 else None
        named = next((each for each in configured if each.id == new.workspace_integration_id), None)
        if named is None:
            raise ValidationFailed(
                f"workspaceIntegrationId: the workspace has no {new.integration_name} integration of this id"
            )
        return named

    def _row(
        self,
        scope: TenantScope,
        new: NewConnection,
        *,
        owner: _Owner,
        instance: WorkspaceIntegration | None,
        method: AnyAuthMethod,
        given: EnteredCredential,
    ) -> Connection:
        row_id, now = new_id(), self._clock()
        return Connection(
            id=row_id,
            organization_id=scope.organization_id,
            workspace_id=owner.workspace_id,
            end_user_id=owner.end_user_id,
            owner=owner.id,
            workspace_integration_id=instance.id if instance is not None else None,
            integration_name=new.integration_name,
            auth_method_key=method.key,
            external_id=new.external_id,
            display_name=new.display_name,
            type=new.type,
            scope=owner.scope,
            account_id=given.account.id if given.account is not None else None,
            account_label=given.account.label if given.account is not None else None,
            granted_scopes=given.granted_scopes,
            sealed=self._safe.seal(given.values, connection_id=row_id, organization_id=scope.organization_id),
            obtained_at=given.obtained_at,
            expires_at=given.expires_at,
            created_at=now,
            updated_at=now,
        )

    async def _enabled(
        self, scope: TenantScope, workspace_id: str | None, integration_name: str, instance_id: str | None
    ) -> Sequence[str] | None:
        """Return the actions that a credential is for; None means all, also where there is no telling."""
        if workspace_id is None:
            return None
        async with self._database.read() as tx:
            configured = await tx.workspace_integrations.of_workspace(scope, workspace_id)
        fitting = [each for each in configured if each.integration_name == integration_name]
        meant = [each for each in fitting if instance_id in (None, each.id)]
        return meant[0].enabled_actions if len(meant) == 1 else None

    def _expiry(self, expires_in: int | None) -> datetime | None:
        return None if expires_in is None else self._clock() + timedelta(seconds=expires_in)


async def _existing(tx: Transaction, scope: TenantScope, connection_id: str) -> Connection:
    found = await tx.connections.get(scope, connection_id)
    if found is None:
        raise ConnectionNotFound("there is no such connection")
    return found


def not_their_scope(wanted: str) -> ValidationFailed:
    """Return the refusal of a scope that contradicts whether an end user is named."""
    if wanted == "USER":
        return ValidationFailed("scope: USER needs endUserId, whose account it will be")
    return ValidationFailed(f"scope: {wanted} is for shared accounts; leave out endUserId, or the scope")
