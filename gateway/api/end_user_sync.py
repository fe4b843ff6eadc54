"""Bulk synchronisation of end users over REST, beyond the contract."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError, WithJsonSchema

from gateway.api.calls import Call
from gateway.api.end_users import Email, columns_of
from gateway.api.errors import invalid
from gateway.api.models import (
    Answer,
    Body,
    ExternalId,
    Label,
    NoQuery,
    SmallObject,
    WorkspaceReference,
    absent,
    omitted,
)
from gateway.errors import ValidationFailed
from gateway.wiring import Gateway
from gateway.workspaces.end_user_sync import SyncResult, SyncRow, SyncStatus

MAX_SYNC_ROWS = 1000
MAX_SYNC_BYTES = 4 * 1024 * 1024


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
    changes = columns_of(person.given())
    return SyncRow(changes.pop("external_id"), changes)
