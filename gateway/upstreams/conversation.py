"""The caller's side of a request to a remote MCP server: who hears of its progress, and who answers its questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from mcp_types.version import LATEST_MODERN_VERSION

from integrations.ports import Json


class NoAnswer(Exception):
    """Nobody answers: the caller can't be asked, has left, or took too long. `message` is for the server."""

    def __init__(self, message: str, *, code: int = -32600) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Conversation(Protocol):
    """One request of an MCP client that goes on to a remote server, and what that client can take in meanwhile."""

    @property
    def protocol_version(self) -> str:
        """The revision that the caller speaks; the server is asked in the same era where it knows it."""
        ...

    @property
    def capabilities(self) -> Mapping[str, Json]:
        """What the client has declared of elicitation, sampling and roots (MCP, ClientCapabilities); no more."""
        ...

    @property
    def program(self) -> str:
        """Which client this is: a session in which it is asked is nobody else's; "" for callers who are not asked."""
        ...

    @property
    def meta(self) -> Mapping[str, Json]:
        """The request's `_meta`, as the client sent it: `progressToken`, the log level it wants, trace context."""
        ...

    @property
    def input_responses(self) -> Mapping[str, Json] | None:
        """The client's answers to an earlier `input_required` of this server, and only of this server."""
        ...

    @property
    def request_state(self) -> str | None:
        """What that `input_required` said to send back."""
        ...

    async def notify(self, method: str, params: Mapping[str, Json]) -> None:
        """Tell the client something on the way to the answer. `progressToken` in it is the client's own."""
        ...

    async def ask(self, method: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Ask the client (`elicitation/create`, `sampling/createMessage`, `roots/list`) and return its result.

        Only handshake-era clients are asked on the way; those of 2026-07-28 are told at the end (`input_required`).
        Raises `NoAnswer`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """A caller who takes nothing in before the answer, such as a product backend over REST."""

    protocol_version: str = LATEST_MODERN_VERSION
    capabilities: Mapping[str, Json] = field(default_factory=dict[str, Json])
    program: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict[str, Json])
    input_responses: None = None
    request_state: None = None

    async def notify(self, method: str, params: Mapping[str, Json]) -> None:
        """Do nothing."""

    async def ask(self, method: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Have nobody to ask, whatever it is."""
        del params
        raise NoAnswer(f"{method}: there is nobody to ask")


NOBODY: Final[Conversation] = Nobody()
