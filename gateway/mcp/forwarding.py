"""Prompts, resources, completion and log levels: what remote MCP servers have besides tools goes on to them.

By the account that a tool of theirs would use, through the same execution. Lists leave out servers that can't be asked,
because an agent does better with the rest than with nothing.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import structlog
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, LOG_LEVEL_META_KEY, InputRequiredResult
from mcp_types.methods import validate_client_request
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from gateway.errors import ToolgateError
from gateway.mcp.client_side import ClientSide
from gateway.mcp.followed import kinds_of, takes_subscriptions
from gateway.mcp.following import Following
from gateway.mcp.log_levels import LogLevels
from gateway.mcp.places import Places
from gateway.mcp.questions import Questions
from gateway.mcp.remote_names import NamedRemote, RemoteNames, remotes_of, with_prompt, with_resource
from gateway.mcp.remote_results import error_of, questions_of, wire_result
from gateway.mcp.results import LINK_REQUEST, Dialect, failure
from gateway.mcp.visit import visit_of
from gateway.principals import McpPrincipal
from gateway.tools.execution import Execution, Invocation
from gateway.tools.toolset import Toolset
from gateway.upstreams.follow import PROMPTS_CHANGED, RESOURCES_CHANGED
from integrations.ports import McpAnswer

_Context: TypeAlias = ServerRequestContext[Any, Any]

_LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "prompts/list": ("prompts", "prompts"),
    "resources/list": ("resources", "resources"),
    "resources/templates/list": ("resources", "resourceTemplates"),
}
"""By method: the capability that a server needs for it, and where the items stand in the answer."""
_ABOUT_ONE: Final = frozenset(
    {"prompts/get", "resources/read", "resources/subscribe", "resources/unsubscribe", "completion/complete"}
)
METHODS: Final = frozenset({*_LISTS, *_ABOUT_ONE, "logging/setLevel"})
CAPABILITIES: Final = ("prompts", "resources", "completions", "logging")
MAX_PAGES: Final = 20
MAX_ITEMS: Final = 1_000
MAX_LIST_BYTES: Final = 5 * 1024 * 1024
"""Of one server's list: whoever asks holds it in memory, and so does everybody who asks at the same time."""
_PROTOCOL_META: Final = "io.modelcontextprotocol/"
_log = structlog.stdlib.get_logger()


class Forwarding:
    """Hands requests on to the remote servers of a toolset."""

    def __init__(self, *, execution: Execution, questions: Questions, places: Places, following: Following) -> None:
        self._execution = execution
        self._following = following
        self._questions = questions
        self._places = places
        self._levels = LogLevels()

    async def answer(self, ctx: _Context, toolset: Toolset) -> dict[str, Any]:
        """Return the result of a request of `METHODS`. Raises `MCPError`."""
        _check(ctx)
        remotes, params = remotes_of(toolset), dict(ctx.params or {})
        if ctx.method in _LISTS:
            return await self._list(ctx, remotes, params)
        if ctx.method == "logging/setLevel":
            return await self._set_level(ctx, remotes, params)
        meant, inner = _addressed(ctx.method, params, remotes)
        return await self._about_one(ctx, meant, inner)

    def side(self, ctx: _Context, names: RemoteNames) -> ClientSide:
        """Return this request's client, for whoever goes on to a remote server with it."""
        visit, params = visit_of(ctx), ctx.params or {}
        is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        request: Any = ctx.request
        answers = params.get("inputResponses")
        state = params.get("requestState")
        return ClientSide(
            principal=visit.principal,
            names=names,
            scope=request.scope,
            protocol_version=ctx.protocol_version,
            is_modern=is_modern,
            capabilities=capabilities_of(ctx),
            meta=self._meta(params.get("_meta"), visit.principal, is_modern=is_modern),
            # What answers our own link is nobody else's business.
            input_responses=_without_link(answers),
            request_state=state if isinstance(state, str) else None,
            questions=self._questions,
            places=self._places,
        )

    def _meta(self, sent: object, principal: McpPrincipal, *, is_modern: bool) -> dict[str, Any]:
        """Return what goes on of a request's `_meta`: all but what it says of this connection itself."""
        meta = cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
        kept = {
            name: value
            for name, value in meta.items()
            if name == LOG_LEVEL_META_KEY or not name.startswith(_PROTOCOL_META)
        }
        level = None if is_modern else self._levels.of(principal)
        return {**kept, LOG_LEVEL_META_KEY: level} if level is not None else kept

    async def _list(self, ctx: _Context, remotes: Sequence[NamedRemote], params: dict[str, Any]) -> dict[str, Any]:
        if params.get("cursor") is not None:
            raise MCPError(INVALID_PARAMS, "there is no such cursor: the list has one page")
        capability, key = _LISTS[ctx.method]
        asked = [each for each in remotes if capability in each.capabilities]
        lists = await asyncio.gather(*(self._listed(ctx, each, key) for each in asked))
        return wire_result(
            {key: [item for found in lists for item in found]},
            method=ctx.method,
            names=RemoteNames("", "A remote server", is_bare=True),
            version=ctx.protocol_version,
            is_modern=ctx.protocol_version in MODERN_PROTOCOL_VERSIONS,
        )

    async def _listed(self, ctx: _Context, asked: NamedRemote, key: str) -> list[dict[str, Any]]:
        """Return what one server lists, as it is called here; nothing where it can't be asked."""
        found: list[dict[str, Any]] = []
        size = 0
        cursor: Any = None
        for _ in range(MAX_PAGES):
            params = {} if cursor is None else {"cursor": cursor}
            try:
                answer = await self._ask(ctx, asked, params)
            except ToolgateError as error:
                _log.info("remote server left out of a list", method=ctx.method, code=error.code)
                break
            items = _objects(answer.result.get(key))
            size += len(json.dumps(items))
            if size > MAX_LIST_BYTES:
                _log.info("remote server's list cut", method=ctx.method, items=len(found))
                break
            found += [asked.names.outer_item(item) for item in items]
            cursor = answer.result.get("nextCursor")
            if cursor is None or len(found) >= MAX_ITEMS:
                break
        return found[:MAX_ITEMS]

    async def _set_level(self, ctx: _Context, remotes: Sequence[NamedRemote], params: dict[str, Any]) -> dict[str, Any]:
        self._levels.set(visit_of(ctx).principal, params["level"])
        asked = [each for each in remotes if "logging" in each.capabilities]
        answers = await asyncio.gather(*(self._ask(ctx, each, params) for each in asked), return_exceptions=True)
        for answer in answers:
            # A server that can't be asked has nothing to log either; what reaches us is filtered here anyway.
            if isinstance(answer, BaseException) and not isinstance(answer, ToolgateError):
                raise answer
        return {}

    async def _about_one(self, ctx: _Context, asked: NamedRemote, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._ask(ctx, asked, params)
        except ToolgateError as error:
            return _refused(ctx, error)
        if answer.error is not None:
            raise error_of(answer.error)
        await self._subscribed(ctx)
        is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        if answer.result.get("resultType") == "input_required":
            return questions_of(
                answer.result,
                names=asked.names,
                version=ctx.protocol_version,
                capabilities=capabilities_of(ctx),
                method=ctx.method,
            )
        return wire_result(
            answer.result, method=ctx.method, names=asked.names, version=ctx.protocol_version, is_modern=is_modern
        )

    async def _subscribed(self, ctx: _Context) -> None:
        """Have the client's streams tell of the resource that it has just subscribed to, or no more."""
        principal, uri = visit_of(ctx).principal, (ctx.params or {}).get("uri", "")
        if ctx.method == "resources/subscribe":
            await self._following.subscribe(principal, uri)
        elif ctx.method == "resources/unsubscribe":
            self._following.unsubscribe(principal, uri)

    async def _ask(self, ctx: _Context, asked: NamedRemote, params: Mapping[str, Any]) -> McpAnswer:
        remote = asked.remote
        action = remote.integration.forwarding
        if action is None:
            raise RuntimeError(f"{remote.integration.name} is no remote server")
        kept = {name: value for name, value in params.items() if name not in _OF_THE_REQUEST}
        invocation = Invocation(
            integration=remote.integration,
            action=action,
            instance=remote.instance,
            alias=remote.instance.alias,
            arguments={"method": ctx.method, "params": kept},
            conversation=self.side(ctx, asked.names),
        )
        outcome = await self._execution.run(visit_of(ctx).principal.caller, invocation)
        return outcome.result.mcp or McpAnswer()


_OF_THE_REQUEST: Final = frozenset({"_meta", "inputResponses", "requestState"})
"""Params that travel with the conversation."""


def capabilities_of(ctx: _Context) -> Mapping[str, Any]:
    """Return what this client has declared that it can be asked."""
    if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
        declared = ctx.session.client_capabilities
        if declared is None:
            return {}
        return declared.model_dump(by_alias=True, exclude_none=True, include={"elicitation", "sampling", "roots"})
    session = visit_of(ctx).session
    return {} if session is None else session.capabilities


def shown_capabilities(toolset: Toolset) -> dict[str, Any]:
    """Return what a server has besides tools, as its handshake tells it: what any of its remote servers has."""
    had: dict[str, dict[str, Any]] = {}
    for each in remotes_of(toolset):
        for name in (name for name in CAPABILITIES if name in each.capabilities):
            had.setdefault(name, {})
        kinds = kinds_of(each)
        if PROMPTS_CHANGED in kinds:
            had["prompts"]["listChanged"] = True
        if RESOURCES_CHANGED in kinds:
            had["resources"]["listChanged"] = True
        if takes_subscriptions(each):
            had["resources"]["subscribe"] = True
    return had


def instructions_of(toolset: Toolset) -> str | None:
    """Return what a server that is passed through tells models about itself."""
    passed = next((each for each in remotes_of(toolset) if each.names.is_bare), None)
    server = passed.remote.integration.manifest.mcp if passed is not None else None
    return None if server is None else server.instructions


def _check(ctx: _Context) -> None:
    """Hold the params against the revision's own schema, as the SDK does for what it handles itself."""
    try:
        validate_client_request(ctx.method, ctx.protocol_version, ctx.params)
    except KeyError:
        raise MCPError(-32601, "Method not found", ctx.method) from None
    except ValidationError:
        raise MCPError(INVALID_PARAMS, "Invalid request parameters") from None


def _addressed(
    method: str, params: dict[str, Any], remotes: Iterable[NamedRemote]
) -> tuple[NamedRemote, dict[str, Any]]:
    """Find out which server is meant, and what to ask it. Raises `MCPError`."""
    match method:
        case "prompts/get":
            if (found := with_prompt(remotes, params.get("name"))) is not None:
                return found[0], {**params, "name": found[1]}
            raise MCPError(INVALID_PARAMS, "there is no such prompt on this server (any more): list the prompts again")
        case "completion/complete":
            return _completed(params, remotes)
        case _:
            uri = params.get("uri")
            if (found := with_resource(remotes, uri)) is not None:
                return found[0], {**params, "uri": found[1]}
            raise MCPError(INVALID_PARAMS, "Resource not found", {"uri": uri})


def _completed(params: dict[str, Any], remotes: Iterable[NamedRemote]) -> tuple[NamedRemote, dict[str, Any]]:
    ref: dict[str, Any] = params["ref"]
    key = "name" if ref.get("type") == "ref/prompt" else "uri"
    found = with_prompt(remotes, ref.get(key)) if key == "name" else with_resource(remotes, ref.get(key))
    if found is None:
        raise MCPError(INVALID_PARAMS, "there is nothing of this name on this server (any more): list again")
    return found[0], {**params, "ref": {**ref, key: found[1]}}


def _refused(ctx: _Context, error: ToolgateError) -> dict[str, Any]:
    """Ask for the link to be opened where the client can be asked, else raise what is wrong as an error."""
    capabilities: Mapping[str, Any] = capabilities_of(ctx).get("elicitation") or {}
    answers = (ctx.params or {}).get("inputResponses")
    is_modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
    takes_links = "url" in capabilities and (ctx.method in {"prompts/get", "resources/read"} or not is_modern)
    dialect = Dialect(is_modern, takes_links, has_answered=isinstance(answers, dict) and LINK_REQUEST in answers)
    shown = failure(error, dialect)
    if isinstance(shown, InputRequiredResult):
        return {"resultType": "input_required", **shown.model_dump(by_alias=True, mode="json", exclude_none=True)}
    details = {name: value for name, value in error.details.items() if value is not None}
    raise MCPError(INTERNAL_ERROR, error.message, {"code": error.code, **details})


def _without_link(answers: Any) -> dict[str, Any] | None:
    sent = cast("dict[str, Any]", answers) if isinstance(answers, dict) else {}
    return {key: value for key, value in sent.items() if key != LINK_REQUEST} or None


def _objects(items: object) -> list[dict[str, Any]]:
    found = cast("list[Any]", items) if isinstance(items, list) else []
    return [item for item in found if isinstance(item, dict)]
