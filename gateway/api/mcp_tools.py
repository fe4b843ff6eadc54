"""Tools of MCP servers over REST (contract 1.7)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import Field

from gateway.access.manual_tools import NewTool
from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    Label,
    NoQuery,
    Nothing,
    Prose,
    Reference,
    SmallObject,
    absent,
    omitted,
)
from gateway.api.workspace_integrations import Alias, SortOrder
from gateway.errors import NoUpdates, PartialNotFound
from gateway.tools.tool import Tool
from gateway.tools.toolset import Toolset
from gateway.wiring import Gateway
from storage import records

PartialIds = Annotated[list[Reference], Field(max_length=100)]


class ToolToAdd(Body):
    """A tool to add. The action's name is not held against the catalogue."""

    integration_name: Reference
    action_name: Reference
    integration_alias: Alias | None = Field(default=None, description="Default: the integration's name.")
    tool_type: Literal["ACTION"] = "ACTION"
    connection_id: Reference | None = Field(
        default=None, description="Id or external id of a shared connection; it goes before the connection strategy."
    )
    display_name: Label | None = None
    description: Prose | None = None
    input_defaults: SmallObject | None = None
    partial_ids: PartialIds | None = None
    sort_order: SortOrder = 0


class ToolChanges(Body):
    """What is to change; null clears."""

    display_name: Label | None = None
    description: Prose | None = None
    input_defaults: SmallObject | None = None
    connection_id: Reference | None = None
    sort_order: SortOrder = absent()
    integration_alias: Alias = absent()
    partial_ids: PartialIds = absent()


class McpServerTool(Answer):
    """A tool of an MCP server."""

    id: str
    mcp_server_id: str
    integration_name: str
    integration_alias: str
    action_name: str
    tool_type: Literal["ACTION"] = "ACTION"
    connection_id: str | None = omitted()
    display_name: str | None = omitted()
    description: str | None = omitted()
    input_defaults: dict[str, Any] | None = omitted()
    partial_ids: list[str] | None = omitted()
    sort_order: int
    source_workspace_integration_id: str | None = omitted()

    @classmethod
    def of(cls, row: records.McpServerTool) -> "McpServerTool":
        """Show a tool that was added by hand."""
        return cls(
            id=row.id,
            mcp_server_id=row.server_id,
            integration_name=row.integration_name,
            integration_alias=row.integration_alias,
            action_name=row.action_name,
            connection_id=row.connection_id,
            display_name=row.display_name,
            description=row.description,
            input_defaults=row.input_defaults,
            partial_ids=row.partial_ids,
            sort_order=row.sort_order,
        )


class OneTool(Answer):
    """One tool."""

    tool: McpServerTool


def tools_of(toolset: Toolset, manual: Sequence[records.McpServerTool]) -> list[McpServerTool]:
    """Return the actions that a server lists: the workspace's, and those added by hand, which go before them."""
    by_hand = {(row.integration_alias, row.action_name) for row in manual}
    actions = (tool for tool in toolset.tools if not tool.is_lookup)
    of_workspace = [
        _shown(tool, toolset.server_id) for tool in actions if (tool.alias, tool.action.name) not in by_hand
    ]
    return [*of_workspace, *(McpServerTool.of(row) for row in manual)]


async def add_tool(gateway: Gateway, call: Call[ToolToAdd, NoQuery]) -> OneTool:
    """Add a tool to an MCP server.

    It goes before the workspace's tool of the same alias and action.
    """
    body = call.body
    _check_partials(body.partial_ids)
    others = {
        "display_name": body.display_name,
        "description": body.description,
        "input_defaults": body.input_defaults,
        "partial_ids": body.partial_ids,
        "sort_order": body.sort_order,
    }
    new = NewTool(
        integration_name=body.integration_name,
        action_name=body.action_name,
        integration_alias=body.integration_alias,
        connection=body.connection_id,
        others=others,
    )
    return OneTool(tool=McpServerTool.of(await gateway.manual_tools.add(call.scope, call.path["serverId"], new)))


async def update_tool(gateway: Gateway, call: Call[ToolChanges, NoQuery]) -> OneTool:
    """Change a tool that was added to an MCP server; null clears."""
    changes = call.body.given()
    if not changes:
        raise NoUpdates("give at least one field to change")
    _check_partials(changes.get("partial_ids"))
    if "connection_id" in changes:
        changes["connection"] = changes.pop("connection_id")
    row = await gateway.manual_tools.update(call.scope, call.path["serverId"], call.path["toolId"], changes)
    return OneTool(tool=McpServerTool.of(row))


async def remove_tool(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Remove a tool that was added to an MCP server."""
    await gateway.manual_tools.remove(call.scope, call.path["serverId"], call.path["toolId"])
    return Deleted(id=call.path["toolId"])


def _shown(tool: Tool, server_id: str) -> McpServerTool:
    """Show a tool of the workspace. It has no row: its id follows from what it is."""
    source = tool.instance.id if tool.instance is not None else tool.alias
    return McpServerTool(
        id=str(uuid5(UUID(server_id), f"{source}/{tool.action.name}")),
        mcp_server_id=server_id,
        integration_name=tool.integration.name,
        integration_alias=tool.alias,
        action_name=tool.action.name,
        display_name=tool.title,
        description=tool.description,
        sort_order=0,
        source_workspace_integration_id=source,
    )


def _check_partials(partial_ids: list[str] | None) -> None:
    if partial_ids:
        raise PartialNotFound(f"partialIds: there is no partial {partial_ids[0][:100]!r}")
