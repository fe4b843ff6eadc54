"""Agent frameworks: each runs its own agent over its own MCP client, with a model that wants exactly one tool call.

They are imported where they are used: not every platform has them.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mcp.client.auth import OAuthClientProvider

from tests.flows.agents import Agent, Reply
from tests.parts.presence import missing


@asynccontextmanager
async def signed_in_openai_agents(endpoint: str, auth: OAuthClientProvider) -> AsyncGenerator[Agent]:
    """Connect openai-agents."""
    try:
        from agents.mcp import MCPServerStreamableHttp
    except ImportError:
        missing("openai-agents (`./run setup` installs it)")

    async with MCPServerStreamableHttp(
        {"url": endpoint, "auth": auth, "timeout": 30}, client_session_timeout_seconds=30, use_structured_content=True
    ) as server:
        assert server.session is not None
        yield OpenAiAgent(server, server.session.protocol_version or "")


@dataclass
class OpenAiAgent:
    """An agent of the OpenAI Agents SDK."""

    server: Any
    version: str

    async def tool_names(self) -> list[str]:
        return [tool.name for tool in await self.server.list_tools()]

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Reply:
        import agents
        from openai.types.responses import ResponseFunctionToolCall

        wanted = ResponseFunctionToolCall(
            name=name, arguments=json.dumps(arguments or {}), call_id="1", type="function_call"
        )

        class Wanting(agents.Model):
            async def get_response(self, *_args: Any, **_options: Any) -> agents.ModelResponse:
                return agents.ModelResponse(output=[wanted], usage=agents.Usage(), response_id=None)

            def stream_response(self, *_args: Any, **_options: Any) -> Any:
                raise NotImplementedError

        agent = agents.Agent(
            "agent", mcp_servers=[self.server], model=Wanting(), tool_use_behavior="stop_on_first_tool"
        )
        ran = await agents.Runner.run(agent, "Go.", run_config=agents.RunConfig(tracing_disabled=True))
        return Reply(structured=json.loads(ran.final_output))


@asynccontextmanager
async def signed_in_pydantic_ai(endpoint: str, auth: OAuthClientProvider) -> AsyncGenerator[Agent]:
    """Connect pydantic-ai."""
    try:
        from pydantic_ai.mcp import MCPToolset
    except ImportError:
        missing("pydantic-ai-slim (`./run setup` installs it)")

    async with MCPToolset[None](endpoint, auth=auth) as toolset:
        yield PydanticAiAgent(toolset, toolset.client.session.protocol_version or "")


@dataclass
class PydanticAiAgent:
    """An agent of pydantic-ai."""

    toolset: Any
    version: str

    async def tool_names(self) -> list[str]:
        return [tool.name for tool in await self.toolset.list_tools()]

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Reply:
        import pydantic_ai
        from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
        from pydantic_ai.models.function import AgentInfo, FunctionModel

        def wanting(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            called = any(isinstance(part, ToolReturnPart) for message in messages for part in message.parts)
            return ModelResponse([TextPart("Done.") if called else ToolCallPart(name, arguments or {})])

        ran = await pydantic_ai.Agent(FunctionModel(wanting), toolsets=[self.toolset]).run("Go.")
        [returned] = [
            part for message in ran.all_messages() for part in message.parts if isinstance(part, ToolReturnPart)
        ]
        return Reply(structured=returned.model_response_object())
