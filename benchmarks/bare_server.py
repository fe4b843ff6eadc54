"""The yardstick: the MCP SDK alone. `python -m benchmarks.bare_server` prints where it listens as one line of JSON.

One echo tool in this process, no authentication, no upstream, no logging. `/mcp/1` lists that one tool, `/mcp/{n}`
lists n like it.
"""

import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import mcp_types as types
import uvicorn
import uvloop
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.requests import Request

Context = ServerRequestContext[Any, Any]


@cache
def tools(count: int) -> list[types.Tool]:
    """`count` tools with inputs and descriptions of usual length."""
    schema = {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 10_000, "description": "What to say"}},
        "required": ["text"],
        "additionalProperties": False,
    }
    description = "Says back what it was told. Useful to see whether a connection works, and how long it takes."
    names = ["echo", *(f"echo_{number}" for number in range(1, count))]
    return [types.Tool(name=name, title="Echo", description=description, input_schema=schema) for name in names]


async def list_tools(ctx: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    request = cast("Request", ctx.request)
    return types.ListToolsResult(tools=tools(request.path_params["count"]))


async def call_tool(_ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    text = (params.arguments or {})["text"]
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content={"text": text})


class Endpoint:
    """The manager as an ASGI object, which is what a Starlette route takes for all methods."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.asgi_app(scope, receive, send)


def create_app() -> Starlette:
    # `get_tool_input_schema` spares the SDK a tools/list on every call: without it the yardstick would flatter us.
    server: Server[Any] = Server(
        "bare", on_list_tools=list_tools, on_call_tool=call_tool, get_tool_input_schema=lambda _name: None
    )
    manager = StreamableHTTPSessionManager(server, stateless=True, json_response=False)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with manager.run():
            yield

    return Starlette(routes=[Route("/mcp/{count:int}", Endpoint(manager), methods=["POST"])], lifespan=lifespan)


async def serve() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="warning", access_log=False, server_header=False))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}/"}), flush=True)
    await server.serve([listener])


if __name__ == "__main__":
    uvloop.run(serve())
