"""Option lookups as tools: what finds the ids that other tools of the server take (contract 4.11).

A tool that has the name already goes before. A lookup works with the account of the tools that it serves, and only those
are told of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from gateway.naming import tool_name
from gateway.tools.tool import Tool, can_be_run
from integrations.integration import Action

_MOST_NAMED = 3
"""A description is paid for in tokens by every conversation."""


class _Use(NamedTuple):
    """An input that takes what a tool lists."""

    tool_name: str
    input_name: str


def with_lookups(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """Return the tools by name, behind them the lookups that they need; inputs and lookups tell of each other."""
    lookups = _needed_by(tools)
    listed = {**tools, **lookups}
    sources = {name: _sources_of(tool, listed) for name, tool in listed.items()}
    uses: dict[str, list[_Use]] = {}
    for name, inputs in sources.items():
        for input_name, source in inputs.items():
            uses.setdefault(source, []).append(_Use(name, input_name))
    actions = {name: _telling_sources(tool, sources[name]) for name, tool in tools.items()}
    return actions | {
        name: replace(_telling_sources(tool, sources[name]), description=f"{tool.description} {_purpose(uses[name])}")
        for name, tool in lookups.items()
    }


def _needed_by(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """Return a tool for each lookup whose name is not taken."""
    needed: dict[str, Tool] = {}
    # Where several accounts want one name, it is the workspace's; else that of the first tool pinned to a connection.
    for tool in sorted(tools.values(), key=lambda tool: tool.connection_id is not None):
        for lookup in _lookups_of(tool).values():
            name = tool_name(tool.alias, lookup.name)
            if name not in tools and name not in needed and _may_be_listed(lookup, tool):
                needed[name] = _lookup_tool(name, lookup, tool)
    return needed


def _lookups_of(tool: Tool) -> dict[str, Action]:
    """Return the lookups of the inputs that a caller sees and has to fill in, by input."""
    if not tool.action.lookups:
        return {}
    to_fill_in = tool.input_schema.get("properties", {}).keys() - tool.input_defaults.keys()
    lookups = tool.action.lookups.items()
    return {name: tool.integration.lookups[lookup] for name, lookup in lookups if name in to_fill_in}


def _may_be_listed(lookup: Action, tool: Tool) -> bool:
    """Tell whether the workspace wants it, and the way in which it connects accounts suits it."""
    instance = tool.instance
    if instance is None:
        return True
    method = instance.auth_method_key if tool.connection_id is None else None
    return instance.settings.get("lookupTools") is not False and can_be_run(lookup, method)


def _lookup_tool(name: str, lookup: Action, served: Tool) -> Tool:
    """Return the lookup as a tool that uses whatever account the tool uses that it serves."""
    shown_as = served.instance.display_name if served.instance is not None else None
    description = lookup.description or f"{served.integration_title}: {lookup.title}"
    return Tool(
        name=name,
        title=lookup.title if shown_as is None else f"{shown_as}: {lookup.title}",
        description=f"{description.rstrip('.')}.",
        input_schema=lookup.input_schema,
        integration=served.integration,
        action=lookup,
        alias=served.alias,
        instance=served.instance,
        connection_id=served.connection_id,
        is_lookup=True,
    )


def _sources_of(tool: Tool, listed: Mapping[str, Tool]) -> dict[str, str]:
    """Return which tool lists what each input takes, as the same account sees it."""
    named = {name: listed.get(tool_name(tool.alias, lookup.name)) for name, lookup in _lookups_of(tool).items()}
    return {name: source.name for name, source in named.items() if source is not None and _agree(source, tool)}


def _agree(source: Tool, tool: Tool) -> bool:
    """Tell whether two tools always use the same account."""
    return (source.integration, source.instance, source.connection_id) == (
        tool.integration,
        tool.instance,
        tool.connection_id,
    )


def _telling_sources(tool: Tool, sources: Mapping[str, str]) -> Tool:
    """Return the tool with each input's description naming the tool that lists its values."""
    if not sources:
        return tool
    properties = dict(tool.input_schema["properties"])
    for name, source in sources.items():
        said: str = properties[name].get("description", "")
        if tool.action.lookups[name] not in said:
            properties[name] = {**properties[name], "description": f"{said.rstrip('.')} (from {source})".lstrip()}
    schema: dict[str, Any] = {**tool.input_schema, "properties": properties}
    return replace(tool, input_schema=schema)


def _purpose(uses: Sequence[_Use]) -> str:
    inputs = list(dict.fromkeys(use.input_name for use in uses))[:_MOST_NAMED]
    tools = list(dict.fromkeys(use.tool_name for use in uses))
    named, others = ", ".join(tools[:_MOST_NAMED]), len(tools) - _MOST_NAMED
    return f"Its values are for {' or '.join(inputs)} of {named}{f' and {others} more' if others > 0 else ''}."
