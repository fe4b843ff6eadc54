"""Tools that a backend adds to one MCP server by hand, beside or over those of the workspace (contract 1.7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.access.existing import existing_server
from gateway.access.shared_connections import shared_connection
from gateway.errors import AliasConflict, Duplicate, IntegrationNotFound, NotFound, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.naming import tool_prefix
from gateway.refusals import refusing
from gateway.tenancy.catalogs import Catalogs
from storage.database import Database, Transaction
from storage.records import McpServer, McpServerTool
from storage.scope import TenantScope

_CONFLICTS = {
    "uq_mcp_server_tools_server_id_integration_alias_action_name": (
        Duplicate,
        "actionName: the MCP server has a tool of this alias and action already",
    )
}

MAX_TOOLS = 1_000
"""Of one MCP server, beside those of its workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTool:
    """What is to be added; `connection` is the id or the external id of a shared connection."""

    integration_name: str
    action_name: str
    integration_alias: str | None = None
    connection: str | None = None
    others: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Columns that need no rule: display_name, description, input_defaults, sort_order."""


class ManualTools:
    """The manual tools of a tenant's MCP servers. Action names are not held against the catalogue (contract 0.5)."""

    def __init__(self, database: Database, *, catalogs: Catalogs, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._clock = clock

    async def add(self, scope: TenantScope, server_id: str, new: NewTool) -> McpServerTool:
        """Add a tool.

        Raises `NotFound` (the server), `IntegrationNotFound`, `ConnectionNotFound`, `Duplicate`, `AliasConflict`,
        `ValidationFailed` (there are too many).
        """
        if new.integration_name not in self._catalogs.of(scope.organization_id):
            raise IntegrationNotFound(f"integrationName: there is no integration {new.integration_name[:100]!r}")
        now = self._clock()
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                server = await existing_server(tx, scope, server_id)
                await _check_room(tx, scope, server)
                row = McpServerTool(
                    id=new_id(),
                    organization_id=server.organization_id,
                    server_id=server.id,
                    integration_name=new.integration_name,
                    integration_alias=new.integration_alias or new.integration_name,
                    action_name=new.action_name,
                    created_at=now,
                    updated_at=now,
                    **new.others,
                )
                await _check_alias(tx, scope, server, row)
                if new.connection is not None:
                    row.connection_id = await _shared(tx, server, new.integration_name, reference=new.connection)
                return await tx.mcp_server_tools.insert(row)

    async def update(
        self, scope: TenantScope, server_id: str, tool_id: str, changes: Mapping[str, Any]
    ) -> McpServerTool:
        """Set columns of a tool; `connection` stands for the reference of a shared connection, or None.

        Raises what `add` raises.
        """
        values = dict(changes)
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                server = await existing_server(tx, scope, server_id)
                row = await _existing(tx, scope, server, tool_id)
                if "connection" in values:
                    reference = values.pop("connection")
                    values["connection_id"] = (
                        None
                        if reference is None
                        else await _shared(tx, server, row.integration_name, reference=reference)
                    )
                await tx.mcp_server_tools.update(row, updated_at=self._clock(), **values)
                if "integration_alias" in values:
                    await _check_alias(tx, scope, server, row)
                return row

    async def remove(self, scope: TenantScope, server_id: str, tool_id: str) -> None:
        """Remove a tool. Raises `NotFound`."""
        async with self._database.write() as tx:
            server = await existing_server(tx, scope, server_id)
            await tx.mcp_server_tools.delete(await _existing(tx, scope, server, tool_id))


async def _existing(tx: Transaction, scope: TenantScope, server: McpServer, tool_id: str) -> McpServerTool:
    row = await tx.mcp_server_tools.get(scope, tool_id)
    if row is None or row.server_id != server.id:
        raise NotFound("the MCP server has no such tool")
    return row


async def _shared(tx: Transaction, server: McpServer, integration_name: str, *, reference: str) -> str:
    """Return the id of the shared connection that goes by `reference`. Raises `ConnectionNotFound`."""
    scope = TenantScope(server.organization_id, frozenset((server.workspace_id,)))
    found = await shared_connection(
        tx, scope, reference, workspace_id=server.workspace_id, integration_name=integration_name
    )
    return found.id


async def _check_room(tx: Transaction, scope: TenantScope, server: McpServer) -> None:
    if len(await tx.mcp_server_tools.of_server(scope, server.id)) >= MAX_TOOLS:
        raise ValidationFailed(f"the MCP server has {MAX_TOOLS} tools of its own, which is all it can: remove one")


async def _check_alias(tx: Transaction, scope: TenantScope, server: McpServer, row: McpServerTool) -> None:
    """Raise `AliasConflict` where the alias stands for something else among the server's tools."""
    taken = [
        (each.integration_alias, each.integration_name)
        for each in await tx.mcp_server_tools.of_server(scope, server.id)
        if each.id != row.id
    ]
    taken += [
        (each.alias, each.integration_name)
        for each in await tx.workspace_integrations.of_workspace(scope, server.workspace_id)
    ]
    mine = (row.integration_alias, row.integration_name)
    for alias, integration_name in taken:
        if tool_prefix(alias) == tool_prefix(row.integration_alias) and (alias, integration_name) != mine:
            raise AliasConflict(
                f"integrationAlias: {alias!r} stands for {integration_name} already, "
                "and the names of the tools would be the same"
            )
