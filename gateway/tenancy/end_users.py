"""End users: the people who use the product, mirrored from it; the product's own id for them is the external id."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.errors import Duplicate, EndUserNotFound, NotFound, ValidationFailed
from gateway.events import Event, announce
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.refusals import refusing
from gateway.tenancy.emails import email_key
from storage.database import Database, Transaction
from storage.records import Connection, EndUser
from storage.repository import Page
from storage.scope import TenantScope

CONFLICTS = {
    "uq_end_users_workspace_id_external_id": (Duplicate, "externalId: the workspace has an end user of this id already")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndUser:
    """What the product tells about a person."""

    workspace_id: str
    external_id: str
    display_name: str | None = None
    email: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CountedEndUsers:
    """A page of end users, and how many connections each of them has (absent: none)."""

    page: Page[EndUser]
    connections: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EndUserWithConnections:
    """An end user and the accounts that this person has connected."""

    end_user: EndUser
    connections: list[Connection]


class EndUsers:
    """The end users of a tenant's workspaces. Workspaces are named by id here."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewEndUser) -> EndUser:
        """Make an end user. Raises `ValidationFailed`, `NotFound` (the workspace), `Duplicate`."""
        row = end_user_row(scope, new, now=self._clock())
        with refusing(CONFLICTS):
            async with self._database.write() as tx:
                if await tx.workspaces.get(scope, new.workspace_id) is None:
                    raise NotFound("there is no such workspace")
                await announce(tx, Event.END_USER_CREATED, await tx.end_users.insert(row), now=self._clock())
                return row

    async def get(self, scope: TenantScope, end_user_id: str) -> EndUserWithConnections:
        """Return an end user with all connections. Raises `EndUserNotFound`."""
        async with self._database.read() as tx:
            row = await existing_end_user(tx, scope, end_user_id)
            return EndUserWithConnections(row, await tx.connections.of_end_user(scope, row.id))

    async def by_external_id(self, scope: TenantScope, workspace_id: str, external_id: str) -> EndUser:
        """Return the end user whom the product knows by this id. Raises `EndUserNotFound`."""
        async with self._database.read() as tx:
            row = await tx.end_users.by_external_id(scope, workspace_id, external_id)
        if row is None:
            raise EndUserNotFound(unknown_end_user(external_id))
        return row

    async def page(
        self,
        scope: TenantScope,
        workspace_id: str,
        *,
        external_id: str | None = None,
        email: str | None = None,
        limit: int,
        offset: int,
    ) -> CountedEndUsers:
        """Return a page of a workspace's end users, optionally only those of an external id or an address."""
        async with self._database.read() as tx:
            page = await tx.end_users.page(
                scope,
                workspace_id,
                external_id=external_id,
                email_key=None if email is None else accept_email(email),
                limit=limit,
                offset=offset,
            )
            return CountedEndUsers(page, await tx.end_users.connection_counts(page.rows))

    async def update(self, scope: TenantScope, end_user_id: str, changes: Mapping[str, Any]) -> EndUserWithConnections:
        """Set `display_name`, `email`, `details`; None clears. Raises `EndUserNotFound`, `ValidationFailed`."""
        values = end_user_values(changes)
        async with self._database.write() as tx:
            row = await existing_end_user(tx, scope, end_user_id)
            await tx.end_users.update(row, updated_at=self._clock(), **values)
            return EndUserWithConnections(row, await tx.connections.of_end_user(scope, row.id))

    async def suspend(self, scope: TenantScope, end_user_id: str, *, suspended: bool) -> EndUserWithConnections:
        """Shut an end user out, keeping everything, or let them in again; twice is once. Raises `EndUserNotFound`."""
        async with self._database.write() as tx:
            row = await existing_end_user(tx, scope, end_user_id)
            if (row.suspended_at is not None) != suspended:
                now = self._clock()
                await tx.end_users.update(row, suspended_at=now if suspended else None, updated_at=now)
            return EndUserWithConnections(row, await tx.connections.of_end_user(scope, row.id))


def end_user_row(scope: TenantScope, new: NewEndUser, *, now: datetime) -> EndUser:
    """Return the row of a new end user. Raises `ValidationFailed`."""
    return EndUser(
        id=new_id(),
        organization_id=scope.organization_id,
        workspace_id=new.workspace_id,
        external_id=new.external_id,
        created_at=now,
        updated_at=now,
        **end_user_values({"display_name": new.display_name, "email": new.email, "details": new.details}),
    )


def end_user_values(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that these changes set. Raises `ValidationFailed`."""
    values = dict(changes)
    if "email" in values:
        values["email_key"] = None if values["email"] is None else accept_email(values["email"])
    return values


def accept_email(address: str) -> str:
    """Return the form in which an address is compared. Raises `ValidationFailed`."""
    key = email_key(address)
    if key is None:
        raise ValidationFailed("email: this is not an e-mail address")
    return key


async def find_or_add(
    tx: Transaction, scope: TenantScope, *, workspace_id: str, external_id: str, now: datetime
) -> EndUser:
    """Return the end user of an external id, made on the fly where unknown (contract 4.13)."""
    known = await tx.end_users.by_external_id(scope, workspace_id, external_id)
    if known is not None:
        return known
    new = NewEndUser(workspace_id=workspace_id, external_id=external_id)
    row = await tx.end_users.insert(end_user_row(scope, new, now=now))
    await announce(tx, Event.END_USER_CREATED, row, now=now)
    return row


async def existing_end_user(tx: Transaction, scope: TenantScope, end_user_id: str) -> EndUser:
    """Return an end user by our own id. Raises `EndUserNotFound`."""
    row = await tx.end_users.get(scope, end_user_id)
    if row is None:
        raise EndUserNotFound("there is no such end user")
    return row


def unknown_end_user(external_id: str) -> str:
    """Return the sentence for an external id that nobody of the workspace has."""
    return f"endUserId: the workspace has no end user with the external id {external_id[:200]!r}"
