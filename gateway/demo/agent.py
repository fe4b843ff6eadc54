"""An agent: the MCP SDK's own client over streamable HTTP, with one person's token."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation, TextContent

from gateway import __version__
from gateway.kit.egress import Egress


@asynccontextmanager
async def connected_agent(http: Egress, endpoint: str, token: str) -> AsyncGenerator[Client]:
    """Connect to an MCP server, in the newest protocol version that it speaks, until the block ends."""
    async with http.httpx_client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        transport = streamable_http_client(endpoint, http_client=client)
        async with Client(transport, client_info=Implementation(name="toolgate-demo", version=__version__)) as agent:
            yield agent


async def call_and_wait(
    agent: Client, tool: str, arguments: dict[str, Any], *, on_link: Callable[[str], None]
) -> CallToolResult:
    """Call a tool at a server that waits for people; `on_link` is told each time where the account is to be connected."""

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        del progress, total
        on_link((message or "").rpartition(" ")[2])

    return await agent.call_tool(tool, arguments, progress_callback=progressed)


async def tool_names(agent: Client) -> Sequence[str]:
    """Return the names of the tools that the agent is offered."""
    return [tool.name for tool in (await agent.list_tools()).tools]


def text_of(result: CallToolResult) -> str:
    """Return what a model reads of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
