"""What a product signs its hand-offs with, and which of its tokens have been used."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, references


class HandoffKey(Record, table=True):
    """What the product behind a workspace signs its hand-offs with: a secret shared with us, or keys it publishes."""

    table = "handoff_keys"
    __table_args__ = (
        UniqueConstraint("workspace_id"),
        CheckConstraint("(sealed is null) = (jwks_url is not null)", name="kind"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE", index=False)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True), repr=False)
    """The shared secret."""
    jwks_url: str | None = Field(default=None, sa_type=Text)
    issuer: str | None = Field(default=None, sa_type=Text)
    """What the product calls itself in its tokens; None where it need not say."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class SpentHandoffToken(Record, table=True):
    """A signed hand-off that has been taken, kept for as long as its token would hold."""

    table = "spent_handoff_tokens"
    __table_args__ = (UniqueConstraint("workspace_id", "token_hash"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE", index=False)
    token_hash: str = Field(sa_type=Text)
    """Hash of the token's `jti`, which can be of any length and alphabet."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
