"""The MCP face put together: what answers, what runs behind it, and how it ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gateway.mcp.auth import McpDoorkeeper
from gateway.mcp.elicitations import Elicitations
from gateway.mcp.endpoint import McpEndpoint
from gateway.mcp.following import Following
from gateway.mcp.handlers import McpHandlers
from gateway.mcp.listeners import Listeners
from gateway.mcp.listening import Listening
from gateway.mcp.metadata import ResourceMetadata
from gateway.mcp.places import Places
from gateway.mcp.sessions import Sessions
from gateway.mcp.stream import ChangeStreams
from gateway.mcp.waiting import Waiting
from gateway.wiring import Gateway


class McpFace:
    """`endpoint` serves all MCP servers, `metadata` what may be known of one without a token.

    `running` has to be entered around serving, once.
    """

    def __init__(self, gateway: Gateway) -> None:
        settings = gateway.settings
        doorkeeper = McpDoorkeeper(database=gateway.database, clock=gateway.clock, changes=gateway.changes)
        self._listeners = Listeners(toolsets=gateway.toolsets, changes=gateway.changes)
        following = Following(
            toolsets=gateway.toolsets,
            execution=gateway.execution,
            resolver=gateway.resolver,
            changes=gateway.changes,
        )
        self._waiting = Waiting(changes=gateway.changes, places=Places())
        elicitations = Elicitations(resolver=gateway.resolver, changes=gateway.changes)
        handlers = McpHandlers(
            toolsets=gateway.toolsets,
            resolver=gateway.resolver,
            execution=gateway.execution,
            listening=Listening(toolsets=gateway.toolsets, listeners=self._listeners, following=following),
            waiting=self._waiting,
            elicitations=elicitations,
            grant_calls=gateway.authorizing.calls,
            result_max_bytes=settings.tool_result_max_bytes,
        )
        self._questions = handlers.questions
        self.endpoint = McpEndpoint(
            public_url=settings.public_url,
            doorkeeper=doorkeeper,
            sessions=Sessions(gateway.cipher),
            streams=ChangeStreams(listeners=self._listeners, following=following, elicitations=elicitations),
            handlers=handlers,
            waiting=self._waiting,
            body_max_bytes=settings.mcp_body_max_bytes,
        )
        self.metadata = ResourceMetadata(public_url=settings.public_url, doorkeeper=doorkeeper).answer

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Serve for as long as the block lasts."""
        async with self.endpoint.running():
            yield

    def drain(self) -> None:
        """End the open streams and the calls that wait, which would otherwise keep a server from stopping."""
        self._listeners.close()
        self._waiting.close()
        self._questions.close()
