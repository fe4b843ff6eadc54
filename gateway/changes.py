"""The change feed: after every commit, and before its answer is sent, whoever keeps a copy hears what has changed.

In one process it is a function call. Topics are pairs of kind and id; these are published:

    organization, workspace, end_user, api_key, mcp_server, mcp_token, connection    the row's id
    workspace_integrations      the workspace whose integrations changed
    own_integrations            the organization whose own integrations changed
    own_integration_needs       organization/name of one whose manifest may need other accounts or scopes than before
    end_user_connections        the end user whose connections changed
    webhook                     the row's id
    webhook_deliveries          the webhook with more to be sent to it
    revocations                 the organization with more, or less, to tell providers
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import structlog

from storage.repository import Topic

Listener: TypeAlias = Callable[[Iterable[Topic]], None]

_log = structlog.stdlib.get_logger()


class ChangeFeed:
    """Tells every listener the topics of each commit, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener, which must be quick and not raise; the returned function removes it."""
        token = object()
        self._listeners[token] = listener

        def unsubscribe() -> None:
            self._listeners.pop(token, None)

        return unsubscribe

    def publish(self, topics: Iterable[Topic]) -> None:
        """Tell every listener. One that raises is logged and does not keep the others from hearing."""
        heard = tuple(topics)
        for listener in list(self._listeners.values()):
            try:
                listener(heard)
            except Exception:  # noqa: BLE001 -- one listener must not keep the others from hearing
                _log.exception("change listener failed")
