"""Organizations, their API keys, workspaces and end users."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime, json_column
from storage.records.base import Record, json_field, references


class Organization(Record, table=True):
    """The top of a tenant: everything else hangs below one."""

    table = "organizations"

    name: str = Field(sa_type=Text)
    slug: str = Field(sa_type=Text, unique=True)
    settings: dict[str, Any] | None = json_field()
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(Record, table=True):
    """A product backend's key for REST; only its hash is kept."""

    table = "api_keys"

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    name: str = Field(sa_type=Text)
    key_hash: str = Field(sa_type=Text, unique=True)
    key_prefix: str = Field(sa_type=Text)
    permissions: dict[str, Any] | None = json_field()
    """Exactly what was sent at creation; `scope: workspace` with `workspaceIds` narrows the key."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Workspace(Record, table=True):
    """A configured container of integrations: one customer, or one environment."""

    table = "workspaces"
    __table_args__ = (UniqueConstraint("organization_id", "slug"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE", index=False)
    name: str = Field(sa_type=Text)
    slug: str = Field(sa_type=Text)
    settings: dict[str, Any] | None = json_field()
    updated_at: datetime = Field(sa_type=UtcDateTime)


class EndUser(Record, table=True):
    """A person who uses the product; `external_id` is the product's own id for them."""

    table = "end_users"
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id"),
        Index(None, "workspace_id", "email_key"),
        CheckConstraint("type in ('external', 'member')", name="type"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE", index=False)
    external_id: str | None = Field(default=None, sa_type=Text)
    type: str = Field(default="external", sa_type=Text)
    display_name: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    email_key: str | None = Field(default=None, sa_type=Text)
    """The address as it is compared: ASCII-folded, its domain IDNA-normalised (design/links-and-identity)."""
    details: dict[str, Any] | None = Field(default=None, sa_column=Column("metadata", json_column(), nullable=True))
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    linked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When somebody at a browser first showed to be this person; None while only the product has spoken of them."""
    updated_at: datetime = Field(sa_type=UtcDateTime)
