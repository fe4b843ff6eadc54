"""Workspace integrations: which integrations a workspace has, under which alias, and whose accounts they use."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.access.shared_connections import shared_connection
from gateway.access.static_tokens import PER_USER, held_workspace, refuse_beside_static_tokens
from gateway.connections.missing_scopes import MissingScopes
from gateway.connections.oauth_apps import CUSTOM, WantedApp, choose_app
from gateway.errors import AliasConflict, IntegrationNotFound, NotFound, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.naming import tool_prefix
from gateway.refusals import refusing
from gateway.tenancy.catalogs import Catalogs
from integrations.integration import Integration
from storage.database import Database, Transaction
from storage.records import Connection, WorkspaceIntegration
from storage.scope import TenantScope

FIXED = "fixed"
_OAUTH_APP = frozenset({"oauth_app_mode", "oauth_app_id"})
_NEEDS = frozenset({"enabled_actions", "auth_method_key", "connection"})
"""What decides which scopes an account needs."""
MAX_INTEGRATIONS = 500
"""In one workspace. Each brings all its tools, and whoever compiles their list is waited for by everybody."""
_CONFLICTS = {
    "uq_workspace_integrations_workspace_id_alias": (
        AliasConflict,
        "alias: another integration of the workspace has it already",
    ),
    "uq_workspace_integrations_workspace_id_tool_prefix": (
        AliasConflict,
        "alias: another integration of the workspace has one that makes the same tool names",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntegration:
    """What is to be configured; `connection` is the id or the external id of a shared connection."""

    integration_name: str
    alias: str | None = None
    connection_strategy: str = FIXED
    connection: str | None = None
    others: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Columns that need no rule but their own: display_name, enabled_actions, settings, sort_order and the like."""


@dataclass(frozen=True, slots=True)
class ConfiguredIntegration:
    """A workspace integration and the connection that it pins, if any."""

    record: WorkspaceIntegration
    connection: Connection | None


class WorkspaceIntegrations:
    """The integrations of a tenant's workspaces. Workspaces are named by id here."""

    def __init__(self, database: Database, *, catalogs: Catalogs, scopes: MissingScopes, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._scopes = scopes
        self._clock = clock

    async def all(self, scope: TenantScope, workspace_id: str) -> Sequence[ConfiguredIntegration]:
        """Return a workspace's integrations, in the order in which they are shown."""
        async with self._database.read() as tx:
            rows = await tx.workspace_integrations.of_workspace(scope, workspace_id)
            pinned = [row.connection_id for row in rows if row.connection_id is not None]
            connections = await tx.connections.display_names(scope, pinned)
        return [ConfiguredIntegration(row, connections.get(row.connection_id or "")) for row in rows]

    async def add(self, scope: TenantScope, workspace_id: str, new: NewIntegration) -> ConfiguredIntegration:
        """Configure an integration.

        Raises `IntegrationNotFound`, `ValidationFailed`, `ConnectionNotFound`, `AliasConflict`, `NotFound`,
        `McpBearerBlocksPerUser`, `InvalidOAuthApp`, `MissingOAuth2Config`.
        """
        integration = self._integration(scope, new.integration_name)
        alias, now = new.alias or new.integration_name, self._clock()
        row = WorkspaceIntegration(
            id=new_id(),
            organization_id=scope.organization_id,
            workspace_id=workspace_id,
            integration_name=new.integration_name,
            alias=alias,
            tool_prefix=tool_prefix(alias),
            connection_strategy=new.connection_strategy,
            created_at=now,
            updated_at=now,
            **new.others,
        )
        _check(row, integration)
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                await held_workspace(tx, scope, workspace_id)
                await _check_room(tx, scope, workspace_id)
                await _check_alias(tx, scope, row)
                connection = await _pinned(tx, scope, row, new.connection)
                row.connection_id = None if connection is None else connection.id
                row.oauth_app_id = await _own_app(tx, scope, row)
                _check_account(row, integration)
                if row.connection_strategy == PER_USER:
                    await refuse_beside_static_tokens(tx, scope, workspace_id)
                await tx.workspace_integrations.insert(row)
                await self._scopes.settle_users(tx, row, pinned=[row.connection_id])
                return ConfiguredIntegration(row, connection)

    async def update(
        self, scope: TenantScope, workspace_id: str, integration_id: str, changes: Mapping[str, Any]
    ) -> ConfiguredIntegration:
        """Set columns of an integration; `connection` stands for the reference of a shared connection, or None.

        Raises what `add` raises.
        """
        values = dict(changes)
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                await held_workspace(tx, scope, workspace_id)
                row = await _existing(tx, scope, workspace_id, integration_id)
                pinned = row.connection_id
                was_per_user = row.connection_strategy == PER_USER
                reference = values.pop("connection", pinned)
                for name, value in values.items():
                    setattr(row, name, value)
                row.tool_prefix = tool_prefix(row.alias)
                if changes.keys() & _OAUTH_APP:
                    row.oauth_app_id = await _own_app(tx, scope, row, given=changes.keys())
                integration = self._integration(scope, row.integration_name)
                _check(row, integration)
                if "alias" in changes:
                    await _check_alias(tx, scope, row)
                connection = await _pinned(tx, scope, row, reference)
                row.connection_id = None if connection is None else connection.id
                if changes.keys() & {"connection", "connection_strategy"}:
                    _check_account(row, integration)
                if row.connection_strategy == PER_USER and not was_per_user:
                    await refuse_beside_static_tokens(tx, scope, workspace_id)
                await tx.workspace_integrations.update(row, updated_at=self._clock())
                if changes.keys() & _NEEDS:
                    await self._scopes.settle_users(tx, row, pinned={pinned, row.connection_id})
                return ConfiguredIntegration(row, connection)

    async def remove(self, scope: TenantScope, workspace_id: str, integration_id: str) -> None:
        """Remove an integration; its tools go with it. Raises `NotFound`."""
        async with self._database.write() as tx:
            row = await _existing(tx, scope, workspace_id, integration_id)
            await tx.workspace_integrations.delete(row)
            await self._scopes.settle_users(tx, row, pinned=[row.connection_id])

    def _integration(self, scope: TenantScope, name: str) -> Integration:
        catalog = self._catalogs.of(scope.organization_id)
        if name not in catalog:
            raise IntegrationNotFound(f"integrationName: there is no integration {name[:100]!r} in the catalogue")
        return catalog.get(name)


async def _existing(
    tx: Transaction, scope: TenantScope, workspace_id: str, integration_id: str
) -> WorkspaceIntegration:
    row = await tx.workspace_integrations.get(scope, integration_id)
    if row is None or row.workspace_id != workspace_id:
        raise NotFound("there is no such integration in the workspace")
    return row


async def _pinned(
    tx: Transaction, scope: TenantScope, row: WorkspaceIntegration, reference: str | None
) -> Connection | None:
    if reference is None:
        return None
    return await shared_connection(
        tx,
        scope,
        reference,
        workspace_id=row.workspace_id,
        integration_name=row.integration_name,
        auth_method_key=row.auth_method_key,
    )


async def _own_app(
    tx: Transaction, scope: TenantScope, row: WorkspaceIntegration, *, given: Collection[str] = _OAUTH_APP
) -> str | None:
    """Return the id of the tenant's own app that the row means; an id goes with a mode that no longer takes one."""
    chosen = row.oauth_app_id if "oauth_app_id" in given or row.oauth_app_mode == CUSTOM else None
    return await choose_app(tx, scope, WantedApp(row.integration_name, row.workspace_id, row.oauth_app_mode, chosen))


async def _check_room(tx: Transaction, scope: TenantScope, workspace_id: str) -> None:
    if len(await tx.workspace_integrations.of_workspace(scope, workspace_id)) >= MAX_INTEGRATIONS:
        raise ValidationFailed(f"the workspace has {MAX_INTEGRATIONS} integrations, which is all it can: remove one")


async def _check_alias(tx: Transaction, scope: TenantScope, row: WorkspaceIntegration) -> None:
    """Raise `AliasConflict` where a manual tool of the workspace's servers uses the alias for something else."""
    for tool in await tx.mcp_server_tools.of_workspace(scope, row.workspace_id):
        if tool_prefix(tool.integration_alias) != row.tool_prefix:
            continue
        if (tool.integration_alias, tool.integration_name) != (row.alias, row.integration_name):
            raise AliasConflict(
                f"alias: an MCP server of the workspace has tools of {tool.integration_name} "
                f"under {tool.integration_alias!r}, and their names would be the same"
            )


def _check(row: WorkspaceIntegration, integration: Integration) -> None:
    """Raise `ValidationFailed` where the configuration names what the integration does not have."""
    methods = [method.key for method in integration.auth]
    if row.auth_method_key is not None and row.auth_method_key not in methods:
        raise ValidationFailed(f"authMethodKey: {integration.name} has {', '.join(methods) or 'nothing to connect'}")
    unknown = [name for name in row.enabled_actions or () if name not in integration.actions]
    if unknown:
        raise ValidationFailed(f"enabledActions: {integration.name} has no action {unknown[0][:100]!r}")


def _check_account(row: WorkspaceIntegration, integration: Integration) -> None:
    """Raise `ValidationFailed` for a fixed account that is not named."""
    if row.connection_strategy == FIXED and row.connection_id is None and integration.auth:
        raise ValidationFailed(
            f"connectionId: is required with connectionStrategy `fixed`, for {integration.name} needs an account"
        )
