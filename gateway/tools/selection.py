"""From what a backend names in a request to the action that is meant, of which instance and for whom (contract 4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.connections.choice import Choice, Reason
from gateway.connections.resolver import Resolution, Resolver, Wanted
from gateway.errors import (
    ActionNotAllowed,
    ActionNotFound,
    AmbiguousIntegration,
    ConnectionNotFound,
    EndUserNotFound,
    Forbidden,
    IntegrationNotFound,
    ValidationFailed,
)
from gateway.kit.clock import Clock
from gateway.principals import Caller
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.end_users import find_or_add, unknown_end_user
from gateway.tenancy.organizations import creates_end_users
from gateway.tenancy.workspaces import existing_workspace
from gateway.tools.execution import Invocation
from gateway.tools.tool import Instance
from gateway.tools.toolset import methods_of_any_request
from integrations.integration import Action, Integration
from integrations.upstream.forwarding import LIST
from storage.database import Database, Transaction
from storage.records import Connection, EndUser, WorkspaceIntegration
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """How a request names an integration in a workspace, and for whom."""

    integration_name: str | None
    """None: whatever the alias or the id below names."""
    workspace: str
    """Id or slug."""
    workspace_integration_id: str | None = None
    alias: str | None = None
    end_user_external_id: str | None = None
    connection_external_id: str | None = None
    auth_method_key: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """What the selectors stand for."""

    caller: Caller
    integration: Integration
    instance: WorkspaceIntegration | None
    connection: Connection | None = field(default=None)
    """The connection that the request names itself."""

    @property
    def wanted(self) -> Wanted:
        """For what an account is needed."""
        return Wanted(
            integration_name=self.integration.name,
            workspace_integration_id=self.instance.id if self.instance is not None else None,
            alias=self.instance.alias if self.instance is not None else None,
        )


class Selection:
    """Finds what requests mean."""

    def __init__(self, *, database: Database, catalogs: Catalogs, resolver: Resolver, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._resolver = resolver
        self._clock = clock

    async def select(self, scope: TenantScope, selectors: Selectors) -> Selected:
        """Return what is meant.

        Raises `NotFound` (the workspace), `IntegrationNotFound`, `EndUserNotFound`, `AmbiguousIntegration`,
        `ValidationFailed`, `ConnectionNotFound`, `Forbidden` (a suspended end user).
        """
        if selectors.integration_name is not None:
            self._integration(scope, selectors.integration_name)
        async with self._database.read() as tx:
            workspace = await existing_workspace(tx, scope, selectors.workspace)
            within = scope.within(workspace.id)
            configured = await tx.workspace_integrations.of_workspace(within, workspace.id)
            end_user = await self._end_user(tx, within, workspace_id=workspace.id, selectors=selectors)
        if end_user is None and selectors.end_user_external_id is not None:
            end_user = await self._new_end_user(within, workspace.id, selectors.end_user_external_id)
        instance = choose_instance(configured, selectors)
        caller = Caller(scope.organization_id, workspace.id, end_user.id if end_user is not None else None)
        name = instance.integration_name if instance is not None else selectors.integration_name
        integration = self._integration(scope, name or "")
        return Selected(caller, integration, instance, await self._named_connection(caller, selectors, integration))

    def invocation(self, selected: Selected, *, action_name: str, arguments: Mapping[str, Any]) -> Invocation:
        """Return the action to run. Raises `ActionNotFound`, `ActionNotAllowed`."""
        return self._invocation(selected, self.action(selected, action_name), arguments)

    def _invocation(self, selected: Selected, action: Action, arguments: Mapping[str, Any]) -> Invocation:
        return Invocation(
            integration=selected.integration,
            action=action,
            instance=Instance.of(selected.instance) if selected.instance is not None else None,
            alias=selected.wanted.alias,
            arguments=arguments,
            selected=selected.connection,
        )

    def listing(self, selected: Selected) -> Invocation:
        """Return a request for the tools of a remote MCP server. Raises `ActionNotAllowed` where it is none."""
        action = selected.integration.forwarding
        if action is None:
            raise ActionNotAllowed(f"{selected.integration.name} is no remote MCP server")
        return self._invocation(selected, action, {"method": LIST, "params": {}})

    def any_request(self, selected: Selected, arguments: Mapping[str, Any]) -> Invocation:
        """Return a request to any endpoint of the integration's API.

        Raises `ActionNotAllowed` where it has none, and where the workspace has enabled only some actions: then it
        lets nothing else be sent but by the methods that it names.
        """
        action, instance = selected.integration.any_request, selected.instance
        if action is None:
            raise ActionNotAllowed(f"{selected.integration.name} has no API that an account opens")
        if instance is not None and not _lets_send(instance, arguments["method"]):
            raise ActionNotAllowed(
                f"the workspace has enabled only some actions of {selected.integration.name}; "
                f"settings.anyRequest.methods allows requests beside them"
            )
        return self._invocation(selected, action, arguments)

    def action(self, selected: Selected, action_name: str) -> Action:
        """Return an action that the workspace allows. Raises `ActionNotFound`, `ActionNotAllowed`."""
        action = selected.integration.actions.get(action_name)
        if action is None:
            raise ActionNotFound(f"actionName: {selected.integration.name} has no action {action_name[:100]!r}")
        enabled = selected.instance.enabled_actions if selected.instance is not None else None
        if enabled is not None and action_name not in enabled:
            raise ActionNotAllowed(f"the workspace has not enabled {selected.integration.name}.{action_name}")
        return action

    async def resolution(self, selected: Selected) -> Resolution:
        """Return whose account would be used, and why; nobody is called."""
        if selected.connection is not None:
            choice = Choice(Reason.SELECTED, selected.connection)
            return Resolution(choice, None, (selected.connection,), selected.caller)
        if not selected.integration.auth:
            return Resolution(Choice(Reason.NOT_NEEDED), None, (), selected.caller)
        return await self._resolver.resolve(selected.caller, selected.wanted)

    async def connection(self, selected: Selected) -> Connection:
        """Return the connection that would be used. Raises `ConnectionNotFound`."""
        resolution = await self.resolution(selected)
        found = resolution.choice.connection
        if found is not None:
            return found
        if resolution.choice.reason is Reason.NOT_NEEDED:
            raise ConnectionNotFound(f"{selected.integration.title} needs no connection")
        refusal = await self._resolver.refusal(selected.caller, selected.wanted, resolution)
        raise ConnectionNotFound(refusal.message, **refusal.details)

    async def _end_user(
        self, tx: Transaction, scope: TenantScope, *, workspace_id: str, selectors: Selectors
    ) -> EndUser | None:
        """Return the end user; None where none is named, or where one may be made on the fly."""
        external_id = selectors.end_user_external_id
        if external_id is None:
            return None
        end_user = await tx.end_users.by_external_id(scope, workspace_id, external_id)
        if end_user is None:
            organization = await tx.organizations.find(scope.organization_id)
            if organization is None or not creates_end_users(organization):
                raise EndUserNotFound(unknown_end_user(external_id))
        elif end_user.suspended_at is not None:
            raise Forbidden(f"the end user {external_id[:200]!r} is suspended")
        return end_user

    async def _new_end_user(self, scope: TenantScope, workspace_id: str, external_id: str) -> EndUser:
        async with self._database.write() as tx:
            return await find_or_add(tx, scope, workspace_id=workspace_id, external_id=external_id, now=self._clock())

    def _integration(self, scope: TenantScope, name: str) -> Integration:
        catalog = self._catalogs.of(scope.organization_id)
        if name not in catalog:
            raise IntegrationNotFound(f"integrationName: there is no integration {name[:100]!r}")
        return catalog.get(name)

    async def _named_connection(
        self, caller: Caller, selectors: Selectors, integration: Integration
    ) -> Connection | None:
        if selectors.connection_external_id is None:
            return None
        return await self._resolver.select(
            caller,
            external_id=selectors.connection_external_id,
            integration_name=integration.name,
            auth_method_key=selectors.auth_method_key,
        )


def _lets_send(instance: WorkspaceIntegration, method: str) -> bool:
    return instance.enabled_actions is None or method in methods_of_any_request(instance.settings or {})


def choose_instance(configured: Sequence[WorkspaceIntegration], selectors: Selectors) -> WorkspaceIntegration | None:
    """Pick the instance that is named, else the only one, else the one whose alias is the integration's name.

    Raises `IntegrationNotFound`, `ValidationFailed`, `AmbiguousIntegration`.
    """
    if selectors.workspace_integration_id is not None:
        by_id = (row for row in configured if row.id == selectors.workspace_integration_id)
        return _of_this_integration(next(by_id, None), selectors, selector="workspaceIntegrationId")
    if selectors.alias is not None:
        by_alias = (row for row in configured if row.alias == selectors.alias)
        return _of_this_integration(next(by_alias, None), selectors, selector="integrationAlias")
    fitting = [row for row in configured if row.integration_name == selectors.integration_name]
    if len(fitting) > 1 and selectors.auth_method_key is not None:
        fitting = [row for row in fitting if row.auth_method_key == selectors.auth_method_key] or fitting
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    namesake = next((row for row in fitting if row.alias == selectors.integration_name), None)
    if namesake is None:
        aliases = ", ".join(row.alias for row in fitting)
        raise AmbiguousIntegration(
            f"the workspace has several {selectors.integration_name} integrations ({aliases}): "
            "name one by integrationAlias or workspaceIntegrationId"
        )
    return namesake


def _of_this_integration(
    row: WorkspaceIntegration | None, selectors: Selectors, *, selector: str
) -> WorkspaceIntegration:
    if row is None:
        raise IntegrationNotFound(f"{selector}: the workspace has no such integration")
    if selectors.integration_name not in (None, row.integration_name):
        raise ValidationFailed(f"{selector}: names {row.integration_name}, not {selectors.integration_name}")
    return row
