"""Remote MCP servers, asked on behalf of callers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway.upstreams.conversation import Conversation
from integrations.failures import ProviderUnavailable
from integrations.ports import Json, McpAnswer, McpRequest

Listed: TypeAlias = Callable[[Sequence[Json]], Awaitable[Any]]
"""Hears of all tools that a server has just shown, whole, and writes down which are not as they were approved."""


class Upstreams:
    """The way to all remote servers; connections to them are kept and shared."""

    def on_behalf_of(self, conversation: Conversation, *, listed: Listed) -> "Asking":
        """Return the port through which one caller's request goes (`integrations.ports.Mcp`)."""
        return Asking(self, conversation, listed)

    async def ask(self, request: McpRequest, conversation: Conversation, *, listed: Listed) -> McpAnswer:
        """Send one request and return its answer. Raises the classes of `integrations.failures`."""
        raise ProviderUnavailable(f"{request.method} for {conversation.protocol_version}: {listed} can't be asked yet")


@dataclass(frozen=True, slots=True)
class Asking:
    """One caller at the remote servers."""

    upstreams: Upstreams
    conversation: Conversation
    listed: Listed = field(repr=False)

    async def ask(self, request: McpRequest) -> McpAnswer:
        """Send one request and return its answer."""
        return await self.upstreams.ask(request, self.conversation, listed=self.listed)
