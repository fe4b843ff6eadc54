"""One attempt: an event, signed, sent to a webhook's address through the one way out."""

from typing import Final

from gateway.kit.cipher import SealBroken
from gateway.kit.clock import Clock
from gateway.webhooks.schedule import Attempt, attempt_of
from gateway.webhooks.signing import SecretSafe, signature_headers
from integrations.ports import Http, HttpError, HttpRequest
from storage.records import Webhook, WebhookDelivery

TIMEOUT_SECONDS: Final = 10.0
_MOST_OF_AN_ANSWER: Final = 64 * 1024
"""What a receiver says is not looked at, only its status."""


class Sender:
    """Sends events. No failure is raised: what went wrong stands in the attempt, without address and secret."""

    def __init__(self, http: Http, *, safe: SecretSafe, clock: Clock) -> None:
        self._http = http
        self._safe = safe
        self._clock = clock

    async def attempt(self, webhook: Webhook, delivery: WebhookDelivery) -> Attempt:
        """Send an event once."""
        now = self._clock()
        try:
            secrets = self._safe.open(webhook).active(now)
        except SealBroken:
            return Attempt(now, error="the webhook's secret can't be opened: rotate it")
        body = delivery.body.encode()
        request = HttpRequest(
            "POST",
            webhook.url,
            headers={
                "content-type": "application/json",
                **signature_headers(secrets, event_id=delivery.event_id, body=body, at=now),
            },
            body=body,
            timeout_seconds=TIMEOUT_SECONDS,
            max_response_bytes=_MOST_OF_AN_ANSWER,
        )
        try:
            return attempt_of(await self._http.send(request), at=self._clock())
        except HttpError as error:
            return Attempt(self._clock(), error=error.message)
