"""End users over REST (contract 1.3), with look-up, suspension and bulk synchronisation beyond it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.connections import Connection
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
    omitted,
)
from gateway.errors import NoUpdates
from gateway.tenancy.emails import MAX_EMAIL_LENGTH
from gateway.tenancy.end_users import EndUserWithConnections, NewEndUser
from gateway.wiring import Gateway
from storage import records

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


class EndUserAsTold(Answer):
    """An end user, as events tell of one."""

    id: str
    workspace_id: str
    external_id: str | None = omitted()
    display_name: str | None = omitted()
    email: str | None = omitted()
    metadata: dict[str, Any] | None = omitted()
    type: Literal["external", "member"]
    suspended: bool
    created_at: Moment
    updated_at: Moment


class EndUser(EndUserAsTold):
    """An end user."""

    connection_count: int

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
    changes = columns_of(call.body.given())
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
    count = await gateway.deletions.end_user(call.scope, call.path["id"])
    return DeletedEndUser(id=call.path["id"], connections_deleted=count)


def columns_of(given: dict[str, Any]) -> dict[str, Any]:
    """Call the wire's `metadata` by its column's name."""
    return {"details" if name == "metadata" else name: value for name, value in given.items()}
