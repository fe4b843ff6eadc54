"""A remote MCP server that shows each account what a test says, and may change its mind."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


@dataclass
class Changing:
    """What the server shows, by the key that it is asked with, and what it was called for."""

    keys: tuple[str, ...] = ("key of alice", "key of bob")
    shown: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    shown_to: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    """To some it may show something else."""
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Keys and tools."""

    async def list_tools(self, ctx: ServerRequestContext[Any], _: Any) -> types.ListToolsResult:
        shown = self.shown_to.get(_key(ctx), self.shown)
        tools = [types.Tool.model_validate(each) for each in shown]
        return types.ListToolsResult(tools=tools, ttl_ms=0, cache_scope="private")

    async def call_tool(self, ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Any:
        self.calls.append((_key(ctx), params.name))
        said = types.TextContent(type="text", text=f"{params.name} for {_key(ctx)}")
        match params.name:
            case "fail":
                return types.CallToolResult(content=[said], is_error=True)
            case "refuse":
                raise MCPError(types.INVALID_PARAMS, "no such thing here")
            case "structured":
                return types.CallToolResult(content=[said], structured_content={"found": 3})
            case _:
                return types.CallToolResult(content=[said])


def _key(ctx: ServerRequestContext[Any]) -> str:
    request: Request | None = ctx.request
    headers: Mapping[str, str] = {} if request is None else request.headers
    return headers.get("authorization", "").removeprefix("Bearer ")


def create_app(changing: Changing) -> Starlette:
    """Return the server as an ASGI app, which lets only its keys in."""
    server: Server[Any] = Server("wiki", on_list_tools=changing.list_tools, on_call_tool=changing.call_tool)
    manager = StreamableHTTPSessionManager(server)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with manager.run():
            yield

    return Starlette(routes=[Route("/mcp", endpoint=_Door(changing, manager))], lifespan=lifespan)


@dataclass
class _Door:
    changing: Changing
    manager: StreamableHTTPSessionManager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Request(scope).headers.get("authorization", "").removeprefix("Bearer ")
        if key in self.changing.keys:
            await self.manager.handle_request(scope, receive, send)
        else:
            await Response(status_code=401)(scope, receive, send)
