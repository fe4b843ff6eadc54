"""The compiled toolset of an MCP server: what it lists, and what each name stands for.

Compiled from storage on demand and dropped by the change feed: there is no second copy of the configuration that
could drift.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.access.passing_through import only_remote
from gateway.changes import ChangeFeed
from gateway.kit.cache import ExactCache, Topic
from gateway.naming import tool_name
from gateway.tenancy.catalogs import Catalogs
from gateway.tools.lookup_tools import with_lookups
from gateway.tools.tool import Instance, Remote, Tool, can_be_run
from integrations.catalog import Catalog
from integrations.integration import Action, Integration
from storage.database import Database
from storage.records import McpServer, McpServerTool, WorkspaceIntegration
from storage.scope import TenantScope

_CAPACITY = 1_000


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Toolset:
    """All tools of one server, in the order of their listing, and a digest of what clients see of them."""

    server_id: str
    organization_id: str
    workspace_id: str
    tools: tuple[Tool, ...]
    by_name: Mapping[str, Tool]
    digest: str
    remotes: tuple[Remote, ...] = ()
    """The remote MCP servers among its integrations, whose prompts and resources it has too."""
    passed_through: Instance | None = None
    """The one of them that is shown as if it were this server, names and addresses unchanged."""

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What it was made of."""
        return (
            ("mcp_server", self.server_id),
            ("workspace_integrations", self.workspace_id),
            ("workspace", self.workspace_id),
            ("organization", self.organization_id),
            ("own_integrations", self.organization_id),
        )


class Toolsets:
    """Hands out the toolset of a server, compiled at most once between two changes."""

    def __init__(self, *, database: Database, catalogs: Catalogs, changes: ChangeFeed) -> None:
        self._database = database
        self._catalogs = catalogs
        self._cache: ExactCache[str, Toolset] = ExactCache(capacity=_CAPACITY)
        changes.subscribe(self._forget)

    async def of(self, server_id: str) -> Toolset:
        """Return the toolset; of a server that is gone, an empty one that is not kept."""
        known = self._cache.peek(server_id)
        if known is not None:
            return known
        return await self._cache.get(server_id, lambda: self._load(server_id), lambda toolset: toolset.topics)

    async def _load(self, server_id: str) -> Toolset:
        async with self._database.read() as tx:
            server = await tx.mcp_servers.find(server_id)
            if server is None:
                return Toolset(server_id, "", "", (), {}, "")
            scope = TenantScope(server.organization_id, frozenset((server.workspace_id,)))
            configured = await tx.workspace_integrations.of_workspace(scope, server.workspace_id)
            manual = await tx.mcp_server_tools.of_server(scope, server_id)
        catalog = self._catalogs.of(server.organization_id)
        return compile_toolset(server, configured=configured, manual=manual, catalog=catalog)

    def _forget(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self._cache.drop(topic)


def compile_toolset(
    server: McpServer,
    *,
    configured: Sequence[WorkspaceIntegration],
    manual: Sequence[McpServerTool],
    catalog: Catalog,
) -> Toolset:
    """Compile: a tool for each enabled action of each integration, the manual ones, which win over those, lookups."""
    tools: dict[str, Tool] = {}
    instances = {row.alias: Instance.of(row) for row in configured}
    only = only_remote(configured, catalog) if server.pass_through else None
    passed = None if only is None else instances[only.alias]
    for row in configured:
        for tool in _configured_tools(row, instances[row.alias], catalog, passed=passed):
            tools[tool.name] = tool
    for row in manual:
        tool = _manual_tool(row, instances.get(row.integration_alias), catalog)
        if tool is not None:
            tools[tool.name] = tool
    tools = with_lookups(tools)
    listed = tuple(tools.values())
    return Toolset(
        server_id=server.id,
        organization_id=server.organization_id,
        workspace_id=server.workspace_id,
        tools=listed,
        by_name=tools,
        remotes=tuple(_remotes(configured, instances, catalog)),
        passed_through=passed,
        digest=sha256(json.dumps([tool.visible for tool in listed], sort_keys=True).encode()).hexdigest(),
    )


def _remotes(
    configured: Sequence[WorkspaceIntegration], instances: Mapping[str, Instance], catalog: Catalog
) -> Iterable[Remote]:
    """Yield the remote MCP servers. Where actions are limited to some, nothing else of a server is open either."""
    for row in configured:
        if row.integration_name in catalog and row.enabled_actions is None:
            integration = catalog.get(row.integration_name)
            if integration.is_mcp_server:
                yield Remote(instances[row.alias], integration)


def _configured_tools(
    row: WorkspaceIntegration, instance: Instance, catalog: Catalog, *, passed: Instance | None
) -> Iterable[Tool]:
    """Nothing for an integration that this release's catalogue no longer holds."""
    if row.integration_name not in catalog:
        return
    integration = catalog.get(row.integration_name)
    enabled = None if row.enabled_actions is None else frozenset(row.enabled_actions)
    shown = row.display_name or integration.title
    wanted = [each for each in integration.actions.values() if enabled is None or each.name in enabled]
    for action in (*wanted, *_any_request(integration, instance)):
        if can_be_run(action, row.auth_method_key):
            yield Tool(
                name=_shown_name(action, row.alias, as_it_is=instance is passed),
                title=action.title if row.display_name is None else f"{shown}: {action.title}",
                description=action.description or f"{shown}: {action.title}",
                input_schema=action.input_schema,
                integration=integration,
                action=action,
                alias=row.alias,
                instance=instance,
            )


def _shown_name(action: Action, alias: str, *, as_it_is: bool) -> str:
    if as_it_is:
        return action.name if action.remote is None else action.remote["name"]
    return tool_name(alias, action.name)


def _any_request(integration: Integration, instance: Instance) -> Iterable[Action]:
    """The tool that sends any request, where the workspace wants it and no action has its name."""
    action = integration.requesting(methods_of_any_request(instance.settings))
    if action is not None and action.name not in integration.actions:
        yield action


def methods_of_any_request(settings: Mapping[str, Any]) -> Sequence[str]:
    """Return by which HTTP methods a workspace lets requests to any endpoint be sent; by none where it says nothing."""
    wanted: Mapping[str, Any] | None = settings.get("anyRequest")
    return () if wanted is None else wanted.get("methods", ["GET"])


def _manual_tool(row: McpServerTool, instance: Instance | None, catalog: Catalog) -> Tool | None:
    """Return the tool, or None where the catalogue has no such action to run."""
    integration = catalog.get(row.integration_name) if row.integration_name in catalog else None
    action = integration.actions.get(row.action_name) if integration is not None else None
    if integration is None or action is None:
        return None
    fits = instance is not None and instance.integration_name == row.integration_name
    return Tool(
        name=tool_name(row.integration_alias, row.action_name),
        title=row.display_name or action.title,
        description=row.description or action.description or f"{integration.title}: {action.title}",
        input_schema=_with_defaults(action.input_schema, row.input_defaults or {}),
        integration=integration,
        action=action,
        alias=row.integration_alias,
        instance=instance if fits else None,
        connection_id=row.connection_id,
        input_defaults=row.input_defaults or {},
    )


def _with_defaults(schema: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """Show what is filled in beforehand as a default that needs not be given."""
    properties = dict(schema.get("properties", {}))
    for name in defaults.keys() & properties.keys():
        properties[name] = {**properties[name], "default": defaults[name]}
    required = [name for name in schema.get("required", []) if name not in defaults]
    shown = {**schema, "properties": properties, "required": required}
    return shown if required else {key: value for key, value in shown.items() if key != "required"}
