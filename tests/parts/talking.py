"""Callers at remote MCP servers, and a server of everything in the test's own event loop."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.serving import Server
from gateway.principals import Caller
from gateway.upstreams.conversation import Conversation, NoAnswer
from gateway.upstreams.upstreams import Asking, Upstreams
from integrations.ports import McpAnswer, McpRequest
from tests.parts.ports import free_port

HANDSHAKE, MODERN = LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION
BOTH = (HANDSHAKE, MODERN)
CALLER = Caller("org_1", "wsp_1", "usr_1")
EVERYTHING = {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}


@dataclass
class Talk:
    """A conversation that remembers what it was told and asked, and answers from `answers` by method."""

    protocol_version: str = MODERN
    capabilities: Mapping[str, Any] = field(default_factory=dict[str, Any])
    program: str = "a program"
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])
    input_responses: Mapping[str, Any] | None = None
    request_state: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    heard: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    questions: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self.heard.append((method, params))

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.questions.append((method, params))
        if method not in self.answers:
            raise NoAnswer("nobody is there")
        return self.answers[method]


@dataclass
class Servers:
    """The way to remote servers, with what a test says most often filled in."""

    upstreams: Upstreams
    lists: list[Sequence[Any]] = field(default_factory=list[Sequence[Any]])

    def of(self, talk: Conversation, *, caller: Caller = CALLER) -> Asking:
        async def listed(tools: Sequence[Any], *_: object) -> None:
            self.lists.append(tools)

        return self.upstreams.on_behalf_of(talk, caller=caller, listed=listed)

    async def ask(
        self,
        url: str,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        talk: Conversation | None = None,
        headers: Mapping[str, str] | None = None,
        expects: Mapping[str, Any] | None = None,
    ) -> McpAnswer:
        return await self.of(talk or Talk()).ask(McpRequest(url, headers or {}, method, params or {}, expects))

    async def call(
        self, url: str, tool: str, arguments: Mapping[str, Any] | None = None, *, talk: Talk | None = None
    ) -> McpAnswer:
        return await self.ask(url, "tools/call", {"name": tool, "arguments": arguments or {}}, talk=talk)


@asynccontextmanager
async def servers(timeout_seconds: float = 5.0) -> AsyncGenerator[Servers]:
    """The way to servers on loopback."""
    async with Egress(EgressPolicy(("127.0.0.1",))) as egress:
        upstreams = Upstreams(egress, timeout_seconds=timeout_seconds)
        async with upstreams.running():
            yield Servers(upstreams)


@asynccontextmanager
async def serving(app: ASGIApp, *, port: int | None = None) -> AsyncGenerator[str]:
    """Serve an application on loopback; the address of its path /mcp."""
    # The SDK's event streams end at once in a process where any server was ever told to stop, such as by a test of that.
    AppStatus.should_exit = False
    port = port or free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http="h11", ws="none", log_config=None, timeout_graceful_shutdown=1
    )
    server = Server(config)
    # Not a task group: pytest ends a fixture in another task than it began it in.
    task = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        await task
