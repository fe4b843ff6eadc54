"""Deletions that reach across rooms: whatever goes along, providers and the product's backend are told of it."""

from collections.abc import Sequence
from typing import Final

from gateway.connections.endings import Endings
from gateway.events import Event, announce_many
from gateway.kit.clock import Clock
from gateway.tenancy.end_users import existing_end_user
from gateway.tenancy.organizations import existing_organization
from gateway.tenancy.workspaces import existing_workspace
from storage.database import Database, Transaction
from storage.records import EndUser, Workspace
from storage.scope import TenantScope

_AT_ONCE: Final = 200


class Deletions:
    """Removes what has connections below it."""

    def __init__(self, database: Database, *, endings: Endings, clock: Clock) -> None:
        self._database = database
        self._endings = endings
        self._clock = clock

    async def organization(self, organization_id: str) -> None:
        """Remove an organization with everything below it. Raises `NotFound`."""
        async with self._database.write() as tx:
            row = await existing_organization(tx, organization_id)
            # Its webhooks go too, so that only providers are left to tell.
            await self._endings.below(tx, TenantScope(row.id), to_backend=False)
            await tx.organizations.delete(row)

    async def workspace(self, scope: TenantScope, reference: str) -> Workspace:
        """Remove a workspace with everything in it; returns what it was. Raises `ScopeDenied`, `NotFound`."""
        async with self._database.write() as tx:
            row = await existing_workspace(tx, scope, reference)
            await self._endings.below(tx, scope, workspace_id=row.id)
            await self._tell_of_end_users(tx, scope, row)
            await tx.workspaces.delete(row)
            return row

    async def end_user(self, scope: TenantScope, end_user_id: str) -> int:
        """Remove an end user with all connections and tokens; returns how many connections there were.

        Raises `EndUserNotFound`.
        """
        async with self._database.write() as tx:
            return await self.end_users_in(tx, scope, [await existing_end_user(tx, scope, end_user_id)])

    async def end_users_in(self, tx: Transaction, scope: TenantScope, rows: Sequence[EndUser]) -> int:
        """Remove end users of one workspace, at most some hundred, within a transaction, as `end_user` does."""
        if not rows:
            return 0
        count = await self._endings.below(tx, scope, end_user_ids=[row.id for row in rows])
        await announce_many(tx, Event.END_USER_DELETED, rows, now=self._clock())
        await tx.end_users.delete_many(rows[0].workspace_id, rows)
        return count

    async def _tell_of_end_users(self, tx: Transaction, scope: TenantScope, workspace: Workspace) -> None:
        after = ""
        while found := await tx.end_users.batch(scope, workspace.id, after=after, limit=_AT_ONCE):
            await announce_many(tx, Event.END_USER_DELETED, found, now=self._clock())
            after = found[-1].id
