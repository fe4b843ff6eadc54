"""Where product backends are told of events."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class Webhook(Record, table=True):
    """Where a product's backend wants to be told of events: of the organization, or of one workspace."""

    table = "webhooks"

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = references("workspaces.id", on_delete="CASCADE", optional=True)
    url: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    events: list[str] | None = json_field()
    """Names of the events that are wanted; None means all."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """The signing secrets."""
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_reason: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class WebhookDelivery(Record, table=True):
    """One event on its way to one webhook: written in the transaction that it tells of, kept for replay."""

    table = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status in ('PENDING', 'DELIVERED', 'FAILED')", name="status"),
        Index(None, "status", "next_attempt_at"),
        Index(None, "webhook_id", "sequence"),
        Index("ix_webhook_deliveries_webhook_id_status_sequence", "webhook_id", "status", "sequence"),
        # Without it, what is held up would be found by comparing everything pending with everything pending.
        Index("ix_webhook_deliveries_subject", "webhook_id", "subject_id", "status", "sequence"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = references("workspaces.id", on_delete="CASCADE", optional=True)
    """The webhook's."""
    webhook_id: str = references("webhooks.id", on_delete="CASCADE", index=False)
    sequence: int = Field(default=0, sa_type=BigInteger, unique=True)
    """Set as the row is added: counts upwards in the order of the commits, whatever the clock says."""
    subject_id: str = Field(sa_type=Text)
    """The end user, or the shared connection, that it tells of: what is told of one of them is sent in order."""
    event_id: str = Field(sa_type=Text)
    """The same for every receiver and every attempt: what a receiver knows a repetition by."""
    event: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    """The JSON text that is signed and sent."""
    status: str = Field(default="PENDING", sa_type=Text)
    attempts: int = Field(default=0)
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_status: int | None = None
    """HTTP status of the last attempt, where there was an answer."""
    last_error: str | None = Field(default=None, sa_type=Text)
