"""Revocations over REST: grants whose connections are gone, and that a provider is still to be told of."""

from typing import Literal

from gateway.api.calls import Call
from gateway.api.models import Answer, Moment, Nothing, Paged, omitted
from gateway.wiring import Gateway
from storage import records


class Revocation(Answer):
    """A grant that is to end at its provider."""

    id: str
    status: Literal["PENDING", "GIVEN_UP"]
    connection_id: str
    integration_name: str
    workspace_id: str | None = omitted()
    account_label: str | None = omitted()
    attempts: int
    last_error: str | None = omitted()
    next_attempt_at: Moment | None = omitted()
    given_up_at: Moment | None = omitted()
    created_at: Moment

    @classmethod
    def of(cls, row: records.Revocation) -> "Revocation":
        """Show a row."""
        return cls(
            id=row.id,
            status="PENDING" if row.given_up_at is None else "GIVEN_UP",
            connection_id=row.connection_id,
            integration_name=row.integration_name,
            workspace_id=row.workspace_id,
            account_label=row.account_label,
            attempts=row.attempts,
            last_error=row.last_error,
            next_attempt_at=row.next_attempt_at if row.given_up_at is None else None,
            given_up_at=row.given_up_at,
            created_at=row.created_at,
        )


class ManyRevocations(Answer):
    """A page of revocations."""

    revocations: list[Revocation]
    total: int


async def list_revocations(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyRevocations:
    """List grants that providers are still to be told have ended.

    What a provider has been told of is erased. One that it would not take for days is given up, and stays for 30 days.
    """
    page = await gateway.revoking.revocations.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyRevocations(revocations=[Revocation.of(row) for row in page.rows], total=page.total)
