"""Renewed credentials: when a connection's credential came, was renewed and was last used.

Only adds columns that may be empty, so that the release before can still write these rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("obtained_at", "refreshed_at", "refresh_started_at", "last_used_at"):
        op.add_column("connections", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
