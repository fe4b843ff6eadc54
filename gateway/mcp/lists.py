"""Tool lists as they stand on the wire, made once per toolset and era."""

from typing import Any
from weakref import WeakKeyDictionary

from mcp_types import SERVER_INFO_META_KEY

from gateway import __version__
from gateway.tools.toolset import Toolset

SERVER_NAME = "toolgate"
_FIRST_VERSION_WITH_TITLES = "2025-06-18"
_SINCE_THEN = frozenset({"title", "outputSchema"})


def wire_list(toolset: Toolset, *, protocol_version: str, is_modern: bool) -> dict[str, Any]:
    """Return the result of `tools/list`: every tool in one page, because several clients follow no cursor.

    Modern clients are told to keep nothing (`ttlMs: 0`) and to share nothing: the list follows the workspace at all
    times, and belongs to whoever asks.
    """
    tools = [tool.visible for tool in toolset.tools]
    if not is_modern:
        tools = [_with_object_output(tool) for tool in tools]
        titled = protocol_version >= _FIRST_VERSION_WITH_TITLES
        return {"tools": tools if titled else [_as_before(tool) for tool in tools]}
    about = {SERVER_INFO_META_KEY: {"name": SERVER_NAME, "version": __version__}}
    return {"resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private", "_meta": about}


class ToolLists:
    """Keeps the wire form of a toolset for as long as the toolset itself is kept."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Toolset, dict[str, dict[str, Any]]] = WeakKeyDictionary()

    def of(self, toolset: Toolset, *, protocol_version: str, is_modern: bool) -> dict[str, Any]:
        """Return the list for this era; not to be changed by whoever receives it."""
        by_version = self._made.setdefault(toolset, {})
        if protocol_version not in by_version:
            by_version[protocol_version] = wire_list(toolset, protocol_version=protocol_version, is_modern=is_modern)
        return by_version[protocol_version]


def _with_object_output(tool: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only later revisions know: structured content that is no object."""
    if tool.get("outputSchema", {"type": "object"}).get("type") == "object":
        return tool
    return {name: value for name, value in tool.items() if name != "outputSchema"}


def _as_before(tool: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tool.items() if name not in _SINCE_THEN}
