"""Keeps the grants of rarely used connections alive: providers end what lies unused, and some do it quietly.

Every renewable connection is renewed once a week at least, sooner where the manifest says that grants die sooner. What
has ended already is found out then, not months later by a person who waits for an answer.

A sweep begins with the integrations that ship; organizations' own follow, some at a time, because there is no bound to
how many there are of them in all.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, TypeAlias

from gateway.connections.refresh import Refresh
from gateway.errors import ConnectionNotFound
from gateway.kit.background import Background
from gateway.kit.clock import Clock
from gateway.tenancy.catalogs import OWN_PREFIX, Catalogs
from integrations.auth_methods import OAuth2
from storage.connections import RestingMethod
from storage.database import Database
from storage.records import Connection

_LONGEST_REST: Final = timedelta(days=7)
_EARLIEST: Final = 0.75
"""Of its rest. Between this and all of it each connection has a moment of its own, so that what was imported
together is not renewed together for ever."""
_AT_ONCE: Final = 20
_OWN_AT_ONCE: Final = 20
"""Of organizations' own integrations: each may have to be parsed for it."""
_SHORTEST_REST: Final = timedelta(hours=12)
_IN_PARALLEL: Final = 2
_BETWEEN_BATCHES_SECONDS: Final = 10.0
_BETWEEN_SWEEPS_SECONDS: Final = 600.0

Rests: TypeAlias = Mapping[RestingMethod, timedelta]
"""How long grants may lie unused, by auth method."""


def rest_of(method: OAuth2) -> timedelta:
    """Return how long a grant may lie unused: half of what the provider allows, a week at most."""
    idle_days = method.refresh.idle_days
    return _LONGEST_REST if idle_days is None else min(_LONGEST_REST, timedelta(days=idle_days) / 2)


def is_resting_too_long(connection: Connection, rest: timedelta, now: datetime) -> bool:
    """Tell whether a connection's moment has come; it lies in the last quarter of the rest, by the connection's id."""
    share = _EARLIEST + (1 - _EARLIEST) * int(connection.id[:8], 16) / 0xFFFFFFFF
    return now >= (connection.obtained_at or connection.created_at) + rest * share


class KeepAlive:
    """Renews what has been resting for too long, two at a time and not many a minute."""

    def __init__(
        self,
        database: Database,
        *,
        catalogs: Catalogs,
        refresh: Refresh,
        clock: Clock,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._database = database
        self._refresh = refresh
        self._clock = clock
        self._jitter = jitter
        self._catalogs = catalogs
        self._after = ""
        self._own: list[RestingMethod] | None = None
        """What is left of organizations' own in this sweep; None while it is at what ships."""
        self._has_waited = False
        self._background = Background("keep-alive", self._round)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return a block during which grants are kept alive, beginning a minute or so after its start."""
        return self._background.running()

    async def renew_some(self) -> bool:
        """Renew those of the next few candidates whose moment has come; whether there may be more of them now."""
        now = self._clock()
        rests = self._shipped if self._own is None else self._rests_of(self._own[:_OWN_AT_ONCE])
        earliest = {method: now - rest * _EARLIEST for method, rest in rests.items()}
        async with self._database.read() as tx:
            found = await tx.connections.resting(earliest, after=self._after, limit=_AT_ONCE)
        lanes = asyncio.Semaphore(_IN_PARALLEL)
        async with asyncio.TaskGroup() as tasks:
            for row in found:
                if is_resting_too_long(row, _rest(rests, row), now):
                    tasks.create_task(self._renew(row, lanes))
        if len(found) == _AT_ONCE:
            self._after = found[-1].id
            return True
        return await self._go_on(now)

    async def _go_on(self, now: datetime) -> bool:
        """Turn to the integrations that come next; whether there are any in this sweep."""
        self._after = ""
        if self._own is None:
            before = now - _SHORTEST_REST * _EARLIEST
            async with self._database.read() as tx:
                self._own = await tx.connections.resting_methods(prefix=OWN_PREFIX, before=before)
        else:
            del self._own[:_OWN_AT_ONCE]
        if not self._own:
            self._own = None
        return self._own is not None

    async def _renew(self, connection: Connection, lanes: asyncio.Semaphore) -> None:
        async with lanes:
            try:
                await self._refresh.renew(connection)
            except ConnectionNotFound:
                return

    async def _round(self) -> float:
        if not self._has_waited:
            # After a start there is enough to do, and every process of a deployment may have been started at once.
            self._has_waited = True
            return self._jitter(30.0, 90.0)
        seconds = _BETWEEN_BATCHES_SECONDS if await self.renew_some() else _BETWEEN_SWEEPS_SECONDS
        return self._jitter(seconds / 2, seconds)

    @cached_property
    def _shipped(self) -> Rests:
        """Of every OAuth method that ships. Found when first needed, because it reads the whole catalogue."""
        return {
            RestingMethod(integration.name, method.key): rest_of(method)
            for integration in self._catalogs.shipped
            for method in integration.auth
            if isinstance(method, OAuth2)
        }

    def _rests_of(self, methods: Sequence[RestingMethod]) -> Rests:
        """Of these methods of organizations' own, without those that are gone or are no OAuth."""
        found: dict[RestingMethod, timedelta] = {}
        for each in methods:
            catalog = self._catalogs.of(each.organization_id or "")
            offered = catalog.get(each.integration_name).auth if each.integration_name in catalog else ()
            method = next((one for one in offered if one.key == each.key), None)
            if isinstance(method, OAuth2):
                found[each] = rest_of(method)
        return found


def _rest(rests: Rests, row: Connection) -> timedelta:
    shipped = RestingMethod(row.integration_name, row.auth_method_key or "")
    return rests[shipped] if shipped in rests else rests[replace(shipped, organization_id=row.organization_id)]
