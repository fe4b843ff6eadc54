"""One tool of an MCP server: what a client sees of it, and what a call of it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.integration import Action, Integration
from integrations.upstream.definitions import as_listed
from storage.records import WorkspaceIntegration


@dataclass(frozen=True, slots=True)
class Instance:
    """A workspace integration, as far as a call needs it."""

    id: str
    alias: str
    integration_name: str
    display_name: str | None
    settings: Mapping[str, Any]
    auth_method_key: str | None
    """The one way in which the workspace lets people connect accounts; None: any."""

    @classmethod
    def of(cls, row: WorkspaceIntegration) -> "Instance":
        """Take what is needed of a row."""
        settings = row.settings or {}
        return cls(row.id, row.alias, row.integration_name, row.display_name, settings, row.auth_method_key)


@dataclass(frozen=True, slots=True)
class Remote:
    """A workspace integration that is a remote MCP server."""

    instance: Instance
    integration: Integration


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """One tool of a server: what a client sees, and what it runs."""

    name: str
    title: str
    description: str
    input_schema: Mapping[str, Any]
    integration: Integration
    action: Action
    alias: str
    instance: Instance | None = None
    connection_id: str | None = None
    input_defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_lookup: bool = False
    """It lists values for the inputs of others, and is no action of the integration."""

    @property
    def has_output_schema(self) -> bool:
        """Tell whether its listing says what the structured content of its results looks like."""
        return self.action.remote is not None and "outputSchema" in self.action.remote

    @property
    def integration_title(self) -> str:
        """What people here call the integration."""
        return (self.instance.display_name if self.instance else None) or self.integration.title

    @property
    def visible(self) -> dict[str, Any]:
        """The tool as it stands in a tool list (MCP 2026-07-28, Tool)."""
        if self.action.remote is not None:
            own = {"name": self.name, "description": self.description, "inputSchema": dict(self.input_schema)}
            renamed = {} if self.title == self.action.title else {"title": self.title}
            return as_listed({**self.action.remote, **own, **renamed})
        hints = self.action.hints
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": dict(self.input_schema),
            "annotations": {
                "title": self.title,
                "readOnlyHint": hints.read_only,
                "destructiveHint": hints.destructive,
                "idempotentHint": hints.idempotent,
                "openWorldHint": hints.open_world,
            },
        }


def can_be_run(action: Action, auth_method_key: str | None) -> bool:
    """Tell whether the way in which a workspace connects accounts suits the action."""
    return auth_method_key is None or not action.auth_methods or auth_method_key in action.auth_methods
