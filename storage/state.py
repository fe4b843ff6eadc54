"""Rows of the built-in state: namespaces, their values and their files. A namespace is the scope of what is in it."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import col

from storage.records import StateEntry, StateFile, StateNamespace
from storage.repository import Repository, Rows
from storage.scope import TenantScope


class StateNamespaces(Repository[StateNamespace]):
    """Namespaces of workspaces."""

    record = StateNamespace

    async def find(
        self, scope: TenantScope, workspace_id: str, *, integration_name: str, kind: str, key: str
    ) -> StateNamespace | None:
        """Return the namespace of this kind (`end_user`, `workspace`, `external`) and key, or None."""
        return await self._one(
            scope,
            col(StateNamespace.workspace_id) == workspace_id,
            col(StateNamespace.integration_name) == integration_name,
            col(StateNamespace.scope) == kind,
            col(StateNamespace.key) == key,
        )

    async def insert_unless_there(self, row: StateNamespace) -> None:
        """Add a namespace, unless its workspace has one of this integration, kind and key. Raises `ReferenceMissing`."""
        there = await self.find(
            TenantScope(row.organization_id),
            row.workspace_id,
            integration_name=row.integration_name,
            kind=row.scope,
            key=row.key,
        )
        if there is None:
            await self.insert(row)

    async def hold(self, namespace_id: str) -> None:
        """Keep others from changing what is in a namespace until the transaction ends."""
        await self._session.execute(
            select(col(StateNamespace.id)).where(col(StateNamespace.id) == namespace_id).with_for_update()
        )


class StateEntries(Rows[StateEntry]):
    """Values of one namespace each; who has found the namespace within its scope may have what is in it."""

    record = StateEntry

    async def at(self, namespace_id: str, key: str) -> StateEntry | None:
        """Return the entry of a key, or None."""
        return await self._session.scalar(
            select(StateEntry).where(col(StateEntry.namespace_id) == namespace_id, col(StateEntry.key) == key)
        )

    async def remove(self, namespace_id: str, key: str) -> bool:
        """Remove a key; whether it was there."""
        removed = await self._session.execute(
            delete(StateEntry)
            .where(col(StateEntry.namespace_id) == namespace_id, col(StateEntry.key) == key)
            .returning(col(StateEntry.id))
        )
        return removed.first() is not None

    async def count(self, namespace_id: str) -> int:
        """Return how many keys a namespace holds."""
        return (
            await self._session.scalar(
                select(func.count()).select_from(StateEntry).where(col(StateEntry.namespace_id) == namespace_id)
            )
            or 0
        )


class StateFiles(Rows[StateFile]):
    """Files of one namespace each; who has found the namespace within its scope may have what is in it."""

    record = StateFile

    async def at(self, namespace_id: str, path: str) -> StateFile | None:
        """Return the file at a path, content included, or None."""
        return await self._session.scalar(
            select(StateFile).where(col(StateFile.namespace_id) == namespace_id, col(StateFile.path) == path)
        )

    async def remove(self, namespace_id: str, path: str) -> bool:
        """Remove a file; whether it was there."""
        removed = await self._session.execute(
            delete(StateFile)
            .where(col(StateFile.namespace_id) == namespace_id, col(StateFile.path) == path)
            .returning(col(StateFile.id))
        )
        return removed.first() is not None

    async def under(self, namespace_id: str, prefix: str, *, limit: int) -> list[tuple[str, int, str, datetime]]:
        """Return (path, size, content type, moment of the last change) of the files below a prefix, by path."""
        found = await self._session.execute(
            select(col(StateFile.path), col(StateFile.size), col(StateFile.content_type), col(StateFile.updated_at))
            # Not LIKE: SQLite's takes upper and lower case for the same.
            .where(
                col(StateFile.namespace_id) == namespace_id,
                func.substr(col(StateFile.path), 1, len(prefix)) == prefix,
            )
            .order_by(col(StateFile.path))
            .limit(limit)
        )
        return list(found)

    async def total_size(self, namespace_id: str) -> int:
        """Return how many bytes the files of a namespace hold."""
        return (
            await self._session.scalar(
                select(func.sum(col(StateFile.size))).where(col(StateFile.namespace_id) == namespace_id)
            )
            or 0
        )
