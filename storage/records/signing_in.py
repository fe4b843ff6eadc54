"""Who signs in: identities at issuers, whom they stand for in workspaces, and the browsers that stay signed in."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class IdentityProvider(Record, table=True):
    """An OpenID provider at which an organization's end users may sign in."""

    table = "identity_providers"
    __table_args__ = (UniqueConstraint("organization_id", "issuer"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE", index=False)
    name: str = Field(sa_type=Text)
    """What the button says: "Sign in with …"."""
    issuer: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True), repr=False)
    """The client secret; a public client has none."""
    email_domains: list[str] | None = json_field()
    """The domains of the addresses about which it is believed, as they are compared; None: of all."""
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Identity(Record, table=True):
    """Somebody as one issuer knows them, within one organization. Codes by e-mail are an issuer of their own."""

    table = "identities"
    __table_args__ = (UniqueConstraint("organization_id", "issuer", "subject"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE", index=False)
    issuer: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    email_key: str | None = Field(default=None, sa_type=Text)
    """The address as it is compared, where the issuer has verified it; else None, and it matches nobody."""
    display_name: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class LinkedIdentity(Record, table=True):
    """An identity that stands for an end user: one at most in each workspace."""

    table = "linked_identities"
    __table_args__ = (UniqueConstraint("workspace_id", "identity_id"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE", index=False)
    end_user_id: str = references("end_users.id", on_delete="CASCADE")
    identity_id: str = references("identities.id", on_delete="CASCADE")


class SignedInBrowser(Record, table=True):
    """A browser that stays signed in as an identity for a while."""

    table = "signed_in_browsers"
    __table_args__ = (UniqueConstraint("identity_id", "browser_hash"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    identity_id: str = references("identities.id", on_delete="CASCADE", index=False)
    browser_hash: str = Field(sa_type=Text, index=True)
    """Hash of the browser's cookie."""
    described: str | None = Field(default=None, sa_type=Text)
    """What the person recognises it by: the browser's and the system's name."""
    last_used_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
