"""Which webhooks are left alone for a while. Not stored: after a restart each may be tried once at once."""

from datetime import datetime

from gateway.kit.clock import Clock


class Pauses:
    """The pauses of all webhooks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}

    def begin(self, webhook_id: str, until: datetime) -> None:
        """Leave a webhook alone until this moment."""
        self._until[webhook_id] = until

    def end(self, webhook_id: str) -> None:
        """Go on with a webhook."""
        self._until.pop(webhook_id, None)

    def current(self) -> dict[str, datetime]:
        """Return until when which webhooks are left alone."""
        now = self._clock()
        self._until = {webhook_id: until for webhook_id, until in self._until.items() if until > now}
        return self._until
