"""Connections over REST (contract 1.4). Secrets go in and never come out."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    ExternalId,
    Label,
    Moment,
    NoQuery,
    Nothing,
    PagedWithSuspended,
    Reference,
    RowId,
    SmallObject,
    WorkspaceReference,
    omitted,
)
from gateway.connections.connection_tests import Outcome
from gateway.connections.connections import NewConnection
from gateway.errors import WorkspaceRequired
from gateway.kit.ids import as_id
from gateway.wiring import Gateway
from storage import records

Secret = Annotated[str, Field(min_length=1, max_length=20_000)]
Seconds = Annotated[int, Field(ge=1, le=10 * 365 * 24 * 3600)]


class CredentialFields(Body):
    """The credential, by type: secretText; username and password; props; accessToken and what comes with it."""

    secret_text: Secret | None = Field(default=None, repr=False)
    username: Annotated[str, Field(max_length=1000)] | None = Field(default=None, repr=False)
    password: Annotated[str, Field(max_length=20_000)] | None = Field(default=None, repr=False)
    props: SmallObject | None = Field(default=None, repr=False)
    access_token: Secret | None = Field(default=None, repr=False)
    refresh_token: Secret | None = Field(default=None, repr=False)
    token_type: Reference | None = None
    expires_in: Seconds | None = None
    oauth_scope: Annotated[str, Field(max_length=10_000)] | None = Field(default=None, alias="scope_oauth")
    data: SmallObject | None = Field(default=None, repr=False)

    def values(self) -> dict[str, Any]:
        """Return the credential's fields by their wire names."""
        return self.model_dump(by_alias=True, exclude_none=True, include=_CREDENTIAL)

    def granted_scopes(self) -> list[str] | None:
        """Return the OAuth scopes that came with the token; providers part them by spaces or commas."""
        return None if self.oauth_scope is None else self.oauth_scope.replace(",", " ").split()


_CREDENTIAL = {"secret_text", "username", "password", "props", "access_token", "refresh_token", "token_type", "data"}


class ConnectionRequest(CredentialFields):
    """A new connection. With endUserId it is that end user's, else with workspaceId the workspace's, else everyone's."""

    type: Literal["SECRET_TEXT", "BASIC_AUTH", "CUSTOM_AUTH", "OAUTH2", "PLATFORM_OAUTH2"]
    external_id: ExternalId
    display_name: Label
    integration_name: Reference
    auth_method_key: Reference | None = None
    workspace_id: WorkspaceReference | None = None
    workspace_integration_id: RowId | None = Field(
        default=None, description="The instance that an end user's connection is for; the only one there is if absent."
    )
    end_user_id: ExternalId | None = Field(
        default=None, description="The end user's external id; made on the fly if unknown."
    )
    scope: Literal["ORGANIZATION", "WORKSPACE", "USER"] | None = None
    oauth_app_id: Reference | None = None


class ConnectionChanges(Body):
    """What is to change."""

    display_name: Label


class ConnectionQuery(PagedWithSuspended):
    """Which connections; with `id`, just that one."""

    id: Reference | None = None
    workspace_id: WorkspaceReference | None = None
    end_user_id: ExternalId | None = Field(default=None, description="The end user's external id; needs workspaceId.")
    integration_name: Reference | None = None


class Connection(Answer):
    """A connected account, without its credential."""

    id: str
    external_id: str
    display_name: str
    integration_name: str
    auth_method_key: str | None = omitted()
    type: str
    status: Literal["ACTIVE", "ERROR"]
    scope: Literal["ORGANIZATION", "WORKSPACE", "USER"]
    workspace_id: str | None = omitted()
    end_user_id: str | None = omitted()
    workspace_integration_id: str | None = omitted()
    account_id: str | None = omitted(description="What never changes about the account at the provider.")
    account_label: str | None = omitted(description="What a person recognises the account by.")
    missing_scopes: list[str] | None = omitted(
        description="What the enabled actions need beyond what was granted; connecting again asks for it."
    )
    expires_at: Moment | None = omitted()
    last_refreshed_at: Moment | None = omitted()
    last_used_at: Moment | None = omitted()
    last_error: str | None = omitted()
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.Connection, *, end_user: str | None) -> "Connection":
        """Show a row; `end_user` is the external id of whoever owns it."""
        plain = {name: getattr(row, name) for name in _SHOWN}
        return cls.model_validate({**plain, "end_user_id": end_user, "last_refreshed_at": row.refreshed_at})


_SHOWN = frozenset(Connection.model_fields) - {"end_user_id", "last_refreshed_at"}


class OneConnection(Answer):
    """One connection."""

    connection: Connection


class ManyConnections(Answer):
    """A page of connections."""

    connections: list[Connection]
    total: int


async def list_connections(gateway: Gateway, call: Call[Nothing, ConnectionQuery]) -> ManyConnections | OneConnection:
    """List connections, or get one by `id`."""
    query = call.query
    if query.id is not None:
        return await _one(gateway, await gateway.connections.get(call.scope, as_id(query.id) or ""))
    workspace_id = end_user_id = None
    if query.workspace_id is not None:
        workspace_id = (await gateway.workspaces.find(call.scope, query.workspace_id)).id
    if query.end_user_id is not None:
        if workspace_id is None:
            raise WorkspaceRequired("workspaceId: has to be given with endUserId, which is unique in a workspace only")
        end_user_id = (await gateway.end_users.by_external_id(call.scope, workspace_id, query.end_user_id)).id
    page = await gateway.connections.page(
        call.scope,
        limit=query.limit,
        offset=query.offset,
        workspace_id=workspace_id,
        end_user_id=end_user_id,
        integration_name=query.integration_name,
    )
    return ManyConnections(connections=await _shown(gateway, page.rows), total=page.total)


async def create_connection(gateway: Gateway, call: Call[ConnectionRequest, NoQuery]) -> OneConnection:
    """Create a connection from a credential that you hold.

    To have a person connect an account, hand out a setup URL instead. The credential is sealed and never shown.
    """
    body = call.body
    workspace_id = None
    if body.workspace_id is not None:
        workspace_id = (await gateway.workspaces.find(call.scope, body.workspace_id)).id
    new = NewConnection(
        type=body.type,
        integration_name=body.integration_name,
        external_id=body.external_id,
        display_name=body.display_name,
        auth_method_key=body.auth_method_key,
        workspace_id=workspace_id,
        workspace_integration_id=body.workspace_integration_id,
        end_user_external_id=body.end_user_id,
        scope=body.scope,
        oauth_app_id=body.oauth_app_id,
        granted_scopes=body.granted_scopes(),
        expires_in=body.expires_in,
        values=body.values(),
    )
    row, end_user = await gateway.connections.create(call.scope, new)
    return OneConnection(connection=Connection.of(row, end_user=end_user.external_id if end_user else None))


async def update_connection(gateway: Gateway, call: Call[ConnectionChanges, NoQuery]) -> OneConnection:
    """Rename a connection."""
    row = await gateway.connections.rename(call.scope, call.path["id"], display_name=call.body.display_name)
    return await _one(gateway, row)


async def replace_credentials(gateway: Gateway, call: Call[CredentialFields, NoQuery]) -> OneConnection:
    """Put a new credential into a connection; what points at the connection stays.

    For a key that was rotated, or an account that was connected again. The connection counts as working afterwards.
    """
    row = await gateway.connections.replace_credentials(
        call.scope,
        call.path["id"],
        call.body.values(),
        expires_in=call.body.expires_in,
        granted_scopes=call.body.granted_scopes(),
    )
    return await _one(gateway, row)


class Account(Answer):
    """An account at the provider."""

    id: str
    label: str


class TestedConnection(Answer):
    """What a test has shown."""

    connection: Connection
    ok: bool
    outcome: Outcome = Field(
        description="`rejected`: the account has to be connected again. `unknown`: the provider did not answer, or not "
        "to the point. `untestable`: the integration has no request by which this could be tried."
    )
    account: Account | None = omitted()
    error: str | None = omitted()


async def test_connection(gateway: Gateway, call: Call[Nothing, NoQuery]) -> TestedConnection:
    """Ask the provider now whether a connection works, and whose account it is.

    The token is renewed first where that is due. A connection that the provider rejects becomes ERROR, one that works
    again ACTIVE.
    """
    tested = await gateway.connection_tests.test(call.scope, call.path["id"])
    row = tested.connection
    return TestedConnection(
        connection=(await _shown(gateway, [row]))[0],
        ok=tested.outcome is Outcome.WORKS,
        outcome=tested.outcome,
        account=None
        if row.account_id is None
        else Account(id=row.account_id, label=row.account_label or row.account_id),
        error=tested.error,
    )


async def delete_connection(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete a connection; integrations and tools that were pinned to it are left without."""
    await gateway.connections.delete(call.scope, call.path["id"])
    return Deleted(id=call.path["id"])


async def _one(gateway: Gateway, row: records.Connection) -> OneConnection:
    return OneConnection(connection=(await _shown(gateway, [row]))[0])


async def _shown(gateway: Gateway, rows: Sequence[records.Connection]) -> list[Connection]:
    owners = await gateway.connections.owners(rows)
    return [Connection.of(row, end_user=owners.get(row.end_user_id or "")) for row in rows]
