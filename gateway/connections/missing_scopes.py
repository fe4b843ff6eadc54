"""Scopes that an account has not granted although what it is used for needs them: marked, told, taken back.

What is granted changes when somebody connects and when a provider renews; what is needed changes with the enabled
actions of workspace integrations, and with manifests: an organization's own, a release's. Where few connections are concerned they are marked
in the transaction of the change, else beside the requests, some hundred at a time. Nothing has to be remembered for
that: every process looks through all of them when it starts.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from gateway.connections.connect_methods import scopes_to_ask
from gateway.events import Event, announce_many
from gateway.kit.background import Background
from gateway.kit.clock import Clock
from gateway.tenancy.catalogs import Catalogs
from integrations.auth_methods import AnyAuthMethod, OAuth2
from integrations.integration import Integration
from storage.database import Database, Transaction
from storage.records import Connection, WorkspaceIntegration
from storage.scope import TenantScope

FEW: Final = 100
"""Connections that a change of configuration marks itself, while everybody else's writes wait for it."""
_PAGE: Final = 300
_MOST_NOTED: Final = 100
_A_DAY: Final = 24 * 3600.0


def lacking_scopes(method: AnyAuthMethod, scopes: Iterable[str], granted: Collection[str]) -> list[str]:
    """Return those of the scopes that were not granted, under whatever name or within whatever broader one."""
    has = set(granted)
    if isinstance(method, OAuth2):
        has |= {each for scope in granted for each in method.scope_includes.get(scope, ())}
    return [scope for scope in scopes if scope not in has]


def needed_scopes(
    integration: Integration, method: AnyAuthMethod, serving: Iterable[WorkspaceIntegration]
) -> tuple[str, ...]:
    """Return what an account that was connected by this method needs, to serve these workspace integrations."""
    needed = dict.fromkeys(
        scope
        for instance in serving
        if instance.auth_method_key in (None, method.key)
        for scope in scopes_to_ask(method, integration, enabled=instance.enabled_actions, held=())
    )
    return tuple(needed)


class MissingScopes:
    """Keeps the marks of connections right."""

    def __init__(self, database: Database, *, catalogs: Catalogs, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._clock = clock
        self._waiting: dict[tuple[TenantScope, str], None] = {}
        self._has_looked = False
        self._background = Background("missing scopes", self._look)

    @asynccontextmanager
    async def looking(self) -> AsyncGenerator[None]:
        """Return a block during which connections are looked through beside the requests."""
        async with self._background.running():
            yield

    async def settle(self, tx: Transaction, connections: Sequence[Connection], *, change: Event | None = None) -> None:
        """Mark these after their grants or their uses have changed, and tell of those that lack more than before.

        `change` is what has happened to them. It is told first, and shows the mark as it is now.
        """
        found = await self._missing(tx, connections)
        poorer: list[Connection] = []
        for row in connections:
            before, now = row.missing_scopes, found[row.id]
            if now == before:
                continue
            await tx.connections.update(row, missing_scopes=now)
            if not set(now or ()) <= set(before or ()):
                poorer.append(row)
        if change is not None:
            await announce_many(tx, change, connections, now=self._clock())
        await announce_many(tx, Event.CONNECTION_SCOPES_MISSING, poorer, now=self._clock())

    async def note(self, connection: Connection, scopes: Iterable[str]) -> None:
        """Mark scopes of which the provider itself says that this credential lacks them, though nobody knew of them."""
        async with self._database.write() as tx:
            row = await tx.connections.get(TenantScope(connection.organization_id), connection.id)
            if row is None or row.version != connection.version:
                return
            before = row.missing_scopes or []
            lacking = list(dict.fromkeys([*before, *scopes]))[:_MOST_NOTED]
            if lacking != before:
                await tx.connections.update(row, missing_scopes=lacking)
                await announce_many(tx, Event.CONNECTION_SCOPES_MISSING, [row], now=self._clock())

    async def settle_users(
        self, tx: Transaction, instance: WorkspaceIntegration, *, pinned: Collection[str | None] = ()
    ) -> None:
        """Mark the connections that a workspace integration uses, now or as soon as there is time for so many.

        `pinned` are ids of shared connections that it names, or named until now.
        """
        scope = TenantScope(instance.organization_id, frozenset((instance.workspace_id,)))
        name = instance.integration_name
        concerned = await tx.connections.granted(scope, name, after="", limit=FEW + 1)
        shared = await tx.connections.display_names(scope, [each for each in pinned if each is not None])
        if len(concerned) > FEW:
            self.look_again(scope, name)
            concerned = []
        await self.settle(tx, list({row.id: row for row in [*concerned, *shared.values()]}.values()))

    def look_again(self, scope: TenantScope, integration_name: str) -> None:
        """Have all connections of an integration marked anew, as soon as there is time for so many."""
        self._waiting[scope, integration_name] = None
        self._background.wake()

    async def _look(self) -> float:
        if not self._has_looked:
            await self._look_through_all()
            self._has_looked = True
        while self._waiting:
            scope, name = next(iter(self._waiting))
            # Taken out first: a change that comes while these are looked through asks for another look.
            del self._waiting[scope, name]
            try:
                await self._look_through(scope, name)
            except Exception:
                self._waiting[scope, name] = None
                raise
        return _A_DAY

    async def _look_through(self, scope: TenantScope, integration_name: str) -> None:
        """Mark what a change of configuration concerns.

        Also what is only read, is read in write transactions: the first of them begins when the one that asked for
        this has ended, so that it sees the change.
        """
        after: str | None = ""
        while after is not None:
            async with self._database.write() as tx:
                rows = await tx.connections.granted(scope, integration_name, after=after, limit=_PAGE)
                await self.settle(tx, rows)
            after = _next_page(rows)

    async def _look_through_all(self) -> None:
        """Mark what another release's manifests concern, and what a process before this one did not come to."""
        after: str | None = ""
        while after is not None:
            async with self._database.read() as tx:
                rows = await tx.connections.all_granted(after=after, limit=_PAGE)
                found = await self._missing(tx, rows)
            await self._settle_anew([row for row in rows if row.missing_scopes != found[row.id]])
            after = _next_page(rows)

    async def _settle_anew(self, stale: Sequence[Connection]) -> None:
        """Mark connections as they are by now: they were read in an earlier transaction."""
        for organization_id in {row.organization_id for row in stale}:
            ids = [row.id for row in stale if row.organization_id == organization_id]
            async with self._database.write() as tx:
                rows = await tx.connections.display_names(TenantScope(organization_id), ids)
                await self.settle(tx, list(rows.values()))

    async def _missing(self, tx: Transaction, connections: Sequence[Connection]) -> Mapping[str, list[str] | None]:
        """Return what each lacks, by id: None where that is nothing, and where nobody said what was granted."""
        serving = await tx.workspace_integrations.served_by(connections)
        # Most connections of a page serve the same: what that needs takes longer to find out than what one lacks.
        needs: dict[tuple[str, ...], tuple[str, ...]] = {}
        found: dict[str, list[str] | None] = {}
        for row in connections:
            found[row.id] = None
            method = self._method(row)
            if method is None or row.granted_scopes is None:
                continue
            key = (row.organization_id, row.integration_name, method.key, *(each.id for each in serving[row.id]))
            if key not in needs:
                needs[key] = needed_scopes(
                    self._catalogs.of(row.organization_id).get(row.integration_name), method, serving[row.id]
                )
            needed = dict.fromkeys((*needs[key], *self._noted(row)))
            found[row.id] = lacking_scopes(method, needed, row.granted_scopes) or None
        return found

    def _noted(self, connection: Connection) -> Sequence[str]:
        """Return what a remote MCP server wanted besides: nothing but its refusals tells."""
        name, catalog = connection.integration_name, self._catalogs.of(connection.organization_id)
        is_remote = name in catalog and catalog.get(name).is_mcp_server
        return connection.missing_scopes or () if is_remote else ()

    def _method(self, connection: Connection) -> AnyAuthMethod | None:
        name, catalog = connection.integration_name, self._catalogs.of(connection.organization_id)
        methods = catalog.get(name).auth if name in catalog else ()
        return next((each for each in methods if each.key == connection.auth_method_key), None)


def _next_page(rows: Sequence[Connection]) -> str | None:
    """Return the id behind which the next page begins, None behind the last one."""
    return None if len(rows) < _PAGE else rows[-1].id
