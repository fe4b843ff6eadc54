"""One open stream of a client, as far as it is told what changes at remote servers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from gateway.principals import McpPrincipal
from gateway.upstreams.follow import PROMPTS_CHANGED, RESOURCES_CHANGED, UPDATED

LISTS: Final = frozenset({PROMPTS_CHANGED, RESOURCES_CHANGED})
"""What is passed on of lists. That tools have changed is told when what is approved of them has."""

Told: TypeAlias = tuple[str, Mapping[str, Any]]
"""Method and params of a notification."""


@dataclass(eq=False)
class RemoteWatch:
    """What its client wants to hear of, and what it has not been told yet."""

    principal: McpPrincipal
    lists: frozenset[str]
    """The list changes that it wants, by method."""
    uris: frozenset[str]
    """The resources of which it wants every update, as they are called here."""
    pause_seconds: float
    _pending: dict[tuple[str, str | None], None] = field(default_factory=dict[tuple[str, str | None], None])
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _next_at: float = 0.0

    def hear(self, method: str, uri: str | None) -> None:
        """Note a change, once however often it comes before it is told."""
        if method in self.lists or (method == UPDATED and uri in self.uris):
            self._pending[method, uri] = None
            self._woken.set()

    async def told(self) -> list[Told]:
        """Wait for changes; return the notifications of them. Each comes at most once in `pause_seconds`."""
        await self._woken.wait()
        loop = asyncio.get_running_loop()
        if (left := self._next_at - loop.time()) > 0:
            await asyncio.sleep(left)
        self._next_at = loop.time() + self.pause_seconds
        pending, self._pending = self._pending, {}
        self._woken.clear()
        # What was unsubscribed from meanwhile is not told any more.
        wanted = [(method, uri) for method, uri in pending if uri is None or uri in self.uris]
        return [(method, {} if uri is None else {"uri": uri}) for method, uri in wanted]
