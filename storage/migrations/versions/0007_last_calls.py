"""Last calls: what each program did last in somebody's name.

Only adds columns that may be empty, so that the release before can still write these rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("oauth_grants", sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("called_tool", "called_title", "called_integration"):
        op.add_column("oauth_grants", sa.Column(name, sa.Text, nullable=True))
    op.add_column("oauth_grants", sa.Column("call_failed", sa.Boolean, nullable=True))
