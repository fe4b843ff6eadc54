"""One remote server that is followed for one person: with which account, and what happens when that breaks."""

import asyncio
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, TypeAlias

import structlog

from gateway.connections.resolver import Resolver, Wanted
from gateway.errors import ToolgateError
from gateway.kit.cache import Topic
from gateway.mcp.remote_names import NamedRemote, RemoteNames
from gateway.mcp.remote_watch import RemoteWatch
from gateway.principals import Caller
from gateway.tools.execution import Execution, Invocation
from gateway.upstreams.follow import LISTEN, PROMPTS_CHANGED, RESOURCES_CHANGED, TOOLS_CHANGED, Follow
from integrations.integration import Action

MAX_RESOURCES: Final = 500
"""Of one server, over all streams of one person."""
_CAPABILITY_OF: Final = {TOOLS_CHANGED: "tools", PROMPTS_CHANGED: "prompts", RESOURCES_CHANGED: "resources"}
_STOOD_SECONDS: Final = 30.0
"""A stream that lasted so long was none that breaks at once."""
_log = structlog.stdlib.get_logger()

_Ground: TypeAlias = tuple[Any, ...]
"""By what a server is followed: the ways in, the address, the account and its credential."""


class _Outcome(Enum):
    """How one stream came to its end."""

    LEFT = auto()
    """By us: the account has another credential, or ended, or nobody wants to hear."""
    ENDED = auto()
    NOT_OFFERED = auto()


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long is waited, in seconds."""

    between_notifications: float = 1.0
    """Between two of the same to one client."""
    first: float = 1.0
    """After a stream broke; twice as long after each further time, up to `longest`."""
    longest: float = 600.0
    """Also before a server is asked again that offers no stream."""
    lingering: float = 30.0
    """After the last client has left."""
    settling: float = 3.0
    """What a client waits at most until what it has subscribed to is heard of."""


def kinds_of(named: NamedRemote) -> frozenset[str]:
    """Return of which lists a server says that it tells when they change, by method."""
    return frozenset(method for method, capability in _CAPABILITY_OF.items() if _says(named, capability, "listChanged"))


def takes_subscriptions(named: NamedRemote) -> bool:
    """Tell whether a server says that it tells of updates of resources."""
    return _says(named, "resources", "subscribe")


def _says(named: NamedRemote, capability: str, what: str) -> bool:
    said: object = named.capabilities.get(capability)
    return isinstance(said, dict) and said.get(what) is True  # pyright: ignore[reportUnknownMemberType]


class Followed:
    """Keeps one stream open while anybody wants to hear of the server and there is an account to hear with."""

    def __init__(
        self,
        caller: Caller,
        named: NamedRemote,
        *,
        execution: Execution,
        resolver: Resolver,
        places: asyncio.Semaphore,
        pauses: Pauses,
    ) -> None:
        self.caller = caller
        self.leaving: asyncio.TimerHandle | None = None
        self.watches: dict[RemoteWatch, RemoteNames] = {}
        self._named = named
        self._execution = execution
        self._resolver = resolver
        self._places = places
        self._pauses = pauses
        self._follow = Follow(self._hear)
        self._follow.begin()
        self._topics: frozenset[Topic] = frozenset()
        self._woken = asyncio.Event()

    def join(self, watch: RemoteWatch, named: NamedRemote) -> None:
        """Let a stream hear of the server, or go on hearing, as things are now."""
        self.watches[watch] = named.names
        if named.remote.integration is not self._named.remote.integration:
            self._named = named
            self._woken.set()
        self.want()

    def leave(self, watch: RemoteWatch) -> None:
        """Let a stream hear no more. After the last one everything stays as it is: it may be back in a moment."""
        if self.watches.pop(watch, None) is not None and self.watches:
            self.want()

    def want(self) -> None:
        """Want of the server what its streams want of it now."""
        uris: set[str] = set()
        if takes_subscriptions(self._named):
            uris = {
                inner
                for watch, names in self.watches.items()
                for uri in watch.uris
                if (inner := names.inner_uri(uri)) is not None
            }
        before = self._follow.kinds, self._follow.uris
        self._follow.want(kinds_of(self._named), frozenset(sorted(uris)[:MAX_RESOURCES]))
        if before != (self._follow.kinds, self._follow.uris):
            self._woken.set()

    def concern(self, topics: frozenset[Topic]) -> None:
        """Look again whether the account still stands, if one of the topics is about it."""
        if not self._topics.isdisjoint(topics):
            self._woken.set()

    async def settled(self) -> None:
        """Wait until what its streams want of the server would be heard, or nothing can be for now."""
        await self._follow.settled()

    async def run(self) -> None:
        """Follow the server until cancelled."""
        pause, loop = self._pauses.first, asyncio.get_running_loop()
        while True:
            began, outcome = loop.time(), _Outcome.ENDED
            try:
                ground = await self._ready()
                async with self._places:
                    began = loop.time()
                    self._follow.begin()
                    outcome = await self._on(ground)
                    self._follow.end()
                if outcome is not _Outcome.ENDED:
                    seconds = self._pauses.first if outcome is _Outcome.LEFT else self._pauses.longest
                    await self._wait(0 if loop.time() - began > seconds else seconds, ground)
                    continue
                if loop.time() - began > _STOOD_SECONDS:
                    pause = self._pauses.first
                await self._wait(pause * _jitter(), ground)
            except Exception:  # noqa: BLE001 -- the database may be away; it must not end the following for good
                _log.exception("following a remote MCP server failed", integration=self._named.remote.integration.name)
                self._follow.end()
                await asyncio.sleep(pause * _jitter())
            pause = min(2 * pause, self._pauses.longest)

    def _hear(self, method: str, uri: str | None) -> None:
        for watch, names in self.watches.items():
            watch.hear(method, uri if uri is None else names.scheme + uri)

    async def _ready(self) -> _Ground:
        """Wait until there is something to hear of, and an account to hear with."""
        while True:
            self._woken.clear()
            ground = await self._ground()
            if ground is not None and self._is_wanted:
                return ground
            self._follow.end()
            await self._woken.wait()

    async def _on(self, ground: _Ground) -> _Outcome:
        """Follow until the stream ends, or there is another ground to follow on."""
        stream = asyncio.create_task(self._stream())
        try:
            while not stream.done():
                await _either(stream, self._woken.wait())
                self._woken.clear()
                now = await self._ground()
                if _is_same_account(now, ground) and not self._follow.stands:
                    # The execution itself may have had the credential renewed; ended for that, it would never find
                    # out that the renewed one is refused as well.
                    await _either(stream, self._follow.settled())
                if (now != ground or not self._is_wanted) and not stream.done():
                    return _Outcome.LEFT
            return stream.result()
        finally:
            stream.cancel()
            await asyncio.wait((stream,))

    async def _wait(self, seconds: float, ground: _Ground) -> None:
        """Wait, but no longer than there is nothing else to try."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._woken.wait()
            if await self._ground() != ground:
                return

    async def _stream(self) -> _Outcome:
        remote = self._named.remote
        invocation = Invocation(
            integration=remote.integration,
            action=self._action,
            instance=remote.instance,
            alias=remote.instance.alias,
            arguments={"method": LISTEN, "params": {}},
            conversation=self._follow,
        )
        try:
            outcome = await self._execution.run(self.caller, invocation)
        except ToolgateError as error:
            _log.info(
                "a remote MCP server can't be followed for now", integration=remote.integration.name, code=error.code
            )
            return _Outcome.ENDED
        except Exception:  # noqa: BLE001 -- whatever it was, it must not end the following for good
            _log.exception("following a remote MCP server failed", integration=remote.integration.name)
            return _Outcome.ENDED
        answer = outcome.result.mcp
        return _Outcome.ENDED if answer is None or answer.error is None else _Outcome.NOT_OFFERED

    async def _ground(self) -> _Ground | None:
        """Return on what ground the server would be followed now; None without an account."""
        integration, instance = self._named.remote.integration, self._named.remote.instance
        manifest = integration.manifest
        place = (integration.auth, None if manifest.mcp is None else manifest.mcp.url)
        if not self._action.auth_methods:
            return (*place, None, 0)
        wanted = Wanted(integration.name, workspace_integration_id=instance.id, alias=instance.alias)
        resolution = await self._resolver.resolve(self.caller, wanted)
        while not self._topics.issuperset(resolution.topics):
            # A change that came before we listened for it was not heard.
            self._topics |= frozenset(resolution.topics)
            resolution = await self._resolver.resolve(self.caller, wanted)
        connection = resolution.choice.connection
        return None if connection is None else (*place, connection.id, connection.version)

    @property
    def _is_wanted(self) -> bool:
        return bool(self._follow.kinds or self._follow.uris)

    @property
    def _action(self) -> Action:
        action = self._named.remote.integration.forwarding
        if action is None:
            raise RuntimeError(f"{self._named.remote.integration.name} is no remote server")
        return action


def _is_same_account(one: _Ground | None, other: _Ground) -> bool:
    """Tell whether two grounds differ in nothing but the version of the credential, if in that."""
    return one is not None and one[:-1] == other[:-1]


async def _either(task: asyncio.Task[Any], event: Coroutine[Any, Any, object]) -> None:
    """Wait until `task` is done, or `event` has come."""
    waiting = asyncio.create_task(event)
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _jitter() -> float:
    """Return by how much a pause is longer or shorter, so that not everybody comes back at the same moment."""
    return 0.5 + secrets.randbelow(1_001) / 1_000
