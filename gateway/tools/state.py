"""The built-in state: whose namespace a call writes to, and the namespace itself (contract 4.17).

Implements `integrations.ports.State`. Which namespace it is follows from the workspace's configuration and the
caller, never from an action's input.
"""

import json
from dataclasses import dataclass
from typing import Any, cast

from gateway.errors import ActionFailed, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.principals import Caller
from gateway.tools.downloads import Downloads
from gateway.tools.tool import Instance
from integrations.failures import InvalidInput
from integrations.integration import Integration
from integrations.ports import Json, StoredFile
from storage.database import Database, Transaction
from storage.records import StateEntry, StateFile, StateNamespace

MAX_KEY_LENGTH = 512
MAX_VALUE_BYTES = 256 * 1024
MAX_KEYS = 10_000
MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_NAMESPACE_BYTES = 200 * 1024 * 1024
MAX_LISTED_FILES = 1_000


@dataclass(frozen=True, slots=True)
class NamespaceKey:
    """Which space of state: a workspace's integration, and whose part of it."""

    workspace_id: str
    integration_name: str
    scope: str
    key: str
    end_user_id: str | None


class States:
    """Hands out the state of a call."""

    def __init__(self, *, database: Database, downloads: Downloads, clock: Clock) -> None:
        self._database = database
        self._downloads = downloads
        self._clock = clock

    def of(self, caller: Caller, integration: Integration, instance: Instance | None) -> "NamespaceState | None":
        """Return the state that the call may use, or None where the integration keeps none.

        Raises `ValidationFailed` where the configured scope needs something that the call does not bring.
        """
        if not integration.uses_state:
            return None
        configured: Any = instance.settings.get("persistence") if instance is not None else None
        settings: dict[str, Any] = configured or {}
        namespace = namespace_of(
            caller, integration.name, scope=settings.get("scope"), external_id=settings.get("externalId")
        )
        return NamespaceState(namespace, caller, database=self._database, downloads=self._downloads, clock=self._clock)


def namespace_of(caller: Caller, integration_name: str, *, scope: str | None, external_id: str | None) -> NamespaceKey:
    """Decide whose namespace it is; the default is the end user's own. Raises `ValidationFailed`."""
    match scope or "end_user":
        case "workspace":
            return NamespaceKey(caller.workspace_id, integration_name, "workspace", caller.workspace_id, None)
        case "external" if external_id:
            return NamespaceKey(caller.workspace_id, integration_name, "external", external_id, None)
        case "end_user" if caller.end_user_id is not None:
            return NamespaceKey(
                caller.workspace_id, integration_name, "end_user", caller.end_user_id, caller.end_user_id
            )
        case "end_user":
            raise ValidationFailed(
                f"{integration_name} keeps its data per end user, and this call does not say for which; "
                "name the end user, or set settings.persistence.scope to workspace"
            )
        case _:
            raise ValidationFailed(f"{integration_name}: settings.persistence is incomplete")


class NamespaceState:
    """One namespace. Made in the database when something is first put into it."""

    def __init__(
        self, namespace: NamespaceKey, caller: Caller, *, database: Database, downloads: Downloads, clock: Clock
    ) -> None:
        self._namespace = namespace
        self._caller = caller
        self._database = database
        self._downloads = downloads
        self._clock = clock

    async def get(self, key: str) -> Json | None:
        """Return the value, or None where there is no such key."""
        async with self._database.read() as tx:
            namespace = await self._find(tx)
            entry = await tx.state_entries.at(namespace.id, key) if namespace is not None else None
        return None if entry is None else json.loads(entry.value)

    async def put(self, key: str, value: Json) -> None:
        """Set the value of a key."""
        text = _json_text(key, value)
        async with self._database.write() as tx:
            await self._put(tx, await self._hold(tx), key=key, text=text)

    async def delete(self, key: str) -> bool:
        """Remove a key; whether there was one."""
        async with self._database.write() as tx:
            namespace = await self._find(tx)
            return namespace is not None and await tx.state_entries.remove(namespace.id, key)

    async def add_to_list(self, key: str, value: Json) -> list[Json]:
        """Append to the list at a key; the whole list after."""
        async with self._database.write() as tx:
            namespace = await self._hold(tx)
            items = [*_as_list(key, await tx.state_entries.at(namespace.id, key)), value]
            await self._put(tx, namespace, key=key, text=_json_text(key, items))
            return items

    async def remove_from_list(self, key: str, value: Json) -> list[Json]:
        """Remove every element that equals the value; the whole list after."""
        async with self._database.write() as tx:
            namespace = await self._hold(tx)
            entry = await tx.state_entries.at(namespace.id, key)
            items = [item for item in _as_list(key, entry) if item != value]
            if entry is not None:
                await self._put(tx, namespace, key=key, text=_json_text(key, items))
            return items

    async def read_file(self, path: str) -> StoredFile | None:
        """Return a file with its content, or None."""
        async with self._database.read() as tx:
            namespace = await self._find(tx)
            row = await tx.state_files.at(namespace.id, path) if namespace is not None else None
        return None if row is None else _stored(row)

    async def write_file(self, path: str, content: bytes, *, content_type: str) -> StoredFile:
        """Put a file in place, whole or not at all."""
        if len(content) > MAX_FILE_BYTES:
            raise InvalidInput(f"a file can be {MAX_FILE_BYTES} bytes at most; this is {len(content)}", path="/content")
        async with self._database.write() as tx:
            namespace = await self._hold(tx)
            row = await tx.state_files.at(namespace.id, path)
            grown = await tx.state_files.total_size(namespace.id) + len(content) - (row.size if row else 0)
            if grown > MAX_NAMESPACE_BYTES:
                raise InvalidInput(f"this storage is full ({MAX_NAMESPACE_BYTES} bytes); delete files first")
            values: dict[str, Any] = {"content": content, "content_type": content_type, "size": len(content)}
            now = self._clock()
            if row is None:
                row = StateFile(
                    id=new_id(), namespace_id=namespace.id, path=path, created_at=now, updated_at=now, **values
                )
                return _stored(await tx.state_files.insert(row))
            return _stored(await tx.state_files.update(row, updated_at=now, **values))

    async def delete_file(self, path: str) -> bool:
        """Remove a file; whether there was one."""
        async with self._database.write() as tx:
            namespace = await self._find(tx)
            return namespace is not None and await tx.state_files.remove(namespace.id, path)

    async def list_files(self, prefix: str) -> list[StoredFile]:
        """Return the files below a prefix by path, without their content; at most 1,000."""
        async with self._database.read() as tx:
            namespace = await self._find(tx)
            if namespace is None:
                return []
            found = await tx.state_files.under(namespace.id, prefix, limit=MAX_LISTED_FILES)
        return [
            StoredFile(path=path, size=size, content_type=content_type, updated_at=updated_at)
            for path, size, content_type, updated_at in found
        ]

    async def download_url(self, path: str, *, expires_in_seconds: int) -> str | None:
        """Return a link that opens the file without sign-in until it expires, or None where there is no such file."""
        async with self._database.read() as tx:
            namespace = await self._find(tx)
            if namespace is None or await tx.state_files.at(namespace.id, path) is None:
                return None
        return self._downloads.url(namespace.id, path, expires_in_seconds=expires_in_seconds)

    async def _find(self, tx: Transaction) -> StateNamespace | None:
        return await tx.state_namespaces.find(
            self._caller.scope,
            self._namespace.workspace_id,
            integration_name=self._namespace.integration_name,
            kind=self._namespace.scope,
            key=self._namespace.key,
        )

    async def _hold(self, tx: Transaction) -> StateNamespace:
        """Return the namespace, made if there is none, and keep others from changing it meanwhile."""
        found = await self._find(tx)
        if found is None:
            # Two calls may begin a namespace at once: the second one finds what the first one made.
            await tx.state_namespaces.insert_unless_there(self._fresh())
            found = await self._find(tx)
        if found is None:
            raise ActionFailed("the workspace, or the end user, is gone", reason="not_found")
        await tx.state_namespaces.hold(found.id)
        return found

    def _fresh(self) -> StateNamespace:
        return StateNamespace(
            id=new_id(),
            organization_id=self._caller.organization_id,
            workspace_id=self._namespace.workspace_id,
            end_user_id=self._namespace.end_user_id,
            integration_name=self._namespace.integration_name,
            scope=self._namespace.scope,
            key=self._namespace.key,
            created_at=self._clock(),
        )

    async def _put(self, tx: Transaction, namespace: StateNamespace, *, key: str, text: str) -> None:
        entry = await tx.state_entries.at(namespace.id, key)
        if entry is not None:
            await tx.state_entries.update(entry, value=text)
            return
        if await tx.state_entries.count(namespace.id) >= MAX_KEYS:
            raise InvalidInput(f"this store is full ({MAX_KEYS} keys); delete some first", path="/key")
        await tx.state_entries.insert(
            StateEntry(id=new_id(), namespace_id=namespace.id, key=key, value=text, created_at=self._clock())
        )


def _json_text(key: str, value: Json) -> str:
    if not key or len(key) > MAX_KEY_LENGTH:
        raise InvalidInput(f"a key has 1 to {MAX_KEY_LENGTH} characters", path="/key")
    text = json.dumps(value)
    if len(text) > MAX_VALUE_BYTES:
        raise InvalidInput(f"a value can be {MAX_VALUE_BYTES} bytes of JSON at most", path="/value")
    return text


def _as_list(key: str, entry: StateEntry | None) -> list[Json]:
    value: Json = [] if entry is None else json.loads(entry.value)
    if not isinstance(value, list):
        raise InvalidInput(f"the value at {key[:100]!r} is not a list", path="/key")
    return cast("list[Json]", value)


def _stored(row: StateFile) -> StoredFile:
    return StoredFile(
        path=row.path, size=row.size, content_type=row.content_type, updated_at=row.updated_at, content=row.content
    )
