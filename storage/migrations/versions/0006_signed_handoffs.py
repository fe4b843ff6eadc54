"""Signed hand-offs: what a product signs them with, and which of its tokens have been used."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "handoff_keys",
        *row(),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        *(sa.Column(name, sa.Text, nullable=True) for name in ("jwks_url", "issuer")),
        moment("updated_at"),
        sa.UniqueConstraint("workspace_id"),
        sa.CheckConstraint("(sealed is null) = (jwks_url is not null)", name="kind"),
    )
    op.create_table(
        "spent_handoff_tokens",
        *row(),
        sa.Column("token_hash", sa.Text, nullable=False),
        moment("expires_at", index=True),
        sa.UniqueConstraint("workspace_id", "token_hash"),
    )


def row() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.String(36), primary_key=True),
        moment("created_at"),
        reference("organization_id", "organizations.id", index=True),
        reference("workspace_id", "workspaces.id", index=False),
    )


def moment(name: str, *, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, index=index)


def reference(name: str, target: str, *, index: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False, index=index)
