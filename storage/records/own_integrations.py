"""Integrations that organizations have described themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class OwnIntegration(Record, table=True):
    """A manifest that an organization has posted, or that was made of a description it gave."""

    table = "own_integrations"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE", index=False)
    name: str = Field(sa_type=Text)
    manifest: dict[str, Any] = json_field(optional=False)
    """In the manifest's notation, valid when it was kept."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class HeldTool(Record, table=True):
    """A tool of a remote MCP server that isn't as it was approved, by the server's own name for it."""

    table = "held_tools"
    __table_args__ = (
        UniqueConstraint("integration_id", "name"),
        CheckConstraint("kind in ('added', 'changed', 'removed', 'refused')", name="kind"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    integration_id: str = references("own_integrations.id", on_delete="CASCADE", index=False)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    digest: str | None = Field(default=None, sa_type=Text)
    definition: dict[str, Any] | None = json_field()
    """As the server showed it; None where it is gone, or not fit to be kept."""
    findings: list[str] = json_field(optional=False)
    """What speaks against it."""
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    """When the row was last written; `created_at` is when the tool was first held back."""
