"""How servers are reached: in which era, over which kept session."""

import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TypeAlias

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from gateway.principals import Caller
from gateway.upstreams.eras import Eras
from gateway.upstreams.errands import Errands
from gateway.upstreams.handshake import HandshakeRefused, HandshakeServer
from gateway.upstreams.modern import ModernServer
from gateway.upstreams.pool import Pool
from gateway.upstreams.relay import CAPABILITY_OF, Relay
from gateway.upstreams.shown_tools import Now
from gateway.upstreams.wire import Remote, Wire
from integrations.ports import Json

Server: TypeAlias = ModernServer | HandshakeServer


class Reach:
    """Finds the server that a request goes to.

    What is kept of a server without handshake is kept for each credential of an organization; a session besides for each
    caller and for what they can be asked, because some servers remember in it what was said.
    """

    def __init__(self, wire: Wire, *, now: Now) -> None:
        self._wire = wire
        self._now = now
        self._eras = Eras(wire, now)
        self._modern: Pool[ModernServer] = Pool(now)
        self._sessions: Pool[HandshakeServer] = Pool(now)
        self._errands = Errands()
        self._key = secrets.token_bytes(32)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Return a block during which servers can be reached; all sessions with them end with it."""
        async with self._modern.running(), self._sessions.running(), self._errands.running():
            yield

    def name(self, remote: Remote, caller: Caller, *parts: Json) -> str:
        """Return a name for this caller at this server, from which nobody can tell the credential."""
        whose = [caller.organization_id, caller.workspace_id, caller.end_user_id]
        return self._digest(remote.url, dict(remote.headers), whose, *parts)

    def forget(self, remote: Remote) -> None:
        """Find out anew next time which revisions the server speaks."""
        self._eras.forget(self._digest(remote.url))

    async def wants_handshake(self, remote: Remote) -> bool:
        """Tell whether the server speaks no revision without handshake."""
        return await self._eras.modern_version(self._digest(remote.url), remote) is None

    async def server(
        self, remote: Remote, relay: Relay, caller: Caller, *, stack: AsyncExitStack, apart: str = ""
    ) -> Server:
        """Return the server in the caller's era, or in the other one where it does not know that.

        It is kept until `stack` ends; what is done `apart` has a session of its own. Raises the classes of
        `integrations.failures`.
        """
        known_as = self._digest(remote.url)
        if relay.is_modern:
            version = await self._eras.modern_version(known_as, remote)
        else:
            version = self._eras.without_handshake(known_as)
        if version is None:
            session = await stack.enter_async_context(self._session(remote, relay, caller, apart=apart))
            try:
                await session.opened()
                return session
            except HandshakeRefused:
                # What is remembered may have been told to another credential, or by another release of the server.
                self._eras.forget(known_as)
                version = await self._eras.modern_version(known_as, remote)
                if version is None:
                    raise
                self._eras.refused(known_as)
        # What one organization has looked at says nothing of what another one has heard of.
        key = self._digest(remote.url, dict(remote.headers), caller.organization_id, version)
        make = partial(ModernServer, self._wire, remote, version=version, now=self._now)
        return await stack.enter_async_context(self._modern.using(key, make))

    def _session(
        self, remote: Remote, relay: Relay, caller: Caller, *, apart: str
    ) -> AbstractAsyncContextManager[HandshakeServer]:
        """Return a session of this caller, which may still have to be opened."""
        asked_for = relay.conversation.protocol_version
        version = asked_for if asked_for in HANDSHAKE_PROTOCOL_VERSIONS else LATEST_HANDSHAKE_VERSION
        capabilities = _answering(relay.conversation.capabilities)
        make = partial(
            HandshakeServer,
            self._wire,
            remote,
            version=version,
            capabilities=capabilities,
            # A static token names nobody, and may well be what many clients share.
            is_one_clients=bool(capabilities) and caller.end_user_id is not None,
            beside=self._errands.run,
            now=self._now,
        )
        # Who is asked is one program: what a server says beside the stream of a request is for nobody else.
        program = relay.conversation.program if capabilities else ""
        return self._sessions.using(self.name(remote, caller, version, capabilities, program, apart), make)

    def _digest(self, *parts: Json) -> str:
        text = json.dumps(parts, sort_keys=True, default=dict)
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=32).hexdigest()


def _answering(capabilities: Mapping[str, Json]) -> dict[str, Json]:
    """Return what of a client's capabilities is about answering servers."""
    declared = {name: capabilities.get(name) for name in CAPABILITY_OF.values()}
    return {name: value for name, value in declared.items() if value is not None}
