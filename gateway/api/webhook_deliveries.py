"""What was sent to webhooks over REST: looked at, tried, and sent again."""

import json
from typing import Any, Literal

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Moment, MomentToCome, NoQuery, Nothing, Paged, omitted
from gateway.wiring import Gateway
from storage import records


class DeliveriesToList(Paged):
    """Which deliveries."""

    status: Literal["PENDING", "DELIVERED", "FAILED"] | None = None


class FailuresToReplay(Body):
    """From when on failed events are sent again."""

    since: MomentToCome = Field(description="Events that happened before are left alone.")


class Delivery(Answer):
    """One event, and what has become of sending it to this webhook."""

    id: str
    webhook_id: str
    event_id: str
    event: str
    status: Literal["PENDING", "DELIVERED", "FAILED"]
    attempts: int
    next_attempt_at: Moment | None = omitted()
    delivered_at: Moment | None = omitted()
    last_status: int | None = omitted()
    last_error: str | None = omitted()
    body: dict[str, Any] = Field(repr=False)
    created_at: Moment

    @classmethod
    def of(cls, row: records.WebhookDelivery) -> "Delivery":
        """Show a row."""
        plain = {name: getattr(row, name) for name in cls.model_fields if name != "body"}
        return cls.model_validate({**plain, "body": json.loads(row.body)})


class OneDelivery(Answer):
    """One delivery."""

    delivery: Delivery


class ManyDeliveries(Answer):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    total: int


class Replayed(Answer):
    """How many events are sent again."""

    replayed: int


async def ping_webhook(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneDelivery:
    """Send a test event now, and say what came of it.

    `webhook.ping` is sent whatever events the webhook wants, to a disabled one too. It is tried once.
    """
    return OneDelivery(delivery=Delivery.of(await gateway.telling.pings.send(call.scope, call.path["id"])))


async def list_deliveries(gateway: Gateway, call: Call[Nothing, DeliveriesToList]) -> ManyDeliveries:
    """List what was sent to a webhook and what is still to be sent, newest first.

    Delivered events are kept for 7 days, failed ones for 30.
    """
    query = call.query
    page = await gateway.telling.deliveries.page(
        call.scope, call.path["id"], status=query.status, limit=query.limit, offset=query.offset
    )
    return ManyDeliveries(deliveries=[Delivery.of(row) for row in page.rows], total=page.total)


async def replay_delivery(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneDelivery:
    """Send one event again, under the same event id."""
    row = await gateway.telling.deliveries.replay(call.scope, call.path["id"], call.path["deliveryId"])
    return OneDelivery(delivery=Delivery.of(row))


async def replay_failures(gateway: Gateway, call: Call[FailuresToReplay, NoQuery]) -> Replayed:
    """Send all events since a moment that have failed again now: for after an outage of your own.

    Those that wait for their next attempt are among them.
    """
    count = await gateway.telling.deliveries.replay_failed(call.scope, call.path["id"], since=call.body.since)
    return Replayed(replayed=count)
