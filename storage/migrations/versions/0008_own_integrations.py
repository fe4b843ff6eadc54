"""Integrations that organizations describe themselves."""

import sqlalchemy as sa
from alembic import op

from storage.columns import json_column

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "own_integrations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Text, sa.ForeignKey("organizations.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("manifest", json_column(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("organization_id", "name"),
    )
