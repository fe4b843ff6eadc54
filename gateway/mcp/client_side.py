"""The client's side of a request that goes on to a remote MCP server: what it hears, and what it is asked, on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from mcp_types import LOG_LEVEL_META_KEY
from starlette.types import Scope

from gateway.access.redirect_uris import LOOPBACK_HOSTS
from gateway.mcp.attendance import can_tell, tell
from gateway.mcp.log_levels import is_wanted
from gateway.mcp.places import Places
from gateway.mcp.questions import Questions
from gateway.mcp.remote_names import RemoteNames
from gateway.principals import McpPrincipal
from gateway.upstreams.conversation import NoAnswer
from gateway.upstreams.relay import CAPABILITY_OF

MAX_QUESTIONS: Final = 20
"""Of one request: a server that asks more often is not asking its person."""
_TOLD: Final = frozenset({"notifications/progress", "notifications/message"})


@dataclass(slots=True, kw_only=True)
class ClientSide:
    """One request of one client (`gateway.upstreams.conversation.Conversation`)."""

    principal: McpPrincipal
    names: RemoteNames
    scope: Scope = field(repr=False)
    protocol_version: str
    is_modern: bool
    capabilities: Mapping[str, Any]
    meta: Mapping[str, Any] = field(repr=False)
    input_responses: Mapping[str, Any] | None = field(default=None, repr=False)
    request_state: str | None = field(default=None, repr=False)
    questions: Questions = field(repr=False)
    places: Places = field(repr=False)
    _asked: int = 0

    @property
    def program(self) -> str:
        """Which of a person's programs this is: what signed in once, or what has been given a token."""
        return self.principal.grant_id or self.principal.token_id

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Tell the client, if it takes a stream and wants to hear of this."""
        if method not in _TOLD or (method == "notifications/message" and not self._hears(params.get("level"))):
            return
        await tell(self.scope, {"jsonrpc": "2.0", "method": method, "params": params})

    def _hears(self, level: object) -> bool:
        """Tell whether the client wants log messages of this level; since 2026-07-28 it has to say so each time."""
        wanted = self.meta.get(LOG_LEVEL_META_KEY)
        return (wanted is not None or not self.is_modern) and is_wanted(level, wanted)

    async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the client, without holding a place of its token meanwhile. Raises `NoAnswer`."""
        self._asked += 1
        if self._asked > MAX_QUESTIONS:
            raise NoAnswer(f"more than {MAX_QUESTIONS} questions in one request")
        if self.is_modern or not can_tell(self.scope):
            raise NoAnswer(f"{method}: this client can't be asked in the middle of a request", code=-32601)
        refuse_question(method, params, self.capabilities)

        async def send(message: Mapping[str, Any]) -> None:
            await tell(self.scope, message)

        shown = as_from(self.names, method, params)
        with self.places.left(self.principal.token_id):
            return await self.questions.ask(self.principal, method, shown, send=send)


def refuse_question(method: str, params: Mapping[str, Any], capabilities: Mapping[str, Any]) -> None:
    """Raise `NoAnswer` for a question that the client can't take, or must not be shown."""
    capability = CAPABILITY_OF.get(method)
    declared = capabilities.get(capability) if capability is not None else None
    if declared is None:
        raise NoAnswer(f"{method}: this client has not declared that it can be asked", code=-32601)
    if method != "elicitation/create":
        return
    mode = params.get("mode", "form")
    if mode == "url":
        if "url" not in declared:
            raise NoAnswer("elicitation/create: this client opens no links", code=-32602)
        if not may_be_opened(params.get("url")):
            raise NoAnswer("elicitation/create: `url` has to be an https address", code=-32602)
    elif "form" not in declared and "url" in declared:
        raise NoAnswer("elicitation/create: this client shows no forms", code=-32602)


def as_from(names: RemoteNames, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params of a question with who asks in its words, where several servers could."""
    message = params.get("message")
    if names.is_bare or method != "elicitation/create" or not isinstance(message, str):
        return params
    return {**params, "message": f"{names.title} asks: {message}"}


def may_be_opened(url: object) -> bool:
    """Tell whether a person may be sent there: what is no web address is opened by who knows what."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    )
