"""What a remote server says of itself when it is met: what it has besides tools, and how models should use it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, cast

from integrations.manifest import McpServer
from integrations.ports import Json
from integrations.upstream.hidden_text import has_hidden, is_broken

_MOST_INSTRUCTIONS: Final = 4_000
_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "tools": ("listChanged",),
    "prompts": ("listChanged",),
    "resources": ("listChanged", "subscribe"),
    "completions": (),
    "logging": (),
}
"""What is kept of capabilities (MCP, ServerCapabilities), and which parts of it."""


@dataclass(frozen=True, slots=True)
class About:
    """What counts of it; anything else that a server says here is nobody's business."""

    capabilities: Mapping[str, Mapping[str, bool]] = field(default_factory=dict[str, Mapping[str, bool]])
    instructions: str | None = None

    @classmethod
    def of(cls, result: Mapping[str, Json]) -> Self:
        """Read the result of `initialize` or `server/discover`."""
        said = _object(result.get("capabilities"))
        capabilities = {
            name: {part: True for part in parts if _object(said[name]).get(part) is True}
            for name, parts in _KNOWN.items()
            if isinstance(said.get(name), dict)
        }
        instructions: Json = result.get("instructions")
        is_fit = isinstance(instructions, str) and 0 < len(instructions) <= _MOST_INSTRUCTIONS
        if not is_fit or is_broken(instructions) or has_hidden(instructions):
            return cls(capabilities)
        return cls(capabilities, instructions)

    def added_to(self, server: McpServer) -> dict[str, Any]:
        """Return what of a manifest's `mcp` this makes another.

        Nothing is taken away: a server says less in one revision than in another, and less to one account than to
        another. Instructions stay as they were first approved.
        """
        known: Mapping[str, Any] = server.capabilities
        both = {
            name: {**known.get(name, {}), **self.capabilities.get(name, {})} for name in _KNOWN if self._in(name, known)
        }
        added: dict[str, Any] = {"capabilities": both} if both != known else {}
        if server.tools is None and self.instructions is not None:
            added["instructions"] = self.instructions
        return added

    def _in(self, name: str, known: Mapping[str, Any]) -> bool:
        return name in known or name in self.capabilities


def _object(value: Json) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", value) if isinstance(value, Mapping) else {}
