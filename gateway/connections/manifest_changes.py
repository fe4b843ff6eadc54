"""What a new manifest means for accounts that were connected before it: an organization's own, or a release's.

Scopes that they lack now are marked, by `MissingScopes`. One that was connected by an auth method which its integration
no longer has can't be used: it breaks, so that people are asked to connect it again, and works again as soon as the
method is back. Nothing has to be remembered for that: every process looks through all of them when it starts.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from gateway.changes import ChangeFeed
from gateway.connections.choice import is_active
from gateway.connections.missing_scopes import MissingScopes
from gateway.events import Event, announce_many
from gateway.kit.background import Background
from gateway.kit.clock import Clock
from gateway.tenancy.catalogs import Catalogs
from storage.database import Database
from storage.repository import Topic
from storage.scope import TenantScope

METHOD_GONE: Final = "The way in which this account was connected is no longer offered. Connect the account again."
_AT_ONCE: Final = 300
_A_DAY: Final = 24 * 3600.0


class ManifestChanges:
    """Holds connections against the manifests as they are now."""

    def __init__(
        self, database: Database, *, catalogs: Catalogs, scopes: MissingScopes, changes: ChangeFeed, clock: Clock
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._scopes = scopes
        self._changes = changes
        self._clock = clock
        self._waiting: dict[tuple[str, str], None] = {}
        self._has_looked = False
        self._background = Background("manifest changes", self._look)

    @asynccontextmanager
    async def following(self) -> AsyncGenerator[None]:
        """Return a block during which connections follow the manifests, beside the requests."""
        unsubscribe = self._changes.subscribe(self._hear)
        try:
            async with self._background.running():
                yield
        finally:
            unsubscribe()

    def _hear(self, topics: Iterable[Topic]) -> None:
        for kind, changed in topics:
            if kind == "own_integration_needs":
                organization_id, _, name = changed.partition("/")
                self._waiting[organization_id, name] = None
                self._scopes.look_again(TenantScope(organization_id), name)
                self._background.wake()

    async def _look(self) -> float:
        if not self._has_looked:
            self._waiting |= dict.fromkeys(await self._all_concerned())
            self._has_looked = True
        while self._waiting:
            organization_id, name = key = next(iter(self._waiting))
            # Taken out first: a change that comes while these are looked through asks for another look.
            del self._waiting[key]
            try:
                await self._settle(TenantScope(organization_id), name)
            except Exception:
                self._waiting[key] = None
                raise
        return _A_DAY

    async def _all_concerned(self) -> list[tuple[str, str]]:
        """Return the organizations and integrations of which some connection is not as it has to be."""
        async with self._database.read() as tx:
            uses = await tx.connections.methods_in_use(said=METHOD_GONE)
        return [
            (use.organization_id, use.integration_name)
            for use in uses
            if (methods := self._methods(use.organization_id, use.integration_name))
            and (use.key in methods) != use.is_active
        ]

    async def _settle(self, scope: TenantScope, integration_name: str) -> None:
        methods = self._methods(scope.organization_id, integration_name)
        # Without any there is nothing to connect: no call asks for an account.
        has_more = bool(methods)
        while has_more:
            async with self._database.write() as tx:
                rows = await tx.connections.of_other_methods(
                    scope, integration_name, methods=methods, said=METHOD_GONE, limit=_AT_ONCE
                )
                lost, found = [each for each in rows if is_active(each)], [each for each in rows if not is_active(each)]
                for row in lost:
                    await tx.connections.update(row, status="ERROR", last_error=METHOD_GONE)
                for row in found:
                    await tx.connections.update(row, status="ACTIVE", last_error=None)
                await announce_many(tx, Event.CONNECTION_ERROR, lost, now=self._clock())
                await announce_many(tx, Event.CONNECTION_RECOVERED, found, now=self._clock())
            has_more = len(rows) == _AT_ONCE

    def _methods(self, organization_id: str, integration_name: str) -> list[str]:
        catalog = self._catalogs.of(organization_id)
        return [method.key for method in catalog.get(integration_name).auth] if integration_name in catalog else []
