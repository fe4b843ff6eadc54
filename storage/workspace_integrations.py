"""Rows of workspace integrations."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select, update
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

    async def served_by(self, connections: Sequence[Connection]) -> dict[str, list[WorkspaceIntegration]]:
        """Return the integrations whose calls may use each of these connections, by the connection's id.

        An end user's serves the one that it was made for, else all of its integration in the workspace; any other
        serves those that pin it.
        """
        alike = and_(
            col(WorkspaceIntegration.workspace_id).in_({row.workspace_id for row in connections if row.end_user_id}),
            col(WorkspaceIntegration.integration_name).in_({row.integration_name for row in connections}),
        )
        pinning = col(WorkspaceIntegration.connection_id).in_([row.id for row in connections])
        found = list(await self._session.scalars(select(WorkspaceIntegration).where(or_(alike, pinning))))
        return {row.id: [each for each in found if _serves(row, each)] for row in connections}

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


def _serves(connection: Connection, integration: WorkspaceIntegration) -> bool:
    if integration.connection_id == connection.id:
        return True
    if connection.end_user_id is None or integration.workspace_id != connection.workspace_id:
        return False
    if connection.workspace_integration_id is not None:
        return connection.workspace_integration_id == integration.id
    alias = connection.made_for_alias
    return integration.integration_name == connection.integration_name and alias in (None, integration.alias)
