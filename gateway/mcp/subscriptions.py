"""To which resources handshake-era clients have subscribed (`resources/subscribe`); later ones say it with their stream."""

from collections import OrderedDict
from typing import Final, TypeAlias

from gateway.mcp.sessions import owner_of
from gateway.principals import McpPrincipal

MAX_REMEMBERED: Final = 10_000
MAX_RESOURCES: Final = 100
"""Of one person at one server. In both cases the oldest are forgotten."""

Holder: TypeAlias = tuple[str, str]
"""A server and whose sessions there: what all sessions of one person have subscribed to is told to each."""


def holder_of(principal: McpPrincipal) -> Holder:
    """Return whose subscriptions a request is about."""
    return principal.server_id, owner_of(principal)


class Subscriptions:
    """The subscriptions of all clients, by the addresses that resources have here. Lost with the process."""

    def __init__(self) -> None:
        self._resources: OrderedDict[Holder, dict[str, None]] = OrderedDict()

    def add(self, principal: McpPrincipal, uri: str) -> None:
        """Remember a subscription."""
        holder = holder_of(principal)
        resources = self._resources.setdefault(holder, {})
        self._resources.move_to_end(holder)
        resources.pop(uri, None)
        resources[uri] = None
        if len(resources) > MAX_RESOURCES:
            del resources[next(iter(resources))]
        if len(self._resources) > MAX_REMEMBERED:
            self._resources.popitem(last=False)

    def remove(self, principal: McpPrincipal, uri: str) -> None:
        """Forget one."""
        holder = holder_of(principal)
        resources = self._resources.get(holder, {})
        resources.pop(uri, None)
        if not resources:
            self._resources.pop(holder, None)

    def of(self, principal: McpPrincipal) -> frozenset[str]:
        """Return to what a client has subscribed."""
        return frozenset(self._resources.get(holder_of(principal), ()))
