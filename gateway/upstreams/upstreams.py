"""Remote MCP servers, asked on behalf of callers."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from mcp_types import INVALID_REQUEST, UNSUPPORTED_PROTOCOL_VERSION

from gateway.kit.egress import Egress
from gateway.principals import Caller
from gateway.upstreams.conversation import Conversation
from gateway.upstreams.follow import LISTEN, Follow
from gateway.upstreams.following import Following
from gateway.upstreams.modern import ModernServer
from gateway.upstreams.parking import RESUMABLE, UNKNOWN_STATE, Parking, may_be_asked
from gateway.upstreams.patience import Patience
from gateway.upstreams.reach import Reach, Server
from gateway.upstreams.relay import Relay, unheard
from gateway.upstreams.rounds import answered
from gateway.upstreams.shown_tools import LIST, Listed, Now
from gateway.upstreams.wire import Remote, Unfit, Wire
from integrations.failures import PermissionMissing, ProviderTimedOut, ProviderUnavailable
from integrations.ports import Json, McpAnswer, McpRequest

Result = TypeVar("Result")

_SUBSCRIBING: Final = frozenset({"resources/subscribe", "resources/unsubscribe"})
"""Servers without handshake are told what is wanted of them when they are followed, and know no other way."""
_OF_ANOTHER_ERA: Final = {UNSUPPORTED_PROTOCOL_VERSION, INVALID_REQUEST}
"""What servers say to a revision that they don't speak, or no longer; among other things."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """A request, and for whom it goes out."""

    request: McpRequest
    caller: Caller
    listed: Listed = field(repr=False)

    @property
    def remote(self) -> Remote:
        return Remote(self.request.url, self.request.headers)


class Upstreams:
    """The way to all remote servers; connections to them are kept and shared."""

    def __init__(self, egress: Egress, *, timeout_seconds: float, now: Now = time.monotonic) -> None:
        self._timeout_seconds = timeout_seconds
        self._reach = Reach(Wire(egress), now=now)
        self._parking = Parking()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which servers can be asked; all sessions with them end with it."""
        async with self._reach.running(), self._parking.running():
            yield

    def on_behalf_of(self, conversation: Conversation, *, caller: Caller, listed: Listed) -> "Asking":
        """Return the port through which one caller's request goes (`integrations.ports.Mcp`)."""
        return Asking(self, conversation, caller, listed)

    async def ask(
        self, request: McpRequest, conversation: Conversation, *, caller: Caller, listed: Listed
    ) -> McpAnswer:
        """Send one request and return its answer. Raises the classes of `integrations.failures`."""
        errand = _Errand(request, caller, listed)
        if isinstance(conversation, Follow):
            try:
                return await self._follow(errand, conversation)
            except PermissionMissing as error:
                # That an account may not be followed is no reason to ask its person for anything.
                raise ProviderUnavailable(error.message, status=error.status) from error
        if request.method not in RESUMABLE or not may_be_asked(conversation):
            return await self._ask(errand, conversation)
        whose = self._reach.name(errand.remote, caller)
        going_on = self._parking.go_on(conversation, whose=whose)
        if going_on is not None:
            return await going_on
        if not await self._must_park(errand, conversation):
            return await self._ask(errand, conversation)
        if conversation.request_state is not None:
            return UNKNOWN_STATE
        return await self._parking.begin(conversation, lambda waiting: self._ask(errand, waiting), whose=whose)

    async def _must_park(self, errand: _Errand, conversation: Conversation) -> bool:
        """Tell whether the server may ask in mid-request what this caller can only be told at its end."""
        relay = Relay(conversation, Patience(self._timeout_seconds))
        return relay.is_modern and await self._in_time(
            errand, relay.patience, lambda: self._reach.wants_handshake(errand.remote)
        )

    async def _ask(self, errand: _Errand, conversation: Conversation) -> McpAnswer:
        relay = Relay(conversation, Patience(self._timeout_seconds))

        async def work() -> McpAnswer:
            async with AsyncExitStack() as stack:
                server = await self._reach.server(errand.remote, relay, errand.caller, stack=stack)
                try:
                    answer = await _asked(server, errand, relay)
                except Unfit:
                    self._reach.forget(errand.remote)
                    raise
            if answer.error is not None and answer.error["code"] in _OF_ANOTHER_ERA:
                self._reach.forget(errand.remote)
            return answer

        return await self._in_time(errand, relay.patience, work)

    async def _follow(self, errand: _Errand, follow: Follow) -> McpAnswer:
        """Follow the server, in a session of its own: what is subscribed to there is not what its callers do."""
        async with AsyncExitStack() as stack:
            opening = unheard(Patience(self._timeout_seconds))
            server = await self._in_time(
                errand,
                opening.patience,
                lambda: self._reach.server(errand.remote, opening, errand.caller, stack=stack, apart=LISTEN),
            )

            async def ask(method: str, params: Mapping[str, Json]) -> McpAnswer:
                relay = unheard(Patience(self._timeout_seconds))
                return await self._in_time(errand, relay.patience, lambda: server.ask(method, params, relay))

            following = Following(server, follow, ask=ask, listed=errand.listed, seconds=self._timeout_seconds)
            answer = await following.until_it_ends()
        if answer.error is not None:
            # Another release of the server may offer it in another era.
            self._reach.forget(errand.remote)
        return answer

    async def _in_time(self, errand: _Errand, patience: Patience, work: Callable[[], Awaitable[Result]]) -> Result:
        try:
            async with patience.limiting():
                return await work()
        except TimeoutError:
            if not patience.is_over:
                raise
        raise ProviderTimedOut(
            f"{errand.remote.host} made no progress within {self._timeout_seconds:g} seconds; "
            "it is not known whether the request had its effect"
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """One caller at the remote servers."""

    upstreams: Upstreams
    conversation: Conversation = field(repr=False)
    caller: Caller
    listed: Listed = field(repr=False)

    async def ask(self, request: McpRequest) -> McpAnswer:
        """Send one request and return its answer."""
        return await self.upstreams.ask(request, self.conversation, caller=self.caller, listed=self.listed)


async def _asked(server: Server, errand: _Errand, relay: Relay) -> McpAnswer:
    """Send the request, once the tool that it calls is known to be what was approved."""
    request = errand.request

    async def require() -> None:
        if request.expects is not None:
            await server.tools.require(request.expects, page, errand.listed)

    async def page(params: Mapping[str, Json]) -> McpAnswer:
        if isinstance(server, ModernServer):
            await server.met(unheard(relay.patience))
        return await server.ask(LIST, params, unheard(relay.patience))

    if request.method == LIST:
        return await server.tools.all(page, errand.listed)
    await require()
    if not isinstance(server, ModernServer):
        return await server.ask(request.method, request.params, relay, once_more=require)
    if request.method in _SUBSCRIBING:
        return McpAnswer()
    schema = None if request.expects is None else request.expects.get("inputSchema")

    async def once(further: Mapping[str, Json]) -> McpAnswer:
        return await server.ask(request.method, {**request.params, **further}, relay, input_schema=schema)

    if relay.is_modern:
        return await once(_given(relay.conversation))
    return await answered(await once({}), once, relay, host=errand.remote.host)


def _given(conversation: Conversation) -> dict[str, Json]:
    """Return what the caller has come back with."""
    given = {"inputResponses": conversation.input_responses, "requestState": conversation.request_state}
    return {key: value for key, value in given.items() if value is not None}
