"""Links and sessions under which people connect accounts, over REST (contract 1.3 and 1.5)."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.end_users import Email
from gateway.api.models import (
    Answer,
    Body,
    ExternalId,
    Label,
    Moment,
    NoQuery,
    Nothing,
    Reference,
    RowId,
    WorkspaceReference,
    omitted,
)
from gateway.connections.connect_sessions import NewSession
from gateway.errors import MissingToken
from gateway.tenancy.return_addresses import MAX_LENGTH
from gateway.wiring import Gateway
from storage import records

ReturnAddress = Annotated[
    str,
    Field(
        max_length=MAX_LENGTH,
        description="An https address, or one on this machine.",
        examples=["https://app.example.com/done"],
    ),
]
OAuthAppMode = Literal["weavz_managed", "custom"]
Status = Literal["PENDING", "CONNECTING", "COMPLETED", "FAILED"]


class LinkToCreate(Body):
    """What the link is for; without an integration it shows all that end users may connect."""

    integration_name: Reference | None = None
    workspace_integration_id: RowId | None = Field(
        default=None, description="Where the workspace has the integration under several aliases."
    )
    expires_in: Annotated[int, Field(ge=3_600, le=2_592_000)] | None = Field(
        default=None, description="Seconds until the link ends; seven days if absent."
    )


class ConnectLink(Answer):
    """A link to hand to the end user, in a popup or by redirect. The token in it is shown this once."""

    connect_url: str
    token: str
    expires_at: Moment


class InvitationToSend(LinkToCreate):
    """Where the link is mailed to, and what it is for."""

    email: Email


class Invitation(ConnectLink):
    """The link that was mailed, for you to hand over yourself where it was not."""

    email_sent: bool


class SessionToCreate(Body):
    """The account that is wanted. With endUserId it will be that end user's, else the workspace's."""

    integration_name: Reference
    connection_name: Label
    external_id: ExternalId
    workspace_id: WorkspaceReference
    workspace_integration_id: RowId | None = None
    auth_method_key: Reference | None = None
    end_user_id: ExternalId | None = Field(
        default=None, description="The end user's external id; made when the session completes, if unknown."
    )
    scope: Literal["ORGANIZATION", "WORKSPACE", "USER"] | None = None
    oauth_app_mode: OAuthAppMode | None = None
    oauth_app_id: Reference | None = None
    success_redirect_uri: ReturnAddress | None = None
    error_redirect_uri: ReturnAddress | None = None


class NewConnectSession(ConnectLink):
    """A connect session that has begun."""

    session_id: str


class ConnectSession(Answer):
    """A connect session: `connectionId` once it is COMPLETED, `error` once it is FAILED."""

    id: str
    integration_name: str
    workspace_integration_id: str | None = omitted()
    auth_method_key: str | None = omitted()
    oauth_app_mode: str | None = omitted()
    oauth_app_id: str | None = omitted()
    connection_name: str
    external_id: str
    status: Status
    connection_id: str | None = omitted()
    error: str | None = omitted()
    expires_at: Moment
    created_at: Moment

    @classmethod
    def of(cls, row: records.ConnectSession) -> "ConnectSession":
        """Show a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class OneConnectSession(Answer):
    """One connect session."""

    session: ConnectSession


class SessionToPoll(Body):
    """Which session, by its token; no API key is needed."""

    token: str | None = None


class PolledSession(Answer):
    """How a connect session stands."""

    status: Status
    connection_id: str | None
    integration_name: str
    workspace_integration_id: str | None
    auth_method_key: str | None
    oauth_app_mode: str | None
    oauth_app_id: str | None
    external_id: str
    error: str | None

    @classmethod
    def of(cls, row: records.ConnectSession) -> "PolledSession":
        """Show a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


async def create_connect_token(gateway: Gateway, call: Call[LinkToCreate, NoQuery]) -> ConnectLink:
    """Make a link under which an end user connects accounts.

    Hand it to the person only after you know that it is that person: whoever opens the link may connect.
    """
    body = call.body
    made = await gateway.connecting.links.create(
        call.scope,
        call.path["id"],
        integration_name=body.integration_name,
        workspace_integration_id=body.workspace_integration_id,
        lifetime=None if body.expires_in is None else timedelta(seconds=body.expires_in),
    )
    return ConnectLink(connect_url=made.url, token=made.token.plain, expires_at=made.expires_at)


async def invite_end_user(gateway: Gateway, call: Call[InvitationToSend, NoQuery]) -> Invitation:
    """Mail an end user a link under which to connect accounts.

    Holding the mailbox is the proof; the address need not be the end user's own, which is not changed. Where the mail
    can't be sent, `emailSent` is false and the link is good all the same. One address gets five an hour at most.
    """
    body = call.body
    sent = await gateway.invitations.invite(
        call.scope,
        call.path["id"],
        body.email,
        integration_name=body.integration_name,
        workspace_integration_id=body.workspace_integration_id,
        lifetime=None if body.expires_in is None else timedelta(seconds=body.expires_in),
    )
    link = sent.link
    return Invitation(
        connect_url=link.url, token=link.token.plain, expires_at=link.expires_at, email_sent=sent.email_sent
    )


async def create_connect_session(gateway: Gateway, call: Call[SessionToCreate, NoQuery]) -> NewConnectSession:
    """Begin a session in which somebody connects one account by OAuth.

    It lasts four hours. Poll it, or have the person sent back to you when it is over.
    """
    given = call.body.model_dump()
    workspace = await gateway.workspaces.find(call.scope, given.pop("workspace_id"))
    new = NewSession(workspace_id=workspace.id, end_user_external_id=given.pop("end_user_id"), **given)
    made = await gateway.connecting.sessions.create(call.scope, new)
    return NewConnectSession(
        token=made.token.plain, connect_url=made.url, expires_at=made.record.expires_at, session_id=made.record.id
    )


async def get_connect_session(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneConnectSession:
    """Get a connect session."""
    row = await gateway.connecting.sessions.get(call.scope, call.path["id"])
    return OneConnectSession(session=ConnectSession.of(row))


async def poll_connect_session(gateway: Gateway, call: Call[SessionToPoll, NoQuery]) -> PolledSession:
    """Tell how a connect session stands, to whoever holds its token."""
    if not call.body.token:
        raise MissingToken("token: give the session's token, cst_…")
    return PolledSession.of(await gateway.connecting.sessions.poll(call.body.token))
