"""Workspaces: containers of integrations inside an organization, one for each customer or environment."""

from collections.abc import Mapping
from typing import Any

from gateway.errors import Duplicate, NotFound, ScopeDenied
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id, new_id
from gateway.refusals import refusing
from gateway.tenancy.slugs import accept_slug, is_slug
from gateway.tenancy.workspace_settings import merge_settings
from storage.database import Database, Transaction
from storage.records import Workspace
from storage.repository import Page
from storage.scope import TenantScope

_CONFLICTS = {
    "uq_workspaces_organization_id_slug": (Duplicate, "slug: another workspace of the organization has it already")
}


class Workspaces:
    """The workspaces of a tenant."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self, scope: TenantScope, *, name: str, slug: str, settings: Mapping[str, Any] | None = None
    ) -> Workspace:
        """Make a workspace. Raises `ScopeDenied` for a caller of some workspaces, `ValidationFailed`, `Duplicate`."""
        if scope.workspace_ids is not None:
            raise ScopeDenied("a new workspace needs an organization-wide API key")
        now = self._clock()
        row = Workspace(
            id=new_id(),
            organization_id=scope.organization_id,
            name=name,
            slug=accept_slug(slug),
            settings=merge_settings(None, settings or {}),
            created_at=now,
            updated_at=now,
        )
        with refusing(_CONFLICTS, gone="there is no such organization"):
            async with self._database.write() as tx:
                return await tx.workspaces.insert(row)

    async def find(self, scope: TenantScope, reference: str) -> Workspace:
        """Return a workspace by its id or its slug.

        Raises `ScopeDenied` for whatever is not one of the caller's workspaces, known or unknown, and `NotFound`.
        """
        async with self._database.read() as tx:
            return await existing_workspace(tx, scope, reference)

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Workspace]:
        """Return a page of the workspaces that the caller reaches."""
        async with self._database.read() as tx:
            return await tx.workspaces.page(scope, limit=limit, offset=offset)

    async def update(self, scope: TenantScope, reference: str, changes: Mapping[str, Any]) -> Workspace:
        """Set `name`, `slug`, `settings`; settings that are not named keep their value, None clears one.

        Raises `ScopeDenied`, `NotFound`, `ValidationFailed`, `Duplicate`.
        """
        values = dict(changes)
        if "slug" in values:
            accept_slug(values["slug"])
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                row = await existing_workspace(tx, scope, reference)
                if "settings" in values:
                    values["settings"] = merge_settings(row.settings, values["settings"])
                return await tx.workspaces.update(row, updated_at=self._clock(), **values)


async def existing_workspace(tx: Transaction, scope: TenantScope, reference: str) -> Workspace:
    """Return a workspace by id or slug. Raises `ScopeDenied`, `NotFound`."""
    row_id = as_id(reference)
    if row_id is not None:
        row = await tx.workspaces.get(scope, row_id)
    else:
        row = await tx.workspaces.by_slug(scope, reference) if is_slug(reference) else None
    if row is not None:
        return row
    # What a narrowed caller may not see and what does not exist look alike: the answer follows from the key alone.
    if scope.workspace_ids is not None and row_id not in scope.workspace_ids:
        raise ScopeDenied("this API key does not reach that workspace")
    raise NotFound("there is no such workspace")
