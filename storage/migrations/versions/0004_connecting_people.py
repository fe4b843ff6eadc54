"""Who opened a setup URL, tenants' own OAuth apps, grants to revoke, webhooks, settings of workspaces."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("settings", sa.JSON(), nullable=True))
    op.add_column("connections", sa.Column("missing_scopes", sa.JSON(), nullable=True))
    op.create_index("ix_connections_oauth_app_id", "connections", ["oauth_app_id"])
    op.create_index("ix_connections_integration_name_account_id", "connections", ["integration_name", "account_id"])
    with op.batch_alter_table("connect_links") as links:
        links.add_column(sa.Column("kind", sa.Text, nullable=False, server_default="portal"))
        links.add_column(text("browser_hash", nullable=True))
        links.create_check_constraint("kind", "kind in ('portal', 'secret')")
    op.add_column("connect_sessions", text("browser_hash", nullable=True))
    op.add_column("connect_steps", moment("taken_at", nullable=True))
    identity()
    op.create_table(
        "oauth_apps",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id", nullable=True),
        *(text(name) for name in ("integration_name", "name", "client_id")),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        moment("updated_at"),
    )
    op.create_table(
        "revocations",
        *row(),
        text("organization_id", index=True),
        text("workspace_id", nullable=True),
        *(text(name) for name in ("connection_id", "integration_name", "auth_method_key")),
        *(text(name, nullable=True) for name in ("oauth_app_id", "client_id", "account_id", "account_label")),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        moment("next_attempt_at", index=True),
        text("last_error", nullable=True),
        moment("given_up_at", nullable=True),
    )
    webhooks()


def identity() -> None:
    op.add_column("end_users", moment("linked_at", nullable=True))
    op.create_table(
        "identity_checks",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id"),
        *(text(name) for name in ("kind", "key_hash", "browser_hash")),
        text("proof", nullable=True, index=True),
        sa.Column("tries", sa.Integer, nullable=False),
        reference("end_user_id", "end_users.id", nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        moment("expires_at", index=True),
        sa.UniqueConstraint("key_hash"),
        sa.CheckConstraint("kind in ('email', 'handoff', 'provider')", name="kind"),
    )
    op.create_table(
        "known_browsers",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id"),
        reference("end_user_id", "end_users.id", index=False),
        *(text(name) for name in ("browser_hash", "method")),
        text("email_key", nullable=True),
        moment("expires_at", index=True),
        sa.UniqueConstraint("end_user_id", "browser_hash"),
    )


def webhooks() -> None:
    op.create_table(
        "webhooks",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id", nullable=True),
        text("url"),
        text("description", nullable=True),
        sa.Column("events", sa.JSON(), nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        moment("disabled_at", nullable=True),
        text("disabled_reason", nullable=True),
        moment("updated_at"),
    )
    op.create_table(
        "webhook_deliveries",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id", nullable=True),
        reference("webhook_id", "webhooks.id", index=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        *(text(name) for name in ("subject_id", "event_id", "event", "body", "status")),
        sa.Column("attempts", sa.Integer, nullable=False),
        moment("next_attempt_at", nullable=True),
        moment("delivered_at", nullable=True),
        sa.Column("last_status", sa.Integer, nullable=True),
        text("last_error", nullable=True),
        sa.UniqueConstraint("sequence"),
        sa.CheckConstraint("status in ('PENDING', 'DELIVERED', 'FAILED')", name="status"),
    )
    op.create_index("ix_webhook_deliveries_status_next_attempt_at", "webhook_deliveries", ["status", "next_attempt_at"])
    op.create_index("ix_webhook_deliveries_webhook_id_sequence", "webhook_deliveries", ["webhook_id", "sequence"])
    in_order = ["webhook_id", "status", "sequence"]
    op.create_index("ix_webhook_deliveries_webhook_id_status_sequence", "webhook_deliveries", in_order)
    of_subject = ["webhook_id", "subject_id", "status", "sequence"]
    op.create_index("ix_webhook_deliveries_subject", "webhook_deliveries", of_subject)


def row() -> tuple[sa.Column[Any], ...]:
    return (sa.Column("id", sa.String(36), primary_key=True), moment("created_at"))


def text(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable, index=index)


def moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, index=index)


def reference(name: str, target: str, *, nullable: bool = False, index: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete="CASCADE"), nullable=nullable, index=index)
