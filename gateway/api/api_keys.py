"""API keys over REST (contract 1.8)."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    Label,
    Moment,
    MomentToCome,
    NoQuery,
    Nothing,
    Paged,
    RowIdAsSent,
    absent,
)
from gateway.principals import ApiKeyPrincipal
from gateway.wiring import Gateway
from storage import records

_MAX_WORKSPACES = 1000


class ApprovalRights(Body):
    """What a key may decide."""

    decide: bool = False


class Permissions(Body):
    """What a key reaches: the organization, or the listed workspaces."""

    scope: Literal["org", "workspace"]
    workspace_ids: Annotated[list[RowIdAsSent], Field(min_length=1, max_length=_MAX_WORKSPACES)] = absent()
    approvals: ApprovalRights = absent()

    @model_validator(mode="after")
    def _workspaces_of_their_scope(self) -> "Permissions":
        if (self.scope == "workspace") != ("workspace_ids" in self.model_fields_set):
            raise ValueError("workspaceIds goes with scope `workspace`, and only with it")
        return self


class NewApiKey(Body):
    """A new API key."""

    name: Label
    expires_at: MomentToCome | None = None
    permissions: Permissions | None = Field(default=None, description="Absent: the whole organization.")


class ApiKey(Answer):
    """An API key, without the key itself."""

    id: str
    org_id: str
    name: str
    key_prefix: str
    permissions: dict[str, Any] | None
    last_used_at: Moment | None
    expires_at: Moment | None
    created_at: Moment

    @classmethod
    def of(cls, row: records.ApiKey) -> "ApiKey":
        """Show a row."""
        return cls(
            id=row.id,
            org_id=row.organization_id,
            name=row.name,
            key_prefix=row.key_prefix,
            permissions=row.permissions,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            created_at=row.created_at,
        )


class CreatedApiKey(Answer):
    """A new key; `plainKey` is shown this once."""

    api_key: ApiKey
    plain_key: str = Field(repr=False)


class ManyApiKeys(Answer):
    """A page of API keys."""

    api_keys: list[ApiKey]
    total: int


async def create_api_key(gateway: Gateway, call: Call[NewApiKey, NoQuery]) -> CreatedApiKey:
    """Create an API key.

    `plainKey` is shown this once: only its hash is kept.
    """
    body = call.body
    permissions = body.permissions
    created = await gateway.api_keys.create(
        call.scope,
        name=body.name,
        expires_at=body.expires_at,
        permissions=None if permissions is None else permissions.model_dump(by_alias=True, exclude_unset=True),
    )
    return CreatedApiKey(api_key=ApiKey.of(created.record), plain_key=created.token.plain)


async def list_api_keys(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyApiKeys:
    """List the organization's API keys."""
    page = await gateway.api_keys.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyApiKeys(api_keys=[ApiKey.of(row) for row in page.rows], total=page.total)


async def delete_api_key(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete an API key, which opens nothing from then on.

    A key can't delete itself (403).
    """
    caller = call.caller
    own_id = caller.key_id if isinstance(caller, ApiKeyPrincipal) else None
    await gateway.api_keys.delete(call.scope, call.path["id"], by=own_id)
    return Deleted(id=call.path["id"])
