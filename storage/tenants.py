"""Rows of organizations, API keys, workspaces and end users."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlmodel import col

from storage.records import (
    ApiKey,
    Connection,
    ConnectLink,
    ConnectSession,
    EndUser,
    Organization,
    Workspace,
    WorkspaceIntegration,
)
from storage.repository import Page, Repository, Rows
from storage.scope import TenantScope
from storage.topics import topics_below_end_users


class Organizations(Rows[Organization]):
    """Organizations. They are the outermost scope, so these look-ups take none."""

    record = Organization

    async def find(self, organization_id: str) -> Organization | None:
        """Return an organization by id, or None."""
        return await self._session.get(Organization, organization_id)

    async def all(self) -> list[Organization]:
        """Return every organization, oldest first: for the operator's commands only."""
        return list(
            await self._session.scalars(
                select(Organization).order_by(col(Organization.created_at), col(Organization.id))
            )
        )

    def _touch(self, row: Organization) -> None:
        self._changed(("organization", row.id))


class ApiKeys(Repository[ApiKey]):
    """API keys; they belong to the organization, whatever workspaces they open."""

    record = ApiKey
    workspace_column = None

    async def by_hash(self, key_hash: str) -> ApiKey | None:
        """Return the key with this hash: the door through which a scope is found."""
        return await self._session.scalar(select(ApiKey).where(col(ApiKey.key_hash) == key_hash))

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[ApiKey]:
        """Return a page of the organization's keys."""
        return await self._page(scope, limit=limit, offset=offset)

    async def mark_used(self, key_id: str, at: datetime) -> None:
        """Note when a key was last used."""
        await self._session.execute(update(ApiKey).where(col(ApiKey.id) == key_id).values(last_used_at=at))

    def _touch(self, row: ApiKey) -> None:
        self._changed(("api_key", row.id))


class Workspaces(Repository[Workspace]):
    """Workspaces; a scope of workspaces is held against the row's own id."""

    record = Workspace
    workspace_column = "id"

    async def by_slug(self, scope: TenantScope, slug: str) -> Workspace | None:
        """Return the workspace with this slug, or None."""
        return await self._one(scope, col(Workspace.slug) == slug)

    async def hold(self, scope: TenantScope, workspace_id: str) -> Workspace | None:
        """Return a workspace and keep others from changing its configuration until the transaction ends."""
        return await self._session.scalar(
            select(Workspace).where(self._boundary(scope), col(Workspace.id) == workspace_id).with_for_update()
        )

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Workspace]:
        """Return a page of workspaces."""
        return await self._page(scope, limit=limit, offset=offset)

    def _touch(self, row: Workspace) -> None:
        self._changed(("workspace", row.id))


class EndUsers(Repository[EndUser]):
    """End users of workspaces."""

    record = EndUser

    async def by_external_id(self, scope: TenantScope, workspace_id: str, external_id: str) -> EndUser | None:
        """Return the end user whom the product knows by this id, or None."""
        return await self._one(
            scope, col(EndUser.workspace_id) == workspace_id, col(EndUser.external_id) == external_id
        )

    async def by_external_ids(
        self, scope: TenantScope, workspace_id: str, external_ids: Collection[str]
    ) -> dict[str, EndUser]:
        """Return those of the external ids that exist, by external id."""
        found = await self._all(
            scope, col(EndUser.workspace_id) == workspace_id, col(EndUser.external_id).in_(external_ids)
        )
        return {row.external_id: row for row in found if row.external_id is not None}

    async def page(
        self,
        scope: TenantScope,
        workspace_id: str,
        *,
        external_id: str | None = None,
        email_key: str | None = None,
        limit: int,
        offset: int,
    ) -> Page[EndUser]:
        """Return a page of a workspace's end users, optionally only those of an external id or an address."""
        conditions = [col(EndUser.workspace_id) == workspace_id]
        if external_id is not None:
            conditions.append(col(EndUser.external_id) == external_id)
        if email_key is not None:
            conditions.append(col(EndUser.email_key) == email_key)
        return await self._page(scope, *conditions, limit=limit, offset=offset)

    async def by_email(self, scope: TenantScope, workspace_id: str, email_key: str) -> list[EndUser]:
        """Return all end users of a workspace whose record has this address, oldest first."""
        return await self._all(scope, col(EndUser.workspace_id) == workspace_id, col(EndUser.email_key) == email_key)

    async def batch(self, scope: TenantScope, workspace_id: str, *, after: str, limit: int) -> list[EndUser]:
        """Return end users of a workspace in order of id, from behind `after`."""
        found = await self._session.scalars(
            select(EndUser)
            .where(self._boundary(scope), col(EndUser.workspace_id) == workspace_id, col(EndUser.id) > after)
            .order_by(col(EndUser.id))
            .limit(limit)
        )
        return list(found)

    async def connection_counts(self, end_users: Sequence[EndUser]) -> dict[str, int]:
        """Return how many connections each of these end users has, by id; absent means none."""
        counted = await self._session.execute(
            select(col(Connection.end_user_id), func.count())
            .where(col(Connection.end_user_id).in_([row.id for row in end_users]))
            .group_by(col(Connection.end_user_id))
        )
        return {end_user_id: count for end_user_id, count in counted if end_user_id is not None}

    async def external_ids(self, end_user_ids: Collection[str]) -> dict[str, str | None]:
        """Return the external id of each of these end users, by id."""
        found = await self._session.execute(
            select(col(EndUser.id), col(EndUser.external_id)).where(col(EndUser.id).in_(end_user_ids))
        )
        return dict(found.all())

    async def find_with_integration(
        self, end_user_id: str, workspace_integration_id: str
    ) -> tuple[EndUser, WorkspaceIntegration] | None:
        """Return an end user and an integration of the same workspace: for links that name them with our signature."""
        found = await self._session.execute(
            select(EndUser, WorkspaceIntegration)
            .join(WorkspaceIntegration, col(WorkspaceIntegration.workspace_id) == col(EndUser.workspace_id))
            .where(col(EndUser.id) == end_user_id, col(WorkspaceIntegration.id) == workspace_integration_id)
        )
        return found.one_or_none()

    async def update(self, row: EndUser, **values: Any) -> EndUser:
        """Set columns; with the address go the links of browsers, which may have been known by the old one."""
        if values.get("email_key", row.email_key) != row.email_key:
            await self._session.execute(
                delete(ConnectLink).where(
                    col(ConnectLink.end_user_id) == row.id, col(ConnectLink.browser_hash).is_not(None)
                )
            )
        return await super().update(row, **values)

    async def delete(self, row: EndUser) -> None:
        """Remove an end user; a connect session under way must not bring the same person back."""
        await self.delete_many(row.workspace_id, [row])

    async def delete_many(self, workspace_id: str, rows: Sequence[EndUser]) -> None:
        """Remove end users of one workspace like `delete`, in few statements: one by one they would take the writer."""
        ids = [row.id for row in rows]
        external_ids = [row.external_id for row in rows if row.external_id is not None]
        await self._session.execute(
            delete(ConnectSession).where(
                col(ConnectSession.workspace_id) == workspace_id,
                col(ConnectSession.end_user_external_id).in_(external_ids),
            )
        )
        for row in rows:
            self._touch(row)
        for topic in await topics_below_end_users(self._session, ids):
            self._changed(topic)
        await self._session.execute(delete(EndUser).where(col(EndUser.id).in_(ids)))

    async def count_by_email(self) -> tuple[int, int]:
        """Return how many end users of the whole deployment have an address, and how many have none."""
        counted = await self._session.execute(select(func.count(col(EndUser.email_key)), func.count()))
        with_address, total = counted.one()
        return with_address, total - with_address

    def _touch(self, row: EndUser) -> None:
        self._changed(("end_user", row.id))
