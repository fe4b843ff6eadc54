"""Integrations that organizations have described themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text, UniqueConstraint
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
