"""Workspace integrations over REST (contract 1.2)."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, StringConstraints

from gateway.api.calls import Call
from gateway.api.integration_settings import IntegrationSettings
from gateway.api.models import (
    MAX_INTEGER,
    Answer,
    Body,
    Deleted,
    Label,
    Moment,
    NoQuery,
    Nothing,
    Reference,
    absent,
    omitted,
)
from gateway.errors import NoUpdates
from gateway.wiring import Gateway
from gateway.workspaces.integrations import ConfiguredIntegration, NewIntegration

ALIAS_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"

Alias = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ALIAS_PATTERN)]
Strategy = Literal["fixed", "per_user", "per_user_with_fallback"]
OAuthAppMode = Literal["weavz_managed", "custom"]
SortOrder = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Actions = Annotated[list[Reference], Field(max_length=1000)]

_ALIAS_NAMES = AliasChoices("alias", "integrationAlias")
_ACTIONS_NAMES = AliasChoices("enabledActions", "allowedActions")
_NO_COLUMNS = frozenset({"integration_name", "alias", "connection_strategy", "connection_id"})


class IntegrationToAdd(Body):
    """An integration to configure."""

    integration_name: Reference
    alias: Alias | None = Field(default=None, validation_alias=_ALIAS_NAMES, description="Default: the name.")
    connection_strategy: Strategy = "fixed"
    auth_method_key: Reference | None = None
    oauth_app_mode: OAuthAppMode | None = None
    oauth_app_id: Reference | None = None
    connection_id: Reference | None = Field(
        default=None,
        description="Id or external id of a connection of the workspace or the organization. Required with `fixed` "
        "where the integration needs an account.",
    )
    display_name: Label | None = None
    enabled_actions: Actions | None = Field(
        default=None, validation_alias=_ACTIONS_NAMES, description="Absent or null: all."
    )
    settings: IntegrationSettings | None = None
    sort_order: SortOrder = 0


class IntegrationChanges(Body):
    """What is to change; null clears."""

    alias: Alias = absent(validation_alias=_ALIAS_NAMES)
    connection_strategy: Strategy = absent()
    auth_method_key: Reference | None = None
    oauth_app_mode: OAuthAppMode | None = None
    oauth_app_id: Reference | None = None
    connection_id: Reference | None = None
    display_name: Label | None = None
    enabled_actions: Actions | None = Field(default=None, validation_alias=_ACTIONS_NAMES)
    settings: IntegrationSettings | None = None
    sort_order: SortOrder = absent()


class WorkspaceIntegration(Answer):
    """An integration as a workspace has configured it."""

    id: str
    org_id: str
    workspace_id: str
    integration_name: str
    alias: str
    connection_strategy: Strategy
    auth_method_key: str | None = omitted()
    oauth_app_mode: str | None = omitted()
    oauth_app_id: str | None = omitted()
    connection_id: str | None
    connection_status: str | None
    connection_display_name: str | None
    connection_external_id: str | None
    display_name: str | None
    enabled_actions: list[str] | None
    settings: dict[str, Any]
    sort_order: int
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, configured: ConfiguredIntegration) -> "WorkspaceIntegration":
        """Show a workspace integration."""
        row, connection = configured.record, configured.connection
        shown = {name: getattr(row, name) for name in _SHOWN}
        return cls.model_validate(
            {
                **shown,
                "org_id": row.organization_id,
                "settings": row.settings or {},
                "connection_status": None if connection is None else connection.status,
                "connection_display_name": None if connection is None else connection.display_name,
                "connection_external_id": None if connection is None else connection.external_id,
            }
        )


_SHOWN = frozenset(WorkspaceIntegration.model_fields) - {
    "org_id", "settings", "connection_status", "connection_display_name", "connection_external_id"
}  # fmt: skip


class OneWorkspaceIntegration(Answer):
    """One workspace integration."""

    integration: WorkspaceIntegration


class ManyWorkspaceIntegrations(Answer):
    """All integrations of a workspace."""

    integrations: list[WorkspaceIntegration]
    total: int


async def list_integrations(gateway: Gateway, call: Call[Nothing, NoQuery]) -> ManyWorkspaceIntegrations:
    """List the integrations of a workspace, all of them, in their order."""
    workspace = await gateway.workspaces.find(call.scope, call.path["workspaceId"])
    rows = await gateway.workspace_integrations.all(call.scope, workspace.id)
    return ManyWorkspaceIntegrations(integrations=[WorkspaceIntegration.of(row) for row in rows], total=len(rows))


async def add_integration(gateway: Gateway, call: Call[IntegrationToAdd, NoQuery]) -> OneWorkspaceIntegration:
    """Add an integration to a workspace.

    The tools of every MCP server of the workspace follow at once.
    """
    workspace = await gateway.workspaces.find(call.scope, call.path["workspaceId"])
    body = call.body
    new = NewIntegration(
        integration_name=body.integration_name,
        alias=body.alias,
        connection_strategy=body.connection_strategy,
        connection=body.connection_id,
        others={name: value for name, value in _columns(body).items() if name not in _NO_COLUMNS},
    )
    added = await gateway.workspace_integrations.add(call.scope, workspace.id, new)
    return OneWorkspaceIntegration(integration=WorkspaceIntegration.of(added))


async def update_integration(gateway: Gateway, call: Call[IntegrationChanges, NoQuery]) -> OneWorkspaceIntegration:
    """Change an integration of a workspace; null clears."""
    workspace = await gateway.workspaces.find(call.scope, call.path["workspaceId"])
    changes = _columns(call.body)
    if not changes:
        raise NoUpdates("give at least one field to change")
    if "connection_id" in changes:
        changes["connection"] = changes.pop("connection_id")
    changed = await gateway.workspace_integrations.update(call.scope, workspace.id, call.path["id"], changes)
    return OneWorkspaceIntegration(integration=WorkspaceIntegration.of(changed))


async def remove_integration(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Remove an integration from a workspace.

    Its tools go with it. Connections made for it are kept; only a successor under the same alias takes them up.
    """
    workspace = await gateway.workspaces.find(call.scope, call.path["workspaceId"])
    await gateway.workspace_integrations.remove(call.scope, workspace.id, call.path["id"])
    return Deleted(id=call.path["id"])


def _columns(body: IntegrationToAdd | IntegrationChanges) -> dict[str, Any]:
    columns = body.given()
    if body.settings is not None:
        columns["settings"] = body.settings.model_dump(by_alias=True, exclude_unset=True)
    return columns
