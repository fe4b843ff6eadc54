"""End users over REST (contract 1.3), with look-up, suspension and bulk synchronisation beyond it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidationError, WithJsonSchema

from gateway.api.calls import Call
from gateway.api.connections import Connection
from gateway.api.errors import invalid
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    ExternalId,
    Label,
    Moment,
    NoQuery,
    Nothing,
    Paged,
    SmallObject,
    WorkspaceReference,
    absent,
    omitted,
)
from gateway.errors import NoUpdates, ValidationFailed
from gateway.tenancy.emails import MAX_EMAIL_LENGTH
from gateway.tenancy.end_user_sync import SyncResult, SyncRow, SyncStatus
from gateway.tenancy.end_users import EndUserWithConnections, NewEndUser
from gateway.wiring import Gateway
from storage import records

MAX_SYNC_ROWS = 1000
MAX_SYNC_BYTES = 4 * 1024 * 1024

Email = Annotated[str, Field(min_length=3, max_length=MAX_EMAIL_LENGTH, json_schema_extra={"format": "email"})]


class EndUserToCreate(Body):
    """A new end user."""

    workspace_id: WorkspaceReference
    external_id: ExternalId
    display_name: Label | None = None
    email: Email | None = None
    metadata: SmallObject | None = None


class EndUserChanges(Body):
    """What is to change; null clears."""

    display_name: Label | None = None
    email: Email | None = None
    metadata: SmallObject | None = None


class EndUsersToList(Paged):
    """Which end users."""

    workspace_id: WorkspaceReference
    external_id: ExternalId | None = None
    email: Email | None = None


class PersonToSync(Body):
    """One person; what is absent stays as it is, null clears."""

    external_id: ExternalId
    display_name: Label | None = None
    email: Email | None = None
    metadata: SmallObject | None = None
    suspended: bool = absent()


class EndUsersToSync(Body):
    """The product's list of users."""

    workspace_id: WorkspaceReference
    end_users: Annotated[
        list[Annotated[Any, WithJsonSchema(PersonToSync.model_json_schema())]], Field(max_length=MAX_SYNC_ROWS)
    ]
    """Each is read on its own, so that a bad one fails alone."""
    remove_absent: bool = Field(
        default=False,
        description="Also delete the workspace's end users that the list does not name. Nobody is deleted if any "
        "row failed. An empty list is refused.",
    )


class EndUser(Answer):
    """An end user."""

    id: str
    workspace_id: str
    external_id: str | None = omitted()
    display_name: str | None = omitted()
    email: str | None = omitted()
    metadata: dict[str, Any] | None = omitted()
    connection_count: int
    type: Literal["external", "member"]
    suspended: bool
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.EndUser, *, connection_count: int) -> "EndUser":
        """Show a row."""
        return cls(
            id=row.id,
            workspace_id=row.workspace_id,
            external_id=row.external_id,
            display_name=row.display_name,
            email=row.email,
            metadata=row.details,
            connection_count=connection_count,
            type="member" if row.type == "member" else "external",
            suspended=row.suspended_at is not None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class OneEndUser(Answer):
    """One end user."""

    end_user: EndUser

    @classmethod
    def of(cls, found: EndUserWithConnections) -> "OneEndUser":
        """Show an end user."""
        return cls(end_user=EndUser.of(found.end_user, connection_count=len(found.connections)))


class EndUserAndConnections(Answer):
    """One end user and the accounts that this person has connected."""

    end_user: EndUser
    connections: list[Connection]


class ManyEndUsers(Answer):
    """A page of end users."""

    end_users: list[EndUser]
    total: int


class DeletedEndUser(Deleted):
    """Who has been deleted, and how many connections went along."""

    connections_deleted: int


class SyncFailure(Answer):
    """Why a row was not taken."""

    error: str
    code: str


class SyncedRow(Answer):
    """What has become of one row; `index` is its place in the request, from 0."""

    index: int
    external_id: str | None = omitted()
    status: SyncStatus
    id: str | None = omitted()
    error: SyncFailure | None = omitted()

    @classmethod
    def of(cls, index: int, result: SyncResult) -> "SyncedRow":
        """Show a result."""
        failure = result.failure
        return cls(
            index=index,
            external_id=result.external_id,
            status=result.status,
            id=result.end_user_id,
            error=None if failure is None else SyncFailure(error=failure.message, code=failure.code),
        )


class SyncAnswer(Answer):
    """What has become of every row, in the request's order."""

    results: list[SyncedRow]
    created: int
    updated: int
    unchanged: int
    failed: int
    removed: int


async def create_end_user(gateway: Gateway, call: Call[EndUserToCreate, NoQuery]) -> OneEndUser:
    """Create an end user."""
    body = call.body
    workspace = await gateway.workspaces.find(call.scope, body.workspace_id)
    new = NewEndUser(
        workspace_id=workspace.id,
        external_id=body.external_id,
        display_name=body.display_name,
        email=body.email,
        details=body.metadata,
    )
    return OneEndUser(end_user=EndUser.of(await gateway.end_users.create(call.scope, new), connection_count=0))


async def list_end_users(gateway: Gateway, call: Call[Nothing, EndUsersToList]) -> ManyEndUsers:
    """List the end users of a workspace.

    With `externalId` or `email` only those that match; e-mail addresses match whatever the case of their letters.
    """
    query = call.query
    workspace = await gateway.workspaces.find(call.scope, query.workspace_id)
    found = await gateway.end_users.page(
        call.scope,
        workspace.id,
        external_id=query.external_id,
        email=query.email,
        limit=query.limit,
        offset=query.offset,
    )
    shown = [EndUser.of(row, connection_count=found.connections.get(row.id, 0)) for row in found.page.rows]
    return ManyEndUsers(end_users=shown, total=found.page.total)


async def get_end_user(gateway: Gateway, call: Call[Nothing, NoQuery]) -> EndUserAndConnections:
    """Get an end user with all connected accounts."""
    found = await gateway.end_users.get(call.scope, call.path["id"])
    external_id = found.end_user.external_id
    return EndUserAndConnections(
        end_user=EndUser.of(found.end_user, connection_count=len(found.connections)),
        connections=[Connection.of(row, end_user=external_id) for row in found.connections],
    )


async def update_end_user(gateway: Gateway, call: Call[EndUserChanges, NoQuery]) -> OneEndUser:
    """Change an end user; null clears."""
    changes = _columns(call.body.given())
    if not changes:
        raise NoUpdates("displayName, email or metadata: give at least one")
    return OneEndUser.of(await gateway.end_users.update(call.scope, call.path["id"], changes))


async def suspend_end_user(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneEndUser:
    """Shut an end user out.

    Sign-in, tokens and tool calls are refused from now on; everything is kept.
    """
    return OneEndUser.of(await gateway.end_users.suspend(call.scope, call.path["id"], suspended=True))


async def resume_end_user(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneEndUser:
    """Let a suspended end user in again."""
    return OneEndUser.of(await gateway.end_users.suspend(call.scope, call.path["id"], suspended=False))


async def delete_end_user(gateway: Gateway, call: Call[Nothing, NoQuery]) -> DeletedEndUser:
    """Delete an end user with all connections and tokens."""
    count = await gateway.end_users.delete(call.scope, call.path["id"])
    return DeletedEndUser(id=call.path["id"], connections_deleted=count)


async def sync_end_users(gateway: Gateway, call: Call[EndUsersToSync, NoQuery]) -> SyncAnswer:
    """Create and update many end users at once.

    Idempotent, up to 1,000 rows. Every row gets its own result (`created`, `updated`, `unchanged` or `failed`), and a
    bad row does not keep the others out.
    """
    body = call.body
    workspace = await gateway.workspaces.find(call.scope, body.workspace_id)
    if body.remove_absent and not body.end_users:
        raise ValidationFailed("endUsers: is empty, and removeAbsent would delete everybody; delete them one by one")
    report = await gateway.end_user_sync.sync(
        call.scope, workspace.id, [_person(row) for row in body.end_users], remove_absent=body.remove_absent
    )
    return SyncAnswer(
        results=[SyncedRow.of(index, result) for index, result in enumerate(report.results)],
        removed=report.removed,
        **{status.value: report.count(status) for status in SyncStatus},
    )


def _person(row: Any) -> SyncRow | SyncResult:
    try:
        person = PersonToSync.model_validate(row)
    except ValidationError as error:
        named = cast("Mapping[str, Any]", row).get("externalId") if isinstance(row, Mapping) else None
        return SyncResult(SyncStatus.FAILED, named[:255] if isinstance(named, str) else None, failure=invalid(error))
    changes = _columns(person.given())
    return SyncRow(changes.pop("external_id"), changes)


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """Call the wire's `metadata` by its column's name."""
    return {"details" if name == "metadata" else name: value for name, value in given.items()}
