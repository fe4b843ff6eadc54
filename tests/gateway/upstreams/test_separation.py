"""Many callers at once: nobody is given, told or asked what is another's."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import pytest
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Mount

from gateway.principals import Caller
from integrations.failures import ToolChanged
from integrations.ports import McpAnswer, McpRequest
from tests.parts.talking import BOTH, HANDSHAKE, MODERN, Servers, Talk, serving

Context = ServerRequestContext[Any, Any]


class Mirror:
    """A server that says by which credential it was called, and asks the caller back in handshake sessions."""

    def __init__(self) -> None:
        self.credentials_by_session: dict[str, set[str]] = defaultdict(set)

    async def call(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        assert ctx.request is not None
        credential = ctx.request.headers["authorization"]
        arguments = params.arguments or {}
        if session_id := ctx.request.headers.get("mcp-session-id"):
            self.credentials_by_session[session_id].add(credential)
        await ctx.session.report_progress(1, 1, arguments["nonce"])
        answered = arguments["nonce"]
        if ctx.protocol_version == HANDSHAKE:
            schema = {"type": "object", "properties": {"nonce": {"type": "string"}}}
            answer = await ctx.session.elicit_form(arguments["nonce"], schema, related_request_id=ctx.request_id)
            answered = (answer.content or {}).get("nonce")
        words = {"credential": credential, "nonce": arguments["nonce"], "answered": answered}
        return types.CallToolResult(content=[], structured_content=words)

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[str]:
        async def tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
            tool = types.Tool(name="mirror", input_schema={"type": "object"})
            return types.ListToolsResult(tools=[tool], ttl_ms=0, cache_scope="private")

        server: Server[Any] = Server("mirror", version="1", on_list_tools=tools, on_call_tool=self.call)
        manager = StreamableHTTPSessionManager(server)

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncGenerator[None]:
            async with manager.run():
                yield

        app = Starlette(routes=[Mount("/mcp", app=manager.handle_request)], lifespan=lifespan)
        async with serving(app) as url:
            yield f"{url}/"


class Echo(Talk):
    """Answers every question with what it was asked."""

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.questions.append((method, params))
        # Others are asked meanwhile.
        await asyncio.sleep(0)
        return {"action": "accept", "content": {"nonce": params["message"]}}


async def call(remote: Servers, url: str, number: int, version: str) -> tuple[Talk, McpAnswer]:
    talk = Echo(version, {"elicitation": {}}, meta={"progressToken": "same for all"})
    params = {"name": "mirror", "arguments": {"nonce": f"n{number}"}}
    headers = {"authorization": f"Bearer {number % 2}"}
    return talk, await remote.of(talk).ask(McpRequest(url, headers, "tools/call", params, None))


@pytest.mark.parametrize("version", BOTH)
async def test_fifty_calls_by_two_credentials_at_once_do_not_cross(remote: Servers, version: str) -> None:
    mirror = Mirror()
    async with mirror.served() as url:
        calls = await asyncio.gather(*(call(remote, url, number, version) for number in range(50)))
    for number, (talk, answer) in enumerate(calls):
        nonce = f"n{number}"
        assert answer.result["structuredContent"] == {
            "credential": f"Bearer {number % 2}",
            "nonce": nonce,
            "answered": nonce,
        }
        assert [params["message"] for _, params in talk.heard] == [nonce]
        assert [params["message"] for _, params in talk.questions] == ([nonce] if version == HANDSHAKE else [])
    assert all(len(credentials) == 1 for credentials in mirror.credentials_by_session.values())
    assert len(mirror.credentials_by_session) == (2 if version == HANDSHAKE else 0)


async def test_no_session_serves_two_end_users_even_without_credentials(remote: Servers) -> None:
    mirror = Mirror()
    callers = [Caller("org_1", "wsp_1", "usr_1"), Caller("org_1", "wsp_1", "usr_2"), Caller("org_2", "wsp_1", "usr_1")]
    async with mirror.served() as url:
        for caller in callers * 2:
            params = {"name": "mirror", "arguments": {"nonce": "n"}}
            request = McpRequest(url, {"authorization": "none"}, "tools/call", params, None)
            await remote.of(Echo(HANDSHAKE, {"elicitation": {}}), caller=caller).ask(request)
    assert len(mirror.credentials_by_session) == 3


async def test_no_credential_is_in_what_is_shown_of_a_request(remote: Servers) -> None:
    asking = remote.of(Talk(MODERN))
    request = McpRequest("https://example.com/mcp?key=s3cret", {"authorization": "s3cret"}, "tools/list", {}, None)
    shown = f"{asking!r} {request!r} {remote.upstreams._reach.__dict__!r}"
    assert "s3cret" not in shown


@pytest.mark.parametrize("version", BOTH)
async def test_what_one_organization_has_looked_at_keeps_no_change_from_another(remote: Servers, version: str) -> None:
    told: dict[str, int] = defaultdict(int)
    approved = {"name": "mirror", "description": "As it was once.", "inputSchema": {"type": "object"}}
    async with Mirror().served() as url:
        for organization in ("org_1", "org_2"):

            async def listed(_: object, __: object, organization: str = organization) -> None:
                told[organization] += 1

            caller = Caller(organization, "wsp_1", None)
            asking = remote.upstreams.on_behalf_of(Talk(version), caller=caller, listed=listed)
            params = {"name": "mirror", "arguments": {}}
            with pytest.raises(ToolChanged):
                await asking.ask(McpRequest(url, {}, "tools/call", params, approved))

    assert told == {"org_1": 1, "org_2": 1}
