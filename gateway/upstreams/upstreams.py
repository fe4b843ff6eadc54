"""Remote MCP servers, asked on behalf of callers."""

import hashlib
import json
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from gateway.kit.egress import Egress
from gateway.principals import Caller
from gateway.upstreams.conversation import Conversation
from gateway.upstreams.eras import Eras
from gateway.upstreams.errands import Errands
from gateway.upstreams.handshake import HandshakeRefused, HandshakeServer
from gateway.upstreams.modern import ModernServer
from gateway.upstreams.patience import Patience
from gateway.upstreams.pool import Pool
from gateway.upstreams.relay import CAPABILITY_OF, Relay, unheard
from gateway.upstreams.shown_tools import LIST, Listed, Now
from gateway.upstreams.wire import Remote, Wire
from integrations.failures import ProviderTimedOut
from integrations.ports import Json, McpAnswer, McpRequest

Server: TypeAlias = ModernServer | HandshakeServer

_RESUMABLE: Final = ("inputResponses", "requestState")


class Upstreams:
    """The way to all remote servers; connections to them are kept and shared."""

    def __init__(self, egress: Egress, *, timeout_seconds: float, now: Now = time.monotonic) -> None:
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._wire = Wire(egress)
        self._eras = Eras(self._wire, now)
        self._modern: Pool[ModernServer] = Pool(now)
        self._sessions: Pool[HandshakeServer] = Pool(now)
        self._errands = Errands()
        self._key = secrets.token_bytes(32)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which servers can be asked; all sessions with them end with it."""
        async with self._modern.running(), self._sessions.running(), self._errands.running():
            yield

    def on_behalf_of(self, conversation: Conversation, *, caller: Caller, listed: Listed) -> "Asking":
        """Return the port through which one caller's request goes (`integrations.ports.Mcp`).

        `caller` says who it is, so that no session serves two of them.
        """
        return Asking(self, conversation, caller, listed)

    async def ask(
        self, request: McpRequest, conversation: Conversation, *, caller: Caller, listed: Listed
    ) -> McpAnswer:
        """Send one request and return its answer. Raises the classes of `integrations.failures`."""
        remote = Remote(request.url, request.headers)
        relay = Relay(conversation, Patience(self._timeout_seconds))
        try:
            async with relay.patience.limiting(), AsyncExitStack() as stack:
                server = await self._server(remote, relay, caller, stack=stack)
                return await _asked(server, request, relay, listed)
        except TimeoutError:
            if not relay.patience.is_over:
                raise
        raise ProviderTimedOut(
            f"{remote.host} made no progress within {self._timeout_seconds:g} seconds; "
            "it is not known whether the request had its effect"
        )

    async def _server(self, remote: Remote, relay: Relay, caller: Caller, *, stack: AsyncExitStack) -> Server:
        """Return the server in the caller's era, or in the other one where it does not know that."""
        known_as = self._digest(remote.url)
        if relay.is_modern:
            version = await self._eras.modern_version(known_as, remote)
        else:
            version = self._eras.without_handshake(known_as)
        if version is None:
            session = await stack.enter_async_context(self._session(remote, relay, caller))
            try:
                await session.opened()
                return session
            except HandshakeRefused:
                version = await self._eras.modern_version(known_as, remote)
                if version is None:
                    raise
                self._eras.refused(known_as)
        key = self._digest(remote.url, remote.headers, version)
        make = partial(ModernServer, self._wire, remote, version=version, now=self._now)
        return await stack.enter_async_context(self._modern.using(key, make))

    def _session(self, remote: Remote, relay: Relay, caller: Caller) -> AbstractAsyncContextManager[HandshakeServer]:
        """Return a session of this caller, which may still have to be opened."""
        conversation = relay.conversation
        known = conversation.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
        version = conversation.protocol_version if known else LATEST_HANDSHAKE_VERSION
        declared = {name: conversation.capabilities.get(name) for name in sorted(CAPABILITY_OF.values())}
        capabilities = {name: value for name, value in declared.items() if value is not None}
        make = partial(
            HandshakeServer,
            self._wire,
            remote,
            version=version,
            capabilities=capabilities,
            beside=self._errands.run,
            now=self._now,
        )
        whose = (caller.organization_id, caller.workspace_id, caller.end_user_id or "")
        return self._sessions.using(self._digest(remote.url, remote.headers, version, capabilities, *whose), make)

    def _digest(self, *parts: str | Mapping[str, Json]) -> str:
        """Return a name for what may hold a credential, from which nobody can tell it."""
        text = json.dumps([part if isinstance(part, str) else sorted(part.items()) for part in parts])
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=32).hexdigest()


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


async def _asked(server: Server, request: McpRequest, relay: Relay, listed: Listed) -> McpAnswer:
    async def page(params: Mapping[str, Json]) -> McpAnswer:
        return await server.ask(LIST, params, unheard(relay.patience))

    if request.method == LIST:
        return await server.tools.all(page, listed)
    if request.expects is not None:
        await server.tools.require(request.expects, page, listed)
    schema = None if request.expects is None else request.expects.get("inputSchema")
    return await server.ask(request.method, _params(request, relay.conversation), relay, input_schema=schema)


def _params(request: McpRequest, conversation: Conversation) -> Mapping[str, Json]:
    """Return the request's params, with the answers to what the server wanted to know before."""
    given = (conversation.input_responses, conversation.request_state)
    return {**request.params, **{key: value for key, value in zip(_RESUMABLE, given, strict=True) if value is not None}}
