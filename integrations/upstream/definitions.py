"""The tools of a remote MCP server as actions: which names they get here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from integrations.manifest import McpServer
from integrations.ports import Json

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class RemoteDefinition:
    """One tool: the name of its action here, the server's own name for it, and what it says of itself."""

    name: str
    remote_name: str
    definition: Mapping[str, Json] = field(repr=False)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.definition.get("title") or self.annotations.get("title") or self.remote_name

    @property
    def description(self) -> str | None:
        return self.definition.get("description")

    @property
    def annotations(self) -> Mapping[str, Json]:
        """The server's claims about it, which nothing here relies on."""
        return self.definition.get("annotations") or {}

    @property
    def input_schema(self) -> Mapping[str, Json]:
        return self.definition["inputSchema"]


def known_tools(server: McpServer) -> Iterator[RemoteDefinition]:
    """Yield the approved tools."""
    for definition in server.tools:
        remote_name = definition["name"]
        yield RemoteDefinition(_NOT_IN_NAMES.sub("_", remote_name), remote_name, definition)
