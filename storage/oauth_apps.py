"""Rows of tenants' own OAuth apps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from storage.records import Connection, OAuthApp, WorkspaceIntegration
from storage.repository import Page, Repository
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class Uses:
    """How many rows refer to an app."""

    connections: int
    workspace_integrations: int


class OAuthApps(Repository[OAuthApp]):
    """OAuth apps of organizations and of workspaces.

    A scope of workspaces holds the apps of those workspaces and, for use but not for management, those of the
    organization.
    """

    record = OAuthApp

    async def page(
        self,
        scope: TenantScope,
        *,
        workspace_id: str | None = None,
        integration_name: str | None = None,
        limit: int,
        offset: int,
    ) -> Page[OAuthApp]:
        """Return a page of OAuth apps, optionally only those of a workspace or for an integration."""
        wanted: list[tuple[ColumnElement[bool], str | None]] = [
            (col(OAuthApp.workspace_id) == workspace_id, workspace_id),
            (col(OAuthApp.integration_name) == integration_name, integration_name),
        ]
        conditions = [condition for condition, value in wanted if value is not None]
        return await self._page(scope, *conditions, limit=limit, offset=offset)

    async def get_usable(self, scope: TenantScope, app_id: str, *, workspace_id: str | None) -> OAuthApp | None:
        """Return an app that may be shown for this workspace's accounts, or for the organization's own."""
        return await self._session.scalar(
            select(OAuthApp).where(_usable_in(scope, workspace_id), col(OAuthApp.id) == app_id)
        )

    async def usable(self, scope: TenantScope, integration_name: str, *, workspace_id: str | None) -> list[OAuthApp]:
        """Return all such apps for an integration: the workspace's, then the organization's, each oldest first."""
        found = await self._session.scalars(
            select(OAuthApp)
            .where(_usable_in(scope, workspace_id), col(OAuthApp.integration_name) == integration_name)
            .order_by(*self._oldest_first())
        )
        return sorted(found, key=lambda row: row.workspace_id is None)

    async def of_client(self, client_id: str) -> list[OAuthApp]:
        """Return the apps of all tenants that a provider knows by this id."""
        return list(await self._session.scalars(select(OAuthApp).where(col(OAuthApp.client_id) == client_id)))

    async def uses(self, rows: Collection[OAuthApp]) -> dict[str, Uses]:
        """Return what refers to each of these apps, by id."""
        ids = [row.id for row in rows]
        connections = await self._counted(col(Connection.oauth_app_id), ids)
        configured = await self._counted(col(WorkspaceIntegration.oauth_app_id), ids)
        return {each: Uses(connections.get(each, 0), configured.get(each, 0)) for each in ids}

    async def all_sealed(self, *, after: str, limit: int) -> list[OAuthApp]:
        """Return apps of the whole deployment that have a secret, in order of id, for sealing them anew."""
        found = await self._session.scalars(
            select(OAuthApp)
            .where(col(OAuthApp.id) > after, col(OAuthApp.sealed).is_not(None))
            .order_by(col(OAuthApp.id))
            .limit(limit)
        )
        return list(found)

    async def _counted(self, column: Mapped[str | None], ids: Sequence[str]) -> dict[str | None, int]:
        found = await self._session.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
        return dict(found.all())


def _usable_in(scope: TenantScope, workspace_id: str | None) -> ColumnElement[bool]:
    """Apps of the organization, and those of this workspace if the scope holds it."""
    held = scope.workspace_ids is None or workspace_id in scope.workspace_ids
    workspaces = [workspace_id] if held and workspace_id is not None else []
    return and_(
        col(OAuthApp.organization_id) == scope.organization_id,
        or_(col(OAuthApp.workspace_id).is_(None), col(OAuthApp.workspace_id).in_(workspaces)),
    )
