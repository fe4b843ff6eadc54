"""The first schema.

Constraints and indexes get their names from `NAMING` in storage/records/base.py. There is no way back but a backup.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    tenants()
    integrations_and_connections()
    mcp()
    state()
    op.create_table("key_ring_canary", *row(), sa.Column("sealed", sa.LargeBinary, nullable=False))


def tenants() -> None:
    op.create_table(
        "organizations",
        *row(),
        text("name"),
        text("slug"),
        json("settings", nullable=True),
        moment("updated_at"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "api_keys",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        text("name"),
        text("key_hash"),
        text("key_prefix"),
        json("permissions", nullable=True),
        moment("expires_at", nullable=True),
        moment("last_used_at", nullable=True),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_table(
        "workspaces",
        *row(),
        reference("organization_id", "organizations.id"),
        text("name"),
        text("slug"),
        moment("updated_at"),
        sa.UniqueConstraint("organization_id", "slug"),
    )
    op.create_table(
        "end_users",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id"),
        text("external_id", nullable=True),
        text("type"),
        text("display_name", nullable=True),
        text("email", nullable=True),
        text("email_key", nullable=True),
        json("metadata", nullable=True),
        moment("suspended_at", nullable=True),
        moment("updated_at"),
        sa.UniqueConstraint("workspace_id", "external_id"),
        sa.CheckConstraint("type in ('external', 'member')", name="type"),
    )
    op.create_index(None, "end_users", ["workspace_id", "email_key"])


def integrations_and_connections() -> None:
    # These two tables point at each other. SQLite takes a reference to a table that is yet to come and knows no
    # ADD CONSTRAINT; PostgreSQL is the other way round.
    pin = sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], ondelete="SET NULL")
    on_sqlite = op.get_context().dialect.name == "sqlite"
    op.create_table(
        "workspace_integrations",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id"),
        text("integration_name"),
        text("alias"),
        text("tool_prefix"),
        text("connection_strategy"),
        text("auth_method_key", nullable=True),
        text("oauth_app_mode", nullable=True),
        text("oauth_app_id", nullable=True),
        text("connection_id", nullable=True, index=True),
        text("display_name", nullable=True),
        json("enabled_actions", nullable=True),
        json("settings", nullable=True),
        sa.Column("sort_order", sa.Integer, nullable=False),
        moment("updated_at"),
        sa.UniqueConstraint("workspace_id", "alias"),
        sa.UniqueConstraint("workspace_id", "tool_prefix"),
        sa.CheckConstraint(
            "connection_strategy in ('fixed', 'per_user', 'per_user_with_fallback')", name="connection_strategy"
        ),
        *([pin] if on_sqlite else []),
    )
    op.create_table(
        "connections",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id", nullable=True, index=True),
        reference("end_user_id", "end_users.id", nullable=True, index=True),
        text("owner"),
        reference(
            "workspace_integration_id", "workspace_integrations.id", on_delete="SET NULL", nullable=True, index=True
        ),
        text("made_for_alias", nullable=True),
        text("integration_name"),
        text("auth_method_key", nullable=True),
        text("oauth_app_id", nullable=True),
        text("external_id"),
        text("display_name"),
        text("type"),
        text("status"),
        text("scope"),
        text("account_id", nullable=True),
        text("account_label", nullable=True),
        json("granted_scopes", nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        moment("expires_at", nullable=True),
        text("last_error", nullable=True),
        moment("updated_at"),
        sa.UniqueConstraint("owner", "integration_name", "external_id"),
        sa.CheckConstraint("status in ('ACTIVE', 'ERROR')", name="status"),
        sa.CheckConstraint("scope in ('ORGANIZATION', 'WORKSPACE', 'USER')", name="scope"),
        sa.CheckConstraint("(scope = 'ORGANIZATION') = (workspace_id is null)", name="workspace"),
        sa.CheckConstraint("(scope = 'USER') = (end_user_id is not null)", name="end_user"),
    )
    if not on_sqlite:
        op.create_foreign_key(
            None, "workspace_integrations", "connections", ["connection_id"], ["id"], ondelete="SET NULL"
        )


def mcp() -> None:
    op.create_table(
        "mcp_servers",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id", index=True),
        text("name"),
        text("description", nullable=True),
        text("mode"),
        text("auth_mode"),
        text("end_user_access"),
        json("settings", nullable=True),
        text("created_by", nullable=True),
        reference("end_user_id", "end_users.id", on_delete="SET NULL", nullable=True, index=True),
        sa.Column("is_pinned", sa.Boolean, nullable=False),
        moment("updated_at"),
        sa.CheckConstraint("mode in ('TOOLS', 'CODE')", name="mode"),
        sa.CheckConstraint("auth_mode in ('oauth', 'bearer', 'oauth_and_bearer')", name="auth_mode"),
        sa.CheckConstraint("end_user_access in ('restricted', 'open')", name="end_user_access"),
    )
    op.create_table(
        "mcp_server_tools",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("server_id", "mcp_servers.id"),
        text("integration_name"),
        text("integration_alias"),
        text("action_name"),
        text("tool_type"),
        reference("connection_id", "connections.id", on_delete="SET NULL", nullable=True, index=True),
        text("display_name", nullable=True),
        text("description", nullable=True),
        json("input_defaults", nullable=True),
        json("partial_ids", nullable=True),
        sa.Column("sort_order", sa.Integer, nullable=False),
        moment("updated_at"),
        sa.UniqueConstraint("server_id", "integration_alias", "action_name"),
    )
    op.create_table(
        "mcp_tokens",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id", index=True),
        reference("server_id", "mcp_servers.id", index=True),
        reference("end_user_id", "end_users.id", nullable=True, index=True),
        text("kind"),
        text("token_hash"),
        text("token_prefix"),
        json("scopes"),
        moment("expires_at", nullable=True),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("kind in ('static', 'end_user', 'oauth')", name="kind"),
        sa.CheckConstraint("(kind = 'static') = (end_user_id is null)", name="end_user"),
    )


def state() -> None:
    op.create_table(
        "state_namespaces",
        *row(),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id"),
        reference("end_user_id", "end_users.id", nullable=True, index=True),
        text("integration_name"),
        text("scope"),
        text("key"),
        sa.UniqueConstraint("workspace_id", "integration_name", "scope", "key"),
    )
    op.create_table(
        "state_entries",
        *row(),
        reference("namespace_id", "state_namespaces.id"),
        text("key"),
        text("value"),
        sa.UniqueConstraint("namespace_id", "key"),
    )
    bytewise = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "state_files",
        *row(),
        reference("namespace_id", "state_namespaces.id"),
        sa.Column("path", bytewise, nullable=False),
        text("content_type"),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        moment("updated_at"),
        sa.UniqueConstraint("namespace_id", "path"),
    )


def row() -> tuple[sa.Column[Any], ...]:
    return sa.Column("id", sa.String(36), primary_key=True), moment("created_at")


def text(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable, index=index)


def json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def reference(
    name: str, target: str, *, on_delete: str = "CASCADE", nullable: bool = False, index: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete=on_delete), nullable=nullable, index=index)
