"""Accounts at third parties: their credentials, the OAuth apps that these belong to, and grants that end."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class Connection(Record, table=True):
    """One third-party account with its sealed credential."""

    table = "connections"
    __table_args__ = (
        UniqueConstraint("owner", "integration_name", "external_id"),
        Index(None, "integration_name", "account_id"),
        CheckConstraint("status in ('ACTIVE', 'ERROR')", name="status"),
        CheckConstraint("scope in ('ORGANIZATION', 'WORKSPACE', 'USER')", name="scope"),
        CheckConstraint("(scope = 'ORGANIZATION') = (workspace_id is null)", name="workspace"),
        CheckConstraint("(scope = 'USER') = (end_user_id is not null)", name="end_user"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = references("workspaces.id", on_delete="CASCADE", optional=True)
    end_user_id: str | None = references("end_users.id", on_delete="CASCADE", optional=True)
    owner: str = Field(sa_type=Text)
    """The id of the organization, workspace or end user whose it is: the space in which `external_id` is unique."""
    workspace_integration_id: str | None = references("workspace_integrations.id", on_delete="SET NULL", optional=True)
    """The instance it was made for; a sibling alias of the same integration never uses it."""
    made_for_alias: str | None = Field(default=None, sa_type=Text)
    """The alias of that instance after the instance was removed: only its successor takes the connection up."""
    integration_name: str = Field(sa_type=Text)
    auth_method_key: str | None = Field(default=None, sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text, index=True)
    external_id: str = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    status: str = Field(default="ACTIVE", sa_type=Text)
    scope: str = Field(sa_type=Text)
    account_id: str | None = Field(default=None, sa_type=Text)
    account_label: str | None = Field(default=None, sa_type=Text)
    granted_scopes: list[str] | None = json_field()
    missing_scopes: list[str] | None = json_field()
    """What the enabled actions need beyond what was granted; None where nothing is missing."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    version: int = Field(default=1)
    """Counts the credentials this row has held."""
    obtained_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the credential of this version was asked for: its lifetime runs from here to `expires_at`."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refresh_started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Set before the provider is asked for new tokens, cleared with the answer: still set, the answer was lost."""
    refreshed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class OAuthApp(Record, table=True):
    """A tenant's own registration at a provider, shown there in place of the deployment's."""

    table = "oauth_apps"

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = references("workspaces.id", on_delete="CASCADE", optional=True)
    integration_name: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True), repr=False)
    """The client secret; a public app has none."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Revocation(Record, table=True):
    """A grant whose connection is gone, and of which the provider is still to be told; erased once it has been.

    Points at no other table: it outlives the organization whose deletion queued it.
    """

    table = "revocations"

    organization_id: str = Field(sa_type=Text, index=True)
    workspace_id: str | None = Field(default=None, sa_type=Text)
    connection_id: str = Field(sa_type=Text)
    """The connection that is gone, or whose account was replaced."""
    integration_name: str = Field(sa_type=Text)
    auth_method_key: str = Field(sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text)
    client_id: str | None = Field(default=None, sa_type=Text)
    """What the provider knows the OAuth app by; None where none was known any more."""
    account_id: str | None = Field(default=None, sa_type=Text)
    account_label: str | None = Field(default=None, sa_type=Text)
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """The credential, and the OAuth app that it belongs to; nothing any more once it was given up."""
    attempts: int = Field(default=0)
    next_attempt_at: datetime = Field(sa_type=UtcDateTime, index=True)
    last_error: str | None = Field(default=None, sa_type=Text)
    given_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the provider had been asked often enough; the row stays a while for people to see."""
