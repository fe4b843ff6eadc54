"""How what a remote MCP server has is called here: `{alias}__{name}`, and `{alias}+{uri}` for its resources.

Where a remote server is passed through, everything keeps the name that it has there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from gateway.naming import tool_prefix
from gateway.tools.tool import Remote, Tool
from gateway.tools.toolset import Toolset


@dataclass(frozen=True, slots=True)
class RemoteNames:
    """The names of one remote server."""

    alias: str
    title: str
    """What people here call it."""
    is_bare: bool

    @property
    def prefix(self) -> str:
        """What stands before the names of prompts."""
        return "" if self.is_bare else f"{tool_prefix(self.alias)}__"

    @property
    def scheme(self) -> str:
        """What stands before addresses: characters that may begin a scheme (RFC 3986 3.1), one scheme per alias."""
        if self.is_bare:
            return ""
        words = tool_prefix(self.alias).replace("_", "-")
        return f"{words}+" if words[:1].isalpha() else f"x.{words}+"

    def inner_name(self, name: str) -> str | None:
        """Return the server's own name of a prompt; None for one that is not this server's."""
        return name.removeprefix(self.prefix) if name.startswith(self.prefix) else None

    def inner_uri(self, uri: str) -> str | None:
        """Return the server's own address of a resource; None for one that is not this server's."""
        return uri.removeprefix(self.scheme) if uri.startswith(self.scheme) else None

    def outer_item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return a prompt, resource or template of a list as it is called here."""
        shown = dict(item)
        for key in ("uri", "uriTemplate"):
            if isinstance(item.get(key), str):
                shown[key] = self.scheme + item[key]
        if "uri" not in shown and "uriTemplate" not in shown and isinstance(item.get("name"), str):
            shown["name"] = self.prefix + item["name"]
        return shown

    def outer_result(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result with the addresses in it as they are here: contents, links, embedded resources."""
        shown = dict(result)
        if self.is_bare:
            return shown
        if isinstance(shown.get("contents"), list):
            shown["contents"] = [self._outer_uri(each) for each in shown["contents"]]
        if isinstance(shown.get("content"), list):
            shown["content"] = [self._outer_block(each) for each in shown["content"]]
        if isinstance(shown.get("messages"), list):
            shown["messages"] = [self._outer_message(each) for each in shown["messages"]]
        return shown

    def _outer_message(self, message: Any) -> Any:
        told = _object(message)
        return message if told is None else {**told, "content": self._outer_block(told.get("content"))}

    def _outer_block(self, block: Any) -> Any:
        told = _object(block)
        match told.get("type") if told is not None else None:
            case "resource_link":
                return self._outer_uri(block)
            case "resource":
                return {**block, "resource": self._outer_uri(block.get("resource"))}
            case _:
                return block

    def _outer_uri(self, thing: Any) -> Any:
        told = _object(thing)
        if told is None or not isinstance(told.get("uri"), str):
            return thing
        return {**told, "uri": self.scheme + told["uri"]}


@dataclass(frozen=True, slots=True)
class NamedRemote:
    """A remote server of a toolset, and how what it has is called here."""

    remote: Remote
    names: RemoteNames

    @property
    def capabilities(self) -> Mapping[str, Any]:
        """What it said it has (MCP, ServerCapabilities)."""
        server = self.remote.integration.manifest.mcp
        return {} if server is None else server.capabilities


def remotes_of(toolset: Toolset) -> tuple[NamedRemote, ...]:
    """Return the remote servers of a toolset."""
    return tuple(_named(remote, toolset) for remote in toolset.remotes)


def names_of(tool: Tool, toolset: Toolset) -> RemoteNames:
    """Return how things are called that a remote server's tool answers with."""
    is_bare = tool.instance is not None and tool.instance is toolset.passed_through
    return RemoteNames(tool.alias, tool.integration_title, is_bare)


def with_prompt(remotes: Iterable[NamedRemote], name: object) -> tuple[NamedRemote, str] | None:
    """Find whose prompt a name means, and its name there."""
    for each in remotes:
        if isinstance(name, str) and (inner := each.names.inner_name(name)) is not None:
            return each, inner
    return None


def with_resource(remotes: Iterable[NamedRemote], uri: object) -> tuple[NamedRemote, str] | None:
    """Find whose resource, or template of some, an address means, and its address there."""
    for each in remotes:
        if isinstance(uri, str) and (inner := each.names.inner_uri(uri)) is not None:
            return each, inner
    return None


def _object(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _named(remote: Remote, toolset: Toolset) -> NamedRemote:
    instance = remote.instance
    title = instance.display_name or remote.integration.title
    return NamedRemote(remote, RemoteNames(instance.alias, title, instance is toolset.passed_through))
