"""An MCP server that has everything the conformance suite looks for: what upstream servers may do to a gateway.

`python -m tests.support.everything.server PORT` serves it at /mcp, for clients of every revision.
"""

# What 2026-07-28 deprecates, clients of the handshake revisions still use.
# pyright: reportDeprecated=false

import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.subscriptions import ListenHandler
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.support.everything import asking
from tests.support.everything.asking import Answer, Context, Tool, done, form, given, needs
from tests.support.everything.changes import Changes
from tests.support.everything.content import PNG, audio, embedded, image, objects, text

_STRING: Final = {"type": "string"}
_CHANGES: Final = Changes()
_KEY: Final = b"a key that nobody else has, of 32+ bytes"
_RICH: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {"$anchor": "addressDef", "type": "object", "properties": {"street": _STRING, "city": _STRING}}
    },
    "properties": {
        "name": _STRING,
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": _STRING,
        "email": _STRING,
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
_ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "test_sampling": objects(("prompt",), prompt=_STRING),
    "test_elicitation": objects(("message",), message=_STRING),
    "json_schema_2020_12_tool": _RICH,
    "test_update_watched_resource": objects(uri=_STRING, times={"type": "integer"}),
    "test_x_mcp_header": objects(region={"type": "string", "x-mcp-header": "Region"}),
}


def saying(*content: Any) -> Tool:
    """A tool that always answers this."""

    async def tool(_: Context, __: types.CallToolRequestParams) -> Answer:
        return types.CallToolResult(content=list(content))

    return tool


async def logging(ctx: Context, _: types.CallToolRequestParams) -> Answer:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
        await anyio.sleep(0.05)
    return done("Logged three times")


async def progress(ctx: Context, _: types.CallToolRequestParams) -> Answer:
    for reached in (0, 50, 100):
        await ctx.session.report_progress(reached, 100)
        await anyio.sleep(0.05)
    return done("Went from 0 to 100")


async def failing(_: Context, __: types.CallToolRequestParams) -> Answer:
    return types.CallToolResult(is_error=True, content=[text("This tool intentionally returns an error for testing")])


async def reconnection(ctx: Context, _: types.CallToolRequestParams) -> Answer:
    if ctx.close_sse_stream is not None:
        await ctx.close_sse_stream()
        await anyio.sleep(0.1)
    return done("Reconnection test completed successfully")


_MIXED: Final = embedded(
    "test://mixed-content-resource", json.dumps({"test": "data", "value": 123}), "application/json"
)
TOOLS: Final[Mapping[str, Tool]] = {
    "test_simple_text": saying(text("This is a simple text response for testing.")),
    "test_image_content": saying(image()),
    "test_audio_content": saying(audio()),
    "test_embedded_resource": saying(embedded("test://embedded-resource", "This is an embedded resource content.")),
    "test_multiple_content_types": saying(text("Multiple content types test:"), image(), _MIXED),
    "test_tool_with_logging": logging,
    "test_logging_tool": logging,
    "test_tool_with_progress": progress,
    "test_error_handling": failing,
    "test_reconnection": reconnection,
    "json_schema_2020_12_tool": saying(text("Valid")),
    "test_x_mcp_header": saying(text("Heard")),
    **asking.TOOLS,
    **_CHANGES.tools(),
}


async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    tools = [
        types.Tool(name=name, description=f"Fixture {name}.", input_schema=dict(_ARGUMENTS.get(name, objects())))
        for name in TOOLS
    ]
    return types.ListToolsResult(tools=tools, ttl_ms=0, cache_scope="private")


async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> Answer:
    if params.name not in TOOLS:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:100]}")
    return await TOOLS[params.name](ctx, params)


_RESOURCES: Final = {
    "test://static-text": "text/plain",
    "test://static-binary": "image/png",
    "test://watched-resource": "text/plain",
}
_TEMPLATE: Final = "test://template/{id}/data"


async def list_resources(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
    resources = [
        types.Resource(name=uri.removeprefix("test://"), uri=uri, description=f"Fixture {uri}.", mime_type=kind)
        for uri, kind in _RESOURCES.items()
    ]
    return types.ListResourcesResult(resources=resources, ttl_ms=0, cache_scope="private")


async def list_templates(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(
        name="data", uri_template=_TEMPLATE, description="Data by id.", mime_type="application/json"
    )
    return types.ListResourceTemplatesResult(resource_templates=[template], ttl_ms=0, cache_scope="private")


async def read_resource(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    return types.ReadResourceResult(contents=[_contents(str(params.uri))], ttl_ms=0, cache_scope="private")


def _contents(uri: str) -> types.TextResourceContents | types.BlobResourceContents:
    before, after = _TEMPLATE.split("{id}")
    match uri:
        case "test://static-text":
            words = "This is the content of the static text resource."
            return types.TextResourceContents(uri=uri, mime_type="text/plain", text=words)
        case "test://static-binary":
            return types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
        case "test://watched-resource":
            return types.TextResourceContents(uri=uri, mime_type="text/plain", text="Watched.")
        case _ if uri.startswith(before) and uri.endswith(after):
            found = uri.removeprefix(before).removesuffix(after)
            data = {"id": found, "templateTest": True, "data": f"Data for ID: {found}"}
            return types.TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))
        case _:
            raise MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": uri})


_PROMPTS: Final[Mapping[str, tuple[str, ...]]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def list_prompts(_: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    prompts = [
        types.Prompt(
            name=name,
            description=f"Fixture {name}.",
            arguments=[
                types.PromptArgument(name=each, description=f"The {each}.", required=True) for each in arguments
            ],
        )
        for name, arguments in _PROMPTS.items()
    ]
    return types.ListPromptsResult(prompts=prompts, ttl_ms=0, cache_scope="private")


async def get_prompt(
    _: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult | types.InputRequiredResult:
    told = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            return _prompt(text("This is a simple prompt for testing."))
        case "test_prompt_with_arguments":
            return _prompt(text(f"Prompt with arguments: arg1='{told.get('arg1')}', arg2='{told.get('arg2')}'"))
        case "test_prompt_with_embedded_resource":
            resource = embedded(told.get("resourceUri", ""), "Embedded resource content for testing.")
            return _prompt(resource, text("Please process the embedded resource above."))
        case "test_prompt_with_image":
            return _prompt(image(), text("Please analyze the image above."))
        case "test_input_required_result_prompt":
            answer = given(params, "user_context")
            if answer is None:
                schema = objects(("context",), context=_STRING)
                return needs(user_context=form("What context should the prompt use?", schema))
            return _prompt(text(f"Use this context: {answer.get('context')}"))
        case _:
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name[:100]}")


def _prompt(*content: Any) -> types.GetPromptResult:
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=each) for each in content])


async def complete(_: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    values = [word for word in ("paris", "park", "party") if word.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def nothing(_: Context, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


def everything() -> Server[Any]:
    """Return the server."""
    server: Server[Any] = Server(
        "everything",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_subscribe_resource=_CHANGES.subscribe,
        on_unsubscribe_resource=_CHANGES.unsubscribe,
        on_subscriptions_listen=ListenHandler(_CHANGES.bus),
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=nothing,
    )
    server.middleware.append(_CHANGES.notice)
    server.middleware.append(
        RequestStateBoundary(RequestStateSecurity(keys=[_KEY], bind_principal=None), default_audience="everything")
    )
    return server


def create_app() -> Starlette:
    """Return the ASGI application, which guards against DNS rebinding as a server on loopback has to."""
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=["127.0.0.1:*", "localhost:*"],
        allowed_origins=["http://127.0.0.1:*", "http://localhost:*"],
    )
    manager = StreamableHTTPSessionManager(everything(), security_settings=security)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with manager.run():
            yield

    return Starlette(routes=[Route("/mcp", endpoint=_Endpoint(manager))], lifespan=lifespan)


class _Endpoint:
    """An ASGI app for one path; a bare function would be taken for a handler of requests."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


if __name__ == "__main__":
    uvicorn.run(create_app(), host="127.0.0.1", port=int(sys.argv[1]), http="h11", log_level="warning")
