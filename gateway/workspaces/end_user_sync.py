"""Mirrors a product's list of users into a workspace: idempotent, a result for each row, no bad row spoils others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.errors import Duplicate, NotFound, ToolgateError
from gateway.events import Event, announce_many
from gateway.kit.clock import Clock
from gateway.refusals import refusing
from gateway.tenancy.end_users import CONFLICTS, NewEndUser, end_user_row, end_user_values
from gateway.workspaces.deletions import Deletions
from storage.database import Database, Transaction
from storage.records import EndUser
from storage.scope import TenantScope

_PAGE = 500


class SyncStatus(StrEnum):
    """What has become of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SyncRow:
    """One person: `changes` may hold `display_name`, `email`, `details` and `suspended`; what is absent stays."""

    external_id: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What has become of one row."""

    status: SyncStatus
    external_id: str | None = None
    end_user_id: str | None = None
    failure: ToolgateError | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What has become of every row, in their order, and how many absent end users were removed."""

    results: Sequence[SyncResult]
    removed: int

    def count(self, status: SyncStatus) -> int:
        """Return how many rows ended so."""
        return sum(result.status is status for result in self.results)


class EndUserSync:
    """The bulk way to keep end users as the product knows them."""

    def __init__(self, database: Database, *, deletions: Deletions, clock: Clock) -> None:
        self._database = database
        self._deletions = deletions
        self._clock = clock

    async def sync(
        self, scope: TenantScope, workspace_id: str, rows: Sequence[SyncRow | SyncResult], *, remove_absent: bool
    ) -> SyncReport:
        """Take in all rows in one transaction; those that the caller could not read come as failed results.

        With `remove_absent`, end users whom no row names are removed, but only if no row failed: somebody whose row
        could not be read is not absent. Raises `NotFound` (the workspace).
        """
        with refusing(CONFLICTS):
            async with self._database.write() as tx:
                # Held, so that nobody adds one of these people meanwhile and fails the whole list.
                if await tx.workspaces.hold(scope, workspace_id) is None:
                    raise NotFound("there is no such workspace")
                results = await _Pass(tx, scope, workspace_id, self._clock()).take(rows)
                failed = any(result.status is SyncStatus.FAILED for result in results)
                named = {result.external_id for result in results}
                removed = (
                    0 if failed or not remove_absent else await self._remove_others(tx, scope, workspace_id, named)
                )
        return SyncReport(results, removed)

    async def _remove_others(
        self, tx: Transaction, scope: TenantScope, workspace_id: str, named: set[str | None]
    ) -> int:
        """Remove the product's end users whom nobody named; members and whoever has no external id are not its own."""
        count, after = 0, ""
        while rows := await tx.end_users.batch(scope, workspace_id, after=after, limit=_PAGE):
            after = rows[-1].id
            absent = [row for row in rows if row.external_id is not None and row.external_id not in named]
            await self._deletions.end_users_in(tx, scope, absent)
            count += len(absent)
        return count


@dataclass(slots=True)
class _Pass:
    tx: Transaction
    scope: TenantScope
    workspace_id: str
    now: datetime
    added: list[EndUser] = field(default_factory=list[EndUser])

    async def take(self, rows: Sequence[SyncRow | SyncResult]) -> list[SyncResult]:
        names = [row.external_id for row in rows if isinstance(row, SyncRow)]
        known = await self.tx.end_users.by_external_ids(self.scope, self.workspace_id, names)
        seen: set[str] = set()
        results: list[SyncResult] = []
        for row in rows:
            if isinstance(row, SyncResult):
                results.append(row)
                continue
            results.append(await self._row(row, known.get(row.external_id), is_repeated=row.external_id in seen))
            seen.add(row.external_id)
        await announce_many(self.tx, Event.END_USER_CREATED, self.added, now=self.now)
        return results

    async def _row(self, row: SyncRow, known: EndUser | None, *, is_repeated: bool) -> SyncResult:
        try:
            if is_repeated:
                raise Duplicate("externalId: an earlier row of this list has it already")
            values = end_user_values({name: value for name, value in row.changes.items() if name != "suspended"})
            status, end_user = await (self._add(row) if known is None else self._update(known, row, values))
        except ToolgateError as failure:
            return SyncResult(SyncStatus.FAILED, row.external_id, failure=failure)
        return SyncResult(status, row.external_id, end_user.id)

    async def _add(self, row: SyncRow) -> tuple[SyncStatus, EndUser]:
        told = {name: value for name, value in row.changes.items() if name != "suspended"}
        new = NewEndUser(workspace_id=self.workspace_id, external_id=row.external_id, **told)
        end_user = end_user_row(self.scope, new, now=self.now)
        if row.changes.get("suspended"):
            end_user.suspended_at = self.now
        self.added.append(await self.tx.end_users.insert(end_user))
        return SyncStatus.CREATED, end_user

    async def _update(self, known: EndUser, row: SyncRow, values: dict[str, Any]) -> tuple[SyncStatus, EndUser]:
        different = {name: value for name, value in values.items() if getattr(known, name) != value}
        suspended = row.changes.get("suspended")
        if suspended is not None and suspended != (known.suspended_at is not None):
            different["suspended_at"] = self.now if suspended else None
        if not different:
            return SyncStatus.UNCHANGED, known
        return SyncStatus.UPDATED, await self.tx.end_users.update(known, updated_at=self.now, **different)
