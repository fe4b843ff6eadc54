"""Believed domains: about which e-mail domains an identity provider is believed.

Only adds a column that may be empty, so that the release before can still write these rows.
"""

import sqlalchemy as sa
from alembic import op

from storage.columns import json_column

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("identity_providers", sa.Column("email_domains", json_column(), nullable=True))
