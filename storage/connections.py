"""Rows of connections, credentials sealed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, update
from sqlalchemy.orm import load_only
from sqlmodel import col

from storage.records import Connection, WorkspaceIntegration
from storage.repository import Page, Repository
from storage.scope import TenantScope

_MOST_AT_ONCE = 1000
_SCOPES_AND_USES = (
    col(Connection.organization_id),
    col(Connection.workspace_id),
    col(Connection.end_user_id),
    col(Connection.workspace_integration_id),
    col(Connection.made_for_alias),
    col(Connection.integration_name),
    col(Connection.auth_method_key),
    col(Connection.granted_scopes),
    col(Connection.missing_scopes),
)
_BY_OAUTH = ("OAUTH2", "PLATFORM_OAUTH2")
_obtained_at = func.coalesce(col(Connection.obtained_at), col(Connection.created_at))


@dataclass(frozen=True, slots=True)
class RestingMethod:
    """An auth method of an integration; of one organization's, where the integration is its own."""

    integration_name: str
    key: str
    organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class MethodInUse:
    """An auth method by which an organization has connections of an integration, and whether these are active."""

    organization_id: str
    integration_name: str
    key: str
    is_active: bool


class Connections(Repository[Connection]):
    """Connections of organizations, workspaces and end users.

    A scope of workspaces holds the connections of those workspaces and, for use but not for management, those of
    the organization.
    """

    record = Connection

    async def get_usable(self, scope: TenantScope, connection_id: str, *, workspace_id: str) -> Connection | None:
        """Return a connection that may be used in this workspace, by id."""
        return await self._usable(scope, workspace_id, col(Connection.id) == connection_id)

    async def by_external_id(
        self,
        scope: TenantScope,
        external_id: str,
        *,
        integration_name: str,
        workspace_id: str,
        end_user_id: str | None,
        auth_method_key: str | None = None,
    ) -> Connection | None:
        """Return the connection of this external id: the end user's, else the workspace's, else the organization's."""
        owners = [owner for owner in (end_user_id, workspace_id, scope.organization_id) if owner is not None]
        conditions = [
            col(Connection.external_id) == external_id,
            col(Connection.integration_name) == integration_name,
            col(Connection.owner).in_(owners),
        ]
        if auth_method_key is not None:
            conditions.append(col(Connection.auth_method_key) == auth_method_key)
        found = await self._session.scalars(select(Connection).where(self._usable_in(scope, workspace_id), *conditions))
        by_owner = {row.owner: row for row in found}
        return next((by_owner[owner] for owner in owners if owner in by_owner), None)

    async def of_owner(
        self, scope: TenantScope, owner: str, *, integration_name: str, external_id: str
    ) -> Connection | None:
        """Return the connection that this organization, workspace or end user has under an external id."""
        return await self._one(
            scope,
            col(Connection.owner) == owner,
            col(Connection.integration_name) == integration_name,
            col(Connection.external_id) == external_id,
        )

    async def named_by_others(
        self, scope: TenantScope, external_id: str, *, integration_name: str, workspace_id: str
    ) -> bool:
        """Tell whether any end user of the workspace has a connection of this integration by this external id."""
        found = await self._usable(
            scope,
            workspace_id,
            col(Connection.external_id) == external_id,
            col(Connection.integration_name) == integration_name,
            col(Connection.end_user_id).is_not(None),
        )
        return found is not None

    async def own(self, scope: TenantScope, end_user_id: str, *, integration: WorkspaceIntegration) -> list[Connection]:
        """Return an end user's connections that serve this workspace integration, newest first.

        Those made for it come first; after them those made for no instance in particular, or for a removed one of
        this alias.
        """
        unbound = and_(
            col(Connection.workspace_integration_id).is_(None),
            or_(col(Connection.made_for_alias).is_(None), col(Connection.made_for_alias) == integration.alias),
        )
        found = await self._all(
            scope,
            col(Connection.end_user_id) == end_user_id,
            col(Connection.integration_name) == integration.integration_name,
            or_(col(Connection.workspace_integration_id) == integration.id, unbound),
            order=(col(Connection.created_at).desc(), col(Connection.id)),
        )
        return sorted(found, key=lambda row: row.workspace_integration_id is None)

    async def of_end_user(self, scope: TenantScope, end_user_id: str) -> list[Connection]:
        """Return all connections of an end user."""
        return await self._all(scope, col(Connection.end_user_id) == end_user_id)

    async def batch(
        self,
        scope: TenantScope,
        *,
        workspace_id: str | None = None,
        end_user_ids: Collection[str] | None = None,
        after: str,
        limit: int,
    ) -> list[Connection]:
        """Return connections in order of id from behind `after`: all, or only a workspace's, or only end users'."""
        conditions = [col(Connection.id) > after]
        if workspace_id is not None:
            conditions.append(col(Connection.workspace_id) == workspace_id)
        if end_user_ids is not None:
            conditions.append(col(Connection.end_user_id).in_(end_user_ids))
        found = await self._session.scalars(
            select(Connection).where(self._boundary(scope), *conditions).order_by(col(Connection.id)).limit(limit)
        )
        return list(found)

    async def granted(self, scope: TenantScope, integration_name: str, *, after: str, limit: int) -> list[Connection]:
        """Return the connections of an integration whose scopes are known, in order of id from behind `after`."""
        return await self._granted(
            self._boundary(scope), col(Connection.integration_name) == integration_name, after=after, limit=limit
        )

    async def all_granted(self, *, after: str, limit: int) -> list[Connection]:
        """Return those of the whole deployment, without the columns that say nothing of scopes."""
        return await self._granted(after=after, limit=limit, only=_SCOPES_AND_USES)

    async def methods_in_use(self, *, said: str) -> list[MethodInUse]:
        """Return the auth methods of all connections of the deployment that are active, or broken in these words."""
        columns = (
            col(Connection.organization_id),
            col(Connection.integration_name),
            col(Connection.auth_method_key),
            (col(Connection.status) == "ACTIVE").label("is_active"),
        )
        concerned = or_(col(Connection.status) == "ACTIVE", col(Connection.last_error) == said)
        found = await self._session.execute(
            select(*columns).where(concerned, col(Connection.auth_method_key).is_not(None)).distinct()
        )
        return [MethodInUse(*row) for row in found]

    async def of_other_methods(
        self, scope: TenantScope, integration_name: str, *, methods: Collection[str], said: str, limit: int
    ) -> list[Connection]:
        """Return an integration's active connections by other methods, and those by one of these broken in these words."""
        is_its = col(Connection.auth_method_key).in_(methods)
        found = await self._session.scalars(
            select(Connection)
            .where(
                self._boundary(scope),
                col(Connection.integration_name) == integration_name,
                col(Connection.auth_method_key).is_not(None),
                or_(
                    and_(not_(is_its), col(Connection.status) == "ACTIVE"),
                    and_(is_its, col(Connection.status) == "ERROR", col(Connection.last_error) == said),
                ),
            )
            .order_by(col(Connection.id))
            .limit(limit)
        )
        return list(found)

    async def _granted(
        self, *conditions: ColumnElement[bool], after: str, limit: int, only: Sequence[Any] = ()
    ) -> list[Connection]:
        found = await self._session.scalars(
            select(Connection)
            .options(*([load_only(*only, raiseload=True)] if only else []))
            .where(*conditions, col(Connection.granted_scopes).is_not(None), col(Connection.id) > after)
            .order_by(col(Connection.id))
            .limit(limit)
        )
        return list(found)

    async def shares_account(
        self, account_id: str | None, *, apps: Collection[tuple[str, str | None]], organization_id: str
    ) -> bool:
        """Tell whether any tenant has a connection by OAuth of this provider account.

        Within the organization one of which nobody knows the account counts too; not elsewhere, or one tenant with
        such a connection would keep all others' accounts. `apps` are the pairs of integration and tenant's own OAuth app under which the provider sees the same app.
        """
        is_its, is_unknown = col(Connection.account_id) == account_id, col(Connection.account_id).is_(None)
        is_here = col(Connection.organization_id) == organization_id
        accounts = [[is_its], [is_unknown, is_here]] if account_id is not None else [list[ColumnElement[bool]]()]
        # One at a time, each by the index: both in one question would read all connections.
        for name, app_id in apps:
            for account in accounts:
                found = await self._session.scalar(
                    select(col(Connection.id))
                    .where(
                        col(Connection.integration_name) == name,
                        *account,
                        col(Connection.oauth_app_id).is_not_distinct_from(app_id),
                        col(Connection.type).in_(_BY_OAUTH),
                    )
                    .limit(1)
                )
                if found is not None:
                    return True
        return False

    async def page(
        self,
        scope: TenantScope,
        *,
        workspace_id: str | None = None,
        end_user_id: str | None = None,
        integration_name: str | None = None,
        limit: int,
        offset: int,
    ) -> Page[Connection]:
        """Return a page of connections, optionally only those of a workspace, an end user or an integration."""
        wanted: list[tuple[ColumnElement[bool], str | None]] = [
            (col(Connection.workspace_id) == workspace_id, workspace_id),
            (col(Connection.end_user_id) == end_user_id, end_user_id),
            (col(Connection.integration_name) == integration_name, integration_name),
        ]
        conditions = [condition for condition, value in wanted if value is not None]
        return await self._page(scope, *conditions, limit=limit, offset=offset)

    async def display_names(self, scope: TenantScope, connection_ids: Sequence[str]) -> dict[str, Connection]:
        """Return these connections by id, those of the organization included."""
        within = col(Connection.organization_id) == scope.organization_id
        if scope.workspace_ids is not None:
            within &= or_(col(Connection.workspace_id).is_(None), col(Connection.workspace_id).in_(scope.workspace_ids))
        found = await self._session.scalars(select(Connection).where(within, col(Connection.id).in_(connection_ids)))
        return {row.id: row for row in found}

    async def mark_refresh(self, row: Connection, *, at: datetime | None) -> None:
        """Note since when an answer with new tokens is out; `row` stays as it was, and nobody keeps a copy of this."""
        await self._session.execute(
            update(Connection)
            .where(col(Connection.id) == row.id, col(Connection.version) == row.version)
            .values(refresh_started_at=at)
            .execution_options(synchronize_session=False)
        )

    async def note_use(self, connection_ids: Sequence[str], *, at: datetime) -> None:
        """Note when these were last used; nobody keeps a copy of this."""
        for start in range(0, len(connection_ids), _MOST_AT_ONCE):
            some = connection_ids[start : start + _MOST_AT_ONCE]
            await self._session.execute(update(Connection).where(col(Connection.id).in_(some)).values(last_used_at=at))

    async def resting(self, methods: Mapping[RestingMethod, datetime], *, after: str, limit: int) -> list[Connection]:
        """Return active connections of all tenants whose expiring token is old, in order of id from behind `after`.

        `methods` are auth methods, each with the moment before which tokens are old.
        """
        old = or_(
            false(),
            *(
                and_(
                    *(
                        []
                        if method.organization_id is None
                        else [col(Connection.organization_id) == method.organization_id]
                    ),
                    col(Connection.integration_name) == method.integration_name,
                    col(Connection.auth_method_key) == method.key,
                    _obtained_at <= before,
                )
                for method, before in methods.items()
            ),
        )
        conditions = [old, col(Connection.status) == "ACTIVE", col(Connection.expires_at).is_not(None)]
        found = await self._session.scalars(
            select(Connection).where(col(Connection.id) > after, *conditions).order_by(col(Connection.id)).limit(limit)
        )
        return list(found)

    async def resting_methods(self, *, prefix: str, before: datetime) -> list[RestingMethod]:
        """Return the methods of integrations named with this prefix that have such connections, of every tenant."""
        columns = (col(Connection.integration_name), col(Connection.auth_method_key), col(Connection.organization_id))
        found = await self._session.execute(
            select(*columns)
            .where(
                col(Connection.integration_name).startswith(prefix, autoescape=True),
                col(Connection.auth_method_key).is_not(None),
                col(Connection.status) == "ACTIVE",
                col(Connection.expires_at).is_not(None),
                _obtained_at <= before,
            )
            .distinct()
            .order_by(col(Connection.organization_id), *columns)
        )
        return [RestingMethod(*row) for row in found]

    async def all_sealed(self, *, after: str, limit: int) -> list[Connection]:
        """Return connections of the whole deployment in order of id, for sealing them anew."""
        found = await self._session.scalars(
            select(Connection).where(col(Connection.id) > after).order_by(col(Connection.id)).limit(limit)
        )
        return list(found)

    async def _usable(
        self, scope: TenantScope, workspace_id: str, *conditions: ColumnElement[bool]
    ) -> Connection | None:
        return await self._session.scalar(
            select(Connection).where(self._usable_in(scope, workspace_id), *conditions).limit(1)
        )

    def _usable_in(self, scope: TenantScope, workspace_id: str) -> ColumnElement[bool]:
        """Connections of the organization, and those of this workspace if the scope holds it."""
        held = scope.workspace_ids is None or workspace_id in scope.workspace_ids
        workspaces = [workspace_id] if held else []
        return and_(
            col(Connection.organization_id) == scope.organization_id,
            or_(col(Connection.workspace_id).is_(None), col(Connection.workspace_id).in_(workspaces)),
        )

    def _touch(self, row: Connection) -> None:
        self._changed(("connection", row.id))
        if row.end_user_id is not None:
            self._changed(("end_user_connections", row.end_user_id))
