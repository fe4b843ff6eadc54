"""What an MCP server answers: its tools, a call, changes to come. One SDK server speaks for all of ours."""

from collections.abc import Awaitable
from typing import Any

import structlog
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    ElicitResult,
    ListToolsResult,
    PaginatedRequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from gateway import __version__
from gateway.access.grant_calls import GrantCalls
from gateway.connections.resolver import Resolver
from gateway.errors import ConnectionRequired, ToolgateError, Unauthorized
from gateway.kit.request_log import note
from gateway.mcp.elicitations import Elicitations
from gateway.mcp.forwarding import METHODS, Forwarding, capabilities_of, instructions_of, shown_capabilities
from gateway.mcp.listening import Listening
from gateway.mcp.lists import SERVER_NAME, ToolLists
from gateway.mcp.missing import Missing
from gateway.mcp.progress import progress_of
from gateway.mcp.questions import Questions
from gateway.mcp.remote_names import RemoteNames, names_of
from gateway.mcp.remote_results import call_result
from gateway.mcp.results import LINK_REQUEST, Dialect, failure, success
from gateway.mcp.under_way import UnderWay
from gateway.mcp.visit import Visit, visit_of
from gateway.mcp.waiting import Waiting
from gateway.principals import McpPrincipal
from gateway.tools.execution import Execution, Invocation, Outcome
from gateway.tools.tool import Tool
from gateway.tools.toolset import Toolset, Toolsets
from gateway.upstreams.conversation import NOBODY

_Context = ServerRequestContext[Any, Any]
_log = structlog.stdlib.get_logger()


class McpHandlers:
    """The handlers of all MCP servers; which one is asked stands in the visit of the request."""

    def __init__(
        self,
        *,
        toolsets: Toolsets,
        resolver: Resolver,
        execution: Execution,
        listening: Listening,
        waiting: Waiting,
        elicitations: Elicitations,
        grant_calls: GrantCalls,
        result_max_bytes: int,
    ) -> None:
        self._toolsets = toolsets
        self._resolver = resolver
        self._execution = execution
        self._waiting = waiting
        self._elicitations = elicitations
        self._grant_calls = grant_calls
        self._result_max_bytes = result_max_bytes
        self._lists = ToolLists()
        self._under_way = UnderWay()
        self.questions = Questions()
        self._listening = listening
        self._forwarding = Forwarding(
            execution=execution, questions=self.questions, places=waiting.places, following=listening.following
        )

    def server(self) -> Server[Any]:
        """Return the SDK's server with these handlers."""
        server: Server[Any] = Server(
            SERVER_NAME,
            version=__version__,
            on_list_tools=self._list_tools,
            on_subscriptions_listen=self._listening.serve,
            # Otherwise the SDK runs tools/list for every call, to look for x-mcp-header; no tool of ours has it.
            get_tool_input_schema=_no_header_schema,
        )
        # Not `on_call_tool`, because what a remote server answered is on its wire form already.
        server.add_request_handler("tools/call", CallToolRequestParams, self._call_tool)
        # In place of the SDK's own OpenTelemetry span, which costs more than the rest of the call.
        server.middleware[:] = [self._answer]
        return server

    async def _list_tools(self, _context: _Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        """Answer what `_ready_list` leaves over: a cursor, of which we never gave one."""
        raise MCPError(INVALID_PARAMS, "there is no such cursor: the list has one page")

    async def _answer(self, ctx: _Context, call_next: CallNext) -> HandlerResult:
        """Have the SDK answer, except where its way is not ours; what goes wrong inside is kept to ourselves."""
        try:
            match ctx.method:
                case "tools/list" if (ctx.params or {}).get("cursor") is None:
                    return await self._ready_list(ctx)
                case "initialize" | "server/discover":
                    toolset = await self._toolsets.of(visit_of(ctx).principal.server_id)
                    return _own_identity(ctx, await call_next(ctx), toolset)
                case method if method in METHODS:
                    toolset = await self._toolsets.of(visit_of(ctx).principal.server_id)
                    answer = self._forwarding.answer(ctx, toolset) if toolset.remotes else call_next(ctx)
                    return await self._cancellable(ctx, answer)
                case "tools/call":
                    return await self._cancellable(ctx, call_next(ctx))
                case _:
                    return await call_next(ctx)
        except (MCPError, ValidationError):
            raise
        except Exception as error:
            # The SDK would tell handshake-era clients the exception's text.
            _log.exception("mcp handler failed", method=ctx.method)
            raise MCPError(INTERNAL_ERROR, "Internal error") from error

    def cancel(self, principal: McpPrincipal, request_id: Any) -> None:
        """End what a handshake-era client has given up (`notifications/cancelled`)."""
        self._waiting.cancel(principal, request_id)
        self._under_way.cancel(principal, request_id)

    async def _cancellable(self, ctx: _Context, answer: Awaitable[HandlerResult]) -> HandlerResult:
        if _is_modern(ctx):
            return await answer
        return await self._under_way.cancellable(visit_of(ctx).principal, ctx.request_id, answer)

    async def _ready_list(self, ctx: _Context) -> HandlerResult:
        """Return the list as it was last made, without building a model of every tool again."""
        toolset = await self._toolsets.of(visit_of(ctx).principal.server_id)
        is_modern = _is_modern(ctx)
        return self._lists.of(toolset, protocol_version=ctx.protocol_version, is_modern=is_modern)

    async def _call_tool(self, ctx: _Context, params: CallToolRequestParams) -> HandlerResult:
        visit, dialect = visit_of(ctx), _dialect(ctx, params)
        tool, names = await self._found(visit, params.name)
        outcome = await self._attempt(ctx, params, tool, names)
        if isinstance(outcome, ConnectionRequired) and visit.door.connect_wait_seconds and dialect.may_wait:
            outcome = await self._once_connected(ctx, params, outcome)
        _note(ctx, visit, tool_name=params.name, outcome=outcome)
        if isinstance(outcome, ConnectionRequired) and dialect.hears_of_completion:
            self._elicitations.ask(visit.principal, outcome)
        if isinstance(outcome, ToolgateError):
            return failure(outcome, dialect, has_output_schema=tool.has_output_schema)
        if outcome.result.mcp is not None:
            return call_result(
                outcome,
                names=names,
                version=ctx.protocol_version,
                dialect=dialect,
                capabilities=capabilities_of(ctx),
                most=self._result_max_bytes,
            )
        return success(outcome, dialect, max_bytes=self._result_max_bytes)

    async def _once_connected(
        self, ctx: _Context, params: CallToolRequestParams, refusal: ConnectionRequired
    ) -> Outcome | ToolgateError:
        """Run the call once its person has connected what it lacks, or return what is still missing after a while."""
        visit = visit_of(ctx)

        async def lacks(refusal: ConnectionRequired) -> bool:
            is_there = await Missing.of(refusal).is_there(self._resolver, visit.principal.caller)
            return not is_there and await visit.still_admitted()

        async def attempt() -> Outcome | ToolgateError:
            if not await visit.still_admitted():
                return Unauthorized("the token of this call is no longer valid")
            # Found anew: while the call waited, its tool may have become another.
            return await self._attempt(ctx, params, *await self._found(visit, params.name))

        return await self._waiting.outlast(
            refusal,
            attempt,
            lacks=lacks,
            principal=visit.principal,
            # Since 2026-07-28 a client gives up by leaving.
            request_id=None if _is_modern(ctx) else ctx.request_id,
            seconds=visit.door.connect_wait_seconds,
            tell=progress_of(ctx, params, seconds=visit.door.connect_wait_seconds),
        )

    async def _found(self, visit: Visit, name: str) -> tuple[Tool, RemoteNames]:
        """Return the tool as the server has it now. Raises the JSON-RPC error for one that it does not have."""
        toolset = await self._toolsets.of(visit.principal.server_id)
        tool = toolset.by_name.get(name)
        if tool is None:
            shown = name[:100]
            raise MCPError(
                INVALID_PARAMS, f"there is no tool {shown!r} on this server (any more): list the tools again"
            )
        return tool, names_of(tool, toolset)

    async def _attempt(
        self, ctx: _Context, params: CallToolRequestParams, tool: Tool, names: RemoteNames
    ) -> Outcome | ToolgateError:
        visit = visit_of(ctx)
        is_remote = tool.action.remote is not None
        invocation = Invocation(
            integration=tool.integration,
            action=tool.action,
            instance=tool.instance,
            alias=tool.alias,
            arguments={**tool.input_defaults, **(params.arguments or {})},
            connection_id=tool.connection_id,
            conversation=self._forwarding.side(ctx, names) if is_remote else NOBODY,
        )
        failed = True
        try:
            outcome = await self._execution.run(visit.principal.caller, invocation)
            failed = _has_failed(outcome)
        except ToolgateError as error:
            return error
        finally:
            # Also where the client has left: what was begun may have had its effect.
            self._note_call(visit, tool, failed=failed)
        return outcome

    def _note_call(self, visit: Visit, tool: Tool, *, failed: bool) -> None:
        """Note what the program did in its person's name, if somebody has signed in for it."""
        grant_id = visit.principal.grant_id
        if grant_id is not None:
            self._grant_calls.note(
                grant_id,
                tool=tool.name,
                title=tool.action.title,
                integration=tool.integration_title,
                failed=failed,
            )


def _has_failed(outcome: Outcome) -> bool:
    """Tell whether a remote server's tool failed, which is an answer like any other here."""
    answer = outcome.result.mcp
    return answer is not None and (answer.error is not None or answer.result.get("isError") is True)


def _own_identity(ctx: _Context, result: HandlerResult, toolset: Toolset) -> HandlerResult:
    """Say in the handshake which of our servers this is, what it has, and that its list can change."""
    if not isinstance(result, dict):
        return result
    door = visit_of(ctx).door
    result["capabilities"] = {"tools": {"listChanged": True}, **shown_capabilities(toolset)}
    instructions = door.description or instructions_of(toolset)
    if instructions:
        result["instructions"] = instructions
    if ctx.method == "initialize":
        result["serverInfo"] = {**result["serverInfo"], "title": door.name}
    return result


def _dialect(ctx: _Context, params: CallToolRequestParams) -> Dialect:
    if not _is_modern(ctx):
        visit = visit_of(ctx)
        return Dialect(False, visit.session is not None and visit.session.takes_url_elicitation)
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return Dialect(
        is_modern=True,
        takes_url_elicitation=elicitation is not None and elicitation.url is not None,
        has_answered=LINK_REQUEST in (params.input_responses or {}),
        has_declined=_has_declined(params),
    )


def _has_declined(params: CallToolRequestParams) -> bool:
    answer = (params.input_responses or {}).get(LINK_REQUEST)
    return isinstance(answer, ElicitResult) and answer.action != "accept"


def _is_modern(ctx: _Context) -> bool:
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS


def _no_header_schema(_name: str) -> None:
    return None


def _note(ctx: _Context, visit: Visit, *, tool_name: str, outcome: Outcome | ToolgateError) -> None:
    """Have the request's line say who had what done by which account, and how it ended; never with what input."""
    failed = isinstance(outcome, ToolgateError)
    connection = None if failed else outcome.connection
    request: Any = ctx.request
    note(
        request.scope,
        tool=tool_name,
        outcome=outcome.code if failed else "ok",
        workspace_id=visit.principal.workspace_id,
        end_user_id=visit.principal.end_user_id,
        connection_id=connection.id if connection is not None else None,
    )
