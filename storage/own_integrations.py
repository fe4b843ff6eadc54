"""Rows of integrations that organizations have described themselves."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import col

from storage.records import Connection, HeldTool, OAuthApp, OwnIntegration, WorkspaceIntegration
from storage.repository import Repository
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class IntegrationUses:
    """How many rows of the organization refer to an integration by its name."""

    workspace_integrations: int
    connections: int
    oauth_apps: int


class OwnIntegrations(Repository[OwnIntegration]):
    """Organizations' own integrations."""

    record = OwnIntegration
    workspace_column = None

    async def all(self, scope: TenantScope) -> list[OwnIntegration]:
        """Return all of them."""
        return await self._all(scope)

    async def named(self, scope: TenantScope, name: str) -> OwnIntegration | None:
        """Return the integration of this name."""
        return await self._one(scope, col(OwnIntegration.name) == name)

    async def everybodys(self) -> list[OwnIntegration]:
        """Return those of all organizations, in the order in which they were made, for the start of the process."""
        return list(await self._session.scalars(select(OwnIntegration).order_by(*self._oldest_first())))

    async def uses(self, scope: TenantScope, name: str) -> IntegrationUses:
        """Count what refers to an integration, anywhere in the organization."""
        counts = [
            await self._session.scalar(
                select(func.count()).where(
                    record.organization_id == scope.organization_id,  # pyright: ignore[reportArgumentType] - a column
                    record.integration_name == name,  # pyright: ignore[reportArgumentType] - a column
                )
            )
            for record in (WorkspaceIntegration, Connection, OAuthApp)
        ]
        return IntegrationUses(*(count or 0 for count in counts))


class HeldTools(Repository[HeldTool]):
    """Tools of remote MCP servers that are held back."""

    record = HeldTool
    workspace_column = None

    async def of_integration(self, scope: TenantScope, integration_id: str) -> list[HeldTool]:
        """Return those of one integration, by name."""
        return await self._all(scope, col(HeldTool.integration_id) == integration_id, order=(col(HeldTool.name),))
