"""Links that clients of 2025-11-25 were asked to open, so that they are told once the account behind one is there.

Told on the GET stream, as `notifications/elicitation/complete`; a client may then call again by itself. What is
remembered here is lost with the process, and then a client hears nothing: none may rely on it (MCP 2025-11-25,
elicitation).
"""

from collections import OrderedDict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from gateway.changes import ChangeFeed
from gateway.connections.resolver import Resolver
from gateway.errors import ConnectionRequired
from gateway.kit.cache import Topic
from gateway.kit.tokens import hash_token
from gateway.mcp.missing import Missing
from gateway.principals import McpPrincipal

MAX_PEOPLE = 10_000
MAX_LINKS_OF_ONE_PERSON = 50
"""At one server. The oldest are forgotten first."""

_Person: TypeAlias = tuple[str, str | None]
"""Server and end user."""


def elicitation_id(setup_url: str) -> str:
    """Return by which id a client knows the link. Ids get logged, and some links are secrets."""
    return hash_token(setup_url)[:32]


@dataclass(frozen=True, eq=False, slots=True)
class _Link:
    """One time that a client was given a link."""

    id: str
    missing: Missing


class CompletionWatch:
    """One open stream: waits for the accounts behind its client's links."""

    def __init__(self, elicitations: "Elicitations", principal: McpPrincipal) -> None:
        self._elicitations = elicitations
        self._principal = principal
        self._told: set[_Link] = set()
        # Woken once at the beginning: an account may have come while there was no stream.
        self._woken = anyio.Event()
        self._woken.set()

    def wake(self) -> None:
        """Have it look again."""
        self._woken.set()

    async def completed(self) -> list[str]:
        """Wait for an account; return the ids of the links that it was for."""
        while True:
            await self._woken.wait()
            self._woken = anyio.Event()
            links = [each for each in self._elicitations.links_of(self._principal) if each not in self._told]
            complete = [each for each in links if await self._elicitations.is_complete(self._principal, each)]
            self._told.update(complete)
            if complete:
                return list(dict.fromkeys(each.id for each in complete))


class Elicitations:
    """The links that were given out, by server and person, and the streams that want to hear of them."""

    def __init__(self, *, resolver: Resolver, changes: ChangeFeed) -> None:
        self._resolver = resolver
        self._links: OrderedDict[_Person, list[_Link]] = OrderedDict()
        self._watches: dict[str, set[CompletionWatch]] = {}
        changes.subscribe(self._hear)

    def ask(self, principal: McpPrincipal, refusal: ConnectionRequired) -> None:
        """Remember that this client is given the refusal's link."""
        if refusal.setup_url is None:
            return
        person = (principal.server_id, principal.end_user_id)
        links = self._links.setdefault(person, [])
        self._links.move_to_end(person)
        links.append(_Link(elicitation_id(refusal.setup_url), Missing.of(refusal)))
        del links[:-MAX_LINKS_OF_ONE_PERSON]
        if len(self._links) > MAX_PEOPLE:
            self._links.popitem(last=False)

    @contextmanager
    def watch(self, principal: McpPrincipal) -> Generator[CompletionWatch]:
        """Watch for as long as the block lasts."""
        watch, end_user = CompletionWatch(self, principal), principal.end_user_id or ""
        watches = self._watches.setdefault(end_user, set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._watches.get(end_user) is watches:
                del self._watches[end_user]

    def links_of(self, principal: McpPrincipal) -> list[_Link]:
        """Return the links that this client may have been given, oldest first."""
        return list(self._links.get((principal.server_id, principal.end_user_id), ()))

    async def is_complete(self, principal: McpPrincipal, link: _Link) -> bool:
        """Tell whether the account that a link is for is there."""
        return await link.missing.is_there(self._resolver, principal.caller)

    def _hear(self, topics: Iterable[Topic]) -> None:
        for kind, changed in topics:
            if kind == "end_user_connections":
                for watch in self._watches.get(changed, ()):
                    watch.wake()
