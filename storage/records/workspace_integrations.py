"""Integrations as workspaces have configured them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class WorkspaceIntegration(Record, table=True):
    """One integration as a workspace has configured it, under an alias."""

    table = "workspace_integrations"
    __table_args__ = (
        UniqueConstraint("workspace_id", "alias"),
        UniqueConstraint("workspace_id", "tool_prefix"),
        CheckConstraint(
            "connection_strategy in ('fixed', 'per_user', 'per_user_with_fallback')", name="connection_strategy"
        ),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE", index=False)
    integration_name: str = Field(sa_type=Text)
    alias: str = Field(sa_type=Text)
    tool_prefix: str = Field(sa_type=Text)
    """The alias as it stands in tool names; unique, so that no two aliases can publish the same tool."""
    connection_strategy: str = Field(sa_type=Text)
    auth_method_key: str | None = Field(default=None, sa_type=Text)
    oauth_app_mode: str | None = Field(default=None, sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text)
    connection_id: str | None = Field(
        default=None,
        # The two tables point at each other: this one is added after both are made.
        sa_column=Column(
            Text, ForeignKey("connections.id", ondelete="SET NULL", use_alter=True), nullable=True, index=True
        ),
    )
    display_name: str | None = Field(default=None, sa_type=Text)
    enabled_actions: list[str] | None = json_field()
    settings: dict[str, Any] | None = json_field()
    sort_order: int = Field(default=0)
    updated_at: datetime = Field(sa_type=UtcDateTime)
