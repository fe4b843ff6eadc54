"""What webhooks are told, for the OpenAPI document: the models of the bodies that `gateway.events` writes."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field

from gateway.api.connections import Connection
from gateway.api.end_users import EndUserAsTold
from gateway.api.models import Answer, Moment
from gateway.events import Event
from gateway.webhooks.pings import PING

Json: TypeAlias = dict[str, Any]


class Told(Answer):
    """An event."""

    id: str = Field(description="The same for every receiver and every attempt; also the header webhook-id.")
    created_at: Moment
    organization_id: str
    workspace_id: str | None


class ConnectionConcerned(Answer):
    """What an event is about."""

    connection: Connection


class ConnectionEvent(Told):
    """An event about a connection, which is shown as it was then."""

    type: Literal[
        "connection.created",
        "connection.updated",
        "connection.error",
        "connection.recovered",
        "connection.deleted",
        "connection.scopes_missing",
    ]
    data: ConnectionConcerned


class EndUserConcerned(Answer):
    """What an event is about."""

    end_user: EndUserAsTold


class EndUserEvent(Told):
    """An event about an end user, who is shown as it was then."""

    type: Literal["end_user.created", "end_user.linked", "end_user.deleted"]
    data: EndUserConcerned


class HeldBackTool(Answer):
    """A tool that isn't as it was approved, and in which way."""

    name: str
    kind: Literal["added", "changed", "removed", "refused"]


class HeldBackTools(Answer):
    """What an event is about: the first 50 tools, and how many there are."""

    integration_name: str
    tools: list[HeldBackTool]
    total: int


class HeldBackEvent(Told):
    """An event about the tools of a remote MCP server."""

    type: Literal["integration.tools_held_back"]
    data: HeldBackTools


class WebhookNamed(Answer):
    """A webhook by its id."""

    id: str


class WebhookConcerned(Answer):
    """What an event is about."""

    webhook: WebhookNamed


class PingEvent(Told):
    """A test event."""

    type: Literal["webhook.ping"]
    data: WebhookConcerned


EVENTS: Mapping[str, tuple[type[Told], str]] = {
    Event.CONNECTION_CREATED: (ConnectionEvent, "An account was connected."),
    Event.CONNECTION_UPDATED: (ConnectionEvent, "A connection was renamed, or connected again while it worked."),
    Event.CONNECTION_ERROR: (ConnectionEvent, "A credential no longer works: somebody has to connect again."),
    Event.CONNECTION_RECOVERED: (ConnectionEvent, "A connection works again."),
    Event.CONNECTION_DELETED: (ConnectionEvent, "A connection was removed."),
    Event.CONNECTION_SCOPES_MISSING: (ConnectionEvent, "Enabled actions need more scopes than were granted."),
    Event.END_USER_CREATED: (EndUserEvent, "An end user was added."),
    Event.END_USER_LINKED: (EndUserEvent, "A person has shown to be this end user."),
    Event.END_USER_DELETED: (EndUserEvent, "An end user was removed."),
    Event.INTEGRATION_TOOLS_HELD_BACK: (HeldBackEvent, "A remote MCP server shows tools that nobody has approved."),
    PING: (PingEvent, "A test event was asked for."),
}
"""The model and the meaning of each event."""

_HEADERS = {
    "webhook-id": "The event's id: what a repetition is known by.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "`v1,` and the base 64 of an HMAC-SHA256, as Standard Webhooks says; two of them, parted by "
    "a space, while a secret is being exchanged.",
}


def event_models() -> Iterator[type[Told]]:
    """Yield the models of all events."""
    yield from dict.fromkeys(model for model, _ in EVENTS.values())


def described_webhooks(reference: Mapping[type[Told], Json]) -> Json:
    """Return the document's `webhooks`; `reference` points at the schema of each model."""
    return {
        str(name): {
            "post": {
                "tags": ["Webhooks"],
                "summary": meaning,
                "parameters": [
                    {
                        "name": header,
                        "in": "header",
                        "required": True,
                        "description": said,
                        "schema": {"type": "string"},
                    }
                    for header, said in _HEADERS.items()
                ],
                "requestBody": {"required": True, "content": {"application/json": {"schema": reference[model]}}},
                "responses": {"2XX": {"description": "Taken; within 10 seconds, or it is sent again."}},
            }
        }
        for name, (model, meaning) in EVENTS.items()
    }
