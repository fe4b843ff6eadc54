"""What the server of everything tells of changes: on its bus (2026-07-28), and to its open sessions (before)."""

# What 2026-07-28 deprecates, clients of the handshake revisions still use.
# pyright: reportDeprecated=false, reportPrivateUsage=false

from typing import Any, Final
from weakref import WeakKeyDictionary

import mcp_types as types
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult
from mcp.server.subscriptions import InMemorySubscriptionBus, PromptsListChanged, ResourceUpdated, ToolsListChanged

from tests.support.everything.asking import Answer, Context, Tool, done

WATCHED: Final = "test://watched-resource"


class Changes:
    """The sessions of one server, and to what each has subscribed."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self._sessions = WeakKeyDictionary[Connection, set[str]]()

    async def notice(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Remember sessions, and say in their handshake that lists change."""
        result = await call_next(ctx)
        if ctx.method == "initialize" and isinstance(result, dict):
            for name in ("tools", "prompts", "resources"):
                result["capabilities"][name]["listChanged"] = True
        if ctx.method == "notifications/initialized":
            self._sessions[ctx.session._connection] = set()
        return result

    async def subscribe(self, ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        self._sessions.setdefault(ctx.session._connection, set()).add(str(params.uri))
        return types.EmptyResult()

    async def unsubscribe(self, ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        self._sessions.setdefault(ctx.session._connection, set()).discard(str(params.uri))
        return types.EmptyResult()

    def tools(self) -> dict[str, Tool]:
        """The tools that make something change."""
        return {
            "test_trigger_tool_change": self._change_tools,
            "test_trigger_prompt_change": self._change_prompts,
            "test_update_watched_resource": self._update,
        }

    async def _change_tools(self, _: Context, __: types.CallToolRequestParams) -> Answer:
        await self.bus.publish(ToolsListChanged())
        for session in list(self._sessions):
            await session.send_tool_list_changed()
        return done("The tools have changed")

    async def _change_prompts(self, _: Context, __: types.CallToolRequestParams) -> Answer:
        await self.bus.publish(PromptsListChanged())
        for session in list(self._sessions):
            await session.send_prompt_list_changed()
        return done("The prompts have changed")

    async def _update(self, _: Context, params: types.CallToolRequestParams) -> Answer:
        """Update the watched resource, or another: as often as it is told."""
        given: dict[str, Any] = params.arguments or {}
        uri = given.get("uri", WATCHED)
        for _each in range(given.get("times", 1)):
            await self.bus.publish(ResourceUpdated(uri=uri))
            for session, uris in list(self._sessions.items()):
                if uri in uris:
                    await session.send_resource_updated(uri)
        return done("The resource was updated")
