"""What built-in integrations keep."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime, bytewise_text
from storage.records.base import Record, references


class StateNamespace(Record, table=True):
    """One space of key-value pairs and files: whose, for which built-in integration (contract 4.17)."""

    table = "state_namespaces"
    __table_args__ = (UniqueConstraint("workspace_id", "integration_name", "scope", "key"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE", index=False)
    end_user_id: str | None = references("end_users.id", on_delete="CASCADE", optional=True)
    integration_name: str = Field(sa_type=Text)
    scope: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text)
    """The end user's id, the workspace's id, or the namespace key of scope `external`."""


class StateEntry(Record, table=True):
    """One value of the key-value store."""

    table = "state_entries"
    __table_args__ = (UniqueConstraint("namespace_id", "key"),)

    namespace_id: str = references("state_namespaces.id", on_delete="CASCADE", index=False)
    key: str = Field(sa_type=Text)
    value: str = Field(sa_type=Text)
    """JSON text, so that a stored null differs from no value."""


class StateFile(Record, table=True):
    """One file of a storage namespace."""

    table = "state_files"
    __table_args__ = (UniqueConstraint("namespace_id", "path"),)

    namespace_id: str = references("state_namespaces.id", on_delete="CASCADE", index=False)
    path: str = Field(sa_column=Column(bytewise_text(), nullable=False))
    content_type: str = Field(sa_type=Text)
    size: int
    content: bytes = Field(sa_type=LargeBinary, repr=False)
    updated_at: datetime = Field(sa_type=UtcDateTime)
