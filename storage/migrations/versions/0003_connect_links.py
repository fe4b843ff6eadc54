"""Connect links, connect sessions, and the steps that browsers take in them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "connect_links",
        *of_tenant(),
        reference("end_user_id", "end_users.id"),
        reference("workspace_integration_id", "workspace_integrations.id", nullable=True),
        text("token_hash"),
        expiry(),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "connect_sessions",
        *of_tenant(),
        reference("workspace_integration_id", "workspace_integrations.id", nullable=True),
        text("token_hash"),
        text("integration_name"),
        text("auth_method_key"),
        text("oauth_app_mode", nullable=True),
        text("oauth_app_id", nullable=True),
        text("connection_name"),
        text("external_id"),
        text("scope"),
        text("end_user_external_id", nullable=True),
        text("success_redirect_uri", nullable=True),
        text("error_redirect_uri", nullable=True),
        text("status"),
        reference("connection_id", "connections.id", on_delete="SET NULL", nullable=True),
        text("error", nullable=True),
        expiry(),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("status in ('PENDING', 'CONNECTING', 'COMPLETED', 'FAILED')", name="status"),
        sa.CheckConstraint("scope in ('ORGANIZATION', 'WORKSPACE', 'USER')", name="scope"),
        sa.CheckConstraint("(scope = 'USER') = (end_user_external_id is not null)", name="end_user"),
    )
    op.create_table(
        "connect_steps",
        *of_tenant(),
        text("kind"),
        text("key_hash"),
        text("browser_hash"),
        text("integration_name"),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        expiry(),
        sa.UniqueConstraint("key_hash"),
    )


def of_tenant() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id"),
    )


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable)


def expiry() -> sa.Column[Any]:
    return sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, index=True)


def reference(name: str, target: str, *, on_delete: str = "CASCADE", nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete=on_delete), nullable=nullable, index=True)
