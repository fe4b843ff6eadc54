"""What is held back of remote MCP servers' tools; MCP servers that pass one of them through."""

import sqlalchemy as sa
from alembic import op

from storage.columns import json_column

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("mcp_servers", sa.Column("pass_through", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "held_tools",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
        sa.Column("integration_id", sa.Text, sa.ForeignKey("own_integrations.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=True),
        sa.Column("definition", json_column(), nullable=True),
        sa.Column("findings", json_column(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("integration_id", "name"),
        sa.CheckConstraint("kind in ('added', 'changed', 'removed', 'refused')", name="kind"),
    )
    op.create_index("ix_held_tools_organization_id", "held_tools", ["organization_id"])
