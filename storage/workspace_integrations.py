"""Rows of workspace integrations."""

from sqlalchemy import update
from sqlmodel import col

from storage.records import Connection, WorkspaceIntegration
from storage.repository import Repository
from storage.scope import TenantScope


class WorkspaceIntegrations(Repository[WorkspaceIntegration]):
    """The integrations of workspaces, in the order in which they are shown."""

    record = WorkspaceIntegration

    async def of_workspace(self, scope: TenantScope, workspace_id: str) -> list[WorkspaceIntegration]:
        """Return all integrations of a workspace."""
        return await self._all(
            scope,
            col(WorkspaceIntegration.workspace_id) == workspace_id,
            order=(
                col(WorkspaceIntegration.sort_order),
                col(WorkspaceIntegration.created_at),
                col(WorkspaceIntegration.id),
            ),
        )

    async def by_alias(self, scope: TenantScope, workspace_id: str, alias: str) -> WorkspaceIntegration | None:
        """Return the integration under this alias, or None."""
        return await self._one(
            scope, col(WorkspaceIntegration.workspace_id) == workspace_id, col(WorkspaceIntegration.alias) == alias
        )

    async def delete(self, row: WorkspaceIntegration) -> None:
        """Remove an integration; connections made for it remember its alias, so that only a successor uses them."""
        await self._session.execute(
            update(Connection)
            .where(col(Connection.workspace_integration_id) == row.id)
            .values(made_for_alias=row.alias)
        )
        await super().delete(row)

    def _touch(self, row: WorkspaceIntegration) -> None:
        self._changed(("workspace_integrations", row.workspace_id))
