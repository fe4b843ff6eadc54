"""Webhooks over REST: where to tell a product backend of events, and the secret to check them by."""

from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema

from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    Moment,
    NoQuery,
    Nothing,
    Paged,
    WorkspaceReference,
    absent,
    omitted,
)
from gateway.errors import NoUpdates
from gateway.events import Event
from gateway.webhooks.signing import SigningSecrets
from gateway.webhooks.webhooks import LONGEST_OVERLAP, NewWebhook
from gateway.wiring import Gateway
from storage import records

_EVENTS = tuple(event.value for event in Event)
_DEFAULT_OVERLAP = timedelta(days=1)


def _known_event(name: str) -> str:
    if name not in _EVENTS:
        raise ValueError(f"has to be one of {', '.join(_EVENTS)}")
    return name


EventName: TypeAlias = Annotated[
    str, AfterValidator(_known_event), WithJsonSchema({"type": "string", "enum": list(_EVENTS)})
]
EventNames: TypeAlias = Annotated[list[EventName], Field(min_length=1, max_length=100)]
Address: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000, json_schema_extra={"format": "uri"})]
Description: TypeAlias = Annotated[str, Field(max_length=500)]


class WebhookToCreate(Body):
    """A new webhook; with workspaceId it hears of that workspace only."""

    url: Address = Field(description="https, or what the operator allows besides.")
    workspace_id: WorkspaceReference | None = None
    description: Description | None = None
    events: EventNames | None = Field(default=None, description="The events that are wanted; absent or null: all.")


class WebhookChanges(Body):
    """What is to change; `events: null` means all of them."""

    url: Address = absent()
    description: Description | None = None
    events: EventNames | None = None
    enabled: bool = absent()


class SecretRotation(Body):
    """For how long the secret that is replaced goes on signing beside the new one."""

    overlap_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_OVERLAP.total_seconds()))] = int(
        _DEFAULT_OVERLAP.total_seconds()
    )


class Webhook(Answer):
    """A webhook, without its secret."""

    id: str
    org_id: str
    workspace_id: str | None = omitted()
    url: str
    description: str | None = omitted()
    events: list[str] | None
    enabled: bool
    disabled_at: Moment | None = omitted()
    disabled_reason: str | None = omitted()
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.Webhook) -> "Webhook":
        """Show a row."""
        return cls(
            id=row.id,
            org_id=row.organization_id,
            workspace_id=row.workspace_id,
            url=row.url,
            description=row.description,
            events=row.events,
            enabled=row.disabled_at is None,
            disabled_at=row.disabled_at,
            disabled_reason=row.disabled_reason,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class OneWebhook(Answer):
    """One webhook."""

    webhook: Webhook


class WebhookAndSecret(OneWebhook):
    """A webhook and its new secret, which is shown this once."""

    secret: str = Field(repr=False)
    previous_secret_expires_at: Moment | None = omitted()

    @classmethod
    def of(cls, row: records.Webhook, secrets: SigningSecrets) -> "WebhookAndSecret":
        """Show a webhook that has just been given a secret."""
        return cls(webhook=Webhook.of(row), secret=secrets.current, previous_secret_expires_at=secrets.previous_until)


class ManyWebhooks(Answer):
    """A page of webhooks."""

    webhooks: list[Webhook]
    total: int


async def create_webhook(gateway: Gateway, call: Call[WebhookToCreate, NoQuery]) -> WebhookAndSecret:
    """Create a webhook.

    `secret` is shown this once: by it your backend knows that what arrives was sent by us. An organization may have
    20 webhooks.
    """
    body, workspace_id = call.body, None
    if body.workspace_id is not None:
        workspace_id = (await gateway.workspaces.find(call.scope, body.workspace_id)).id
    new = NewWebhook(url=body.url, workspace_id=workspace_id, description=body.description, events=body.events)
    made = await gateway.telling.webhooks.create(call.scope, new)
    return WebhookAndSecret.of(made.record, made.secrets)


async def list_webhooks(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyWebhooks:
    """List the webhooks that the key reaches."""
    page = await gateway.telling.webhooks.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyWebhooks(webhooks=[Webhook.of(row) for row in page.rows], total=page.total)


async def get_webhook(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneWebhook:
    """Get a webhook."""
    return OneWebhook(webhook=Webhook.of(await gateway.telling.webhooks.get(call.scope, call.path["id"])))


async def update_webhook(gateway: Gateway, call: Call[WebhookChanges, NoQuery]) -> OneWebhook:
    """Change a webhook, disable it or enable it again.

    While it is disabled, no events are kept for it, and what was still to be sent has failed.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("url, description, events or enabled: give at least one")
    return OneWebhook(webhook=Webhook.of(await gateway.telling.webhooks.update(call.scope, call.path["id"], changes)))


async def delete_webhook(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete a webhook, with what was sent and what is still to be sent to it."""
    await gateway.telling.webhooks.delete(call.scope, call.path["id"])
    return Deleted(id=call.path["id"])


async def rotate_secret(gateway: Gateway, call: Call[SecretRotation, NoQuery]) -> WebhookAndSecret:
    """Give a webhook a new secret.

    For `overlapSeconds` (default: a day) what is sent bears two signatures, one by each secret, so that you can
    exchange it without missing anything. With 0 the old one ends now.
    """
    overlap = timedelta(seconds=call.body.overlap_seconds)
    rotated = await gateway.telling.webhooks.rotate_secret(call.scope, call.path["id"], overlap=overlap)
    return WebhookAndSecret.of(rotated.record, rotated.secrets)
