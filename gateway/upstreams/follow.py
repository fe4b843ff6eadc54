"""What somebody wants to hear of one remote server, for as long as it is followed."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mcp_types.version import LATEST_MODERN_VERSION

from gateway.upstreams.conversation import NoAnswer
from integrations.ports import Json

LISTEN: Final = "subscriptions/listen"
TOOLS_CHANGED: Final = "notifications/tools/list_changed"
PROMPTS_CHANGED: Final = "notifications/prompts/list_changed"
RESOURCES_CHANGED: Final = "notifications/resources/list_changed"
UPDATED: Final = "notifications/resources/updated"


class Follow:
    """The conversation of the request by which a server is followed, which goes on until it is cancelled.

    Nobody is asked in it. What is wanted may change while it goes on; one loop reads the changes.
    """

    protocol_version: str = LATEST_MODERN_VERSION
    capabilities: Mapping[str, Json] = MappingProxyType({})
    program: str = ""
    meta: Mapping[str, Json] = MappingProxyType({})
    input_responses: None = None
    request_state: None = None

    def __init__(self, hear: Callable[[str, str | None], None]) -> None:
        """`hear` is told the method of a change, and the address of a resource that was updated."""
        self.kinds: frozenset[str] = frozenset()
        """The methods of the list changes that are wanted."""
        self.uris: frozenset[str] = frozenset()
        """The resources of which every update is."""
        self._hear = hear
        self._standing: frozenset[str] | None = None
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()

    def want(self, kinds: frozenset[str], uris: frozenset[str]) -> None:
        """Want to hear of these, in place of those before."""
        if (kinds, uris) == (self.kinds, self.uris):
            return
        self.kinds, self.uris = kinds, uris
        self._changed.set()
        if self._standing is not None and not uris <= self._standing:
            self._settled.clear()

    def begin(self) -> None:
        """Have whoever waits wait for the server."""
        self._standing = None
        self._settled.clear()

    def stand(self, uris: frozenset[str]) -> None:
        """Note that the server tells of these from now on."""
        self._standing = uris
        if self.uris <= uris:
            self._settled.set()

    @property
    def stands(self) -> bool:
        """Tell whether the server tells of anything now."""
        return self._standing is not None

    def end(self) -> None:
        """Have nobody wait for a server that is not followed for now."""
        self._standing = None
        self._settled.set()

    async def settled(self) -> None:
        """Wait until what is wanted would be heard, or nothing can be for now."""
        await self._settled.wait()

    def taken_up(self) -> frozenset[str]:
        """Return the resources that are wanted, so that `changed` waits for others."""
        self._changed.clear()
        return self.uris

    async def changed(self) -> None:
        """Wait until something else is wanted than was last taken up."""
        await self._changed.wait()

    async def notify(self, method: str, params: Mapping[str, Json]) -> None:
        """Take a notification of the server, if it is about something that is wanted."""
        uri: Json = params.get("uri")
        if method in self.kinds:
            self._hear(method, None)
        elif method == UPDATED and isinstance(uri, str) and uri in self.uris:
            self._hear(method, uri)

    async def ask(self, method: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Have nobody to ask, whatever it is."""
        del params
        raise NoAnswer(f"{method}: there is nobody to ask")
