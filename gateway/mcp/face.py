"""The MCP face put together: its routes, what runs behind them, and how it ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.routing import Route

from gateway.mcp.auth import McpDoorkeeper
from gateway.mcp.endpoint import McpEndpoint
from gateway.mcp.handlers import McpHandlers
from gateway.mcp.listeners import Listeners
from gateway.mcp.metadata import ResourceMetadata
from gateway.mcp.origins import Origins
from gateway.mcp.refusals import METADATA_PATH
from gateway.mcp.sessions import Sessions
from gateway.wiring import Gateway

ALL_METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]


class McpFace:
    """The endpoints of all MCP servers. `running` has to be entered around serving, once."""

    def __init__(self, gateway: Gateway) -> None:
        settings = gateway.settings
        doorkeeper = McpDoorkeeper(database=gateway.database, clock=gateway.clock, changes=gateway.changes)
        self._listeners = Listeners(toolsets=gateway.toolsets, changes=gateway.changes)
        handlers = McpHandlers(
            toolsets=gateway.toolsets,
            execution=gateway.execution,
            listeners=self._listeners,
            result_max_bytes=settings.tool_result_max_bytes,
        )
        self._endpoint = McpEndpoint(
            public_url=settings.public_url,
            origins=Origins(settings.public_url),
            doorkeeper=doorkeeper,
            sessions=Sessions(gateway.cipher),
            listeners=self._listeners,
            handlers=handlers,
            body_max_bytes=settings.mcp_body_max_bytes,
        )
        metadata = ResourceMetadata(public_url=settings.public_url, doorkeeper=doorkeeper)
        self.routes = [
            Route("/mcp/{server}", self._endpoint, methods=ALL_METHODS),
            Route(METADATA_PATH + "{server}", metadata.answer, methods=["GET"]),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Serve for as long as the block lasts."""
        async with self._endpoint.running():
            yield

    def drain(self) -> None:
        """End the open streams, which would otherwise keep a server from stopping."""
        self._listeners.close()
