"""MCP servers, their manual tools and their tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class McpServer(Record, table=True):
    """One MCP endpoint of a workspace."""

    table = "mcp_servers"
    __table_args__ = (
        CheckConstraint("mode in ('TOOLS', 'CODE')", name="mode"),
        CheckConstraint("auth_mode in ('oauth', 'bearer', 'oauth_and_bearer')", name="auth_mode"),
        CheckConstraint("end_user_access in ('restricted', 'open')", name="end_user_access"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    name: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    mode: str = Field(sa_type=Text)
    auth_mode: str = Field(sa_type=Text)
    end_user_access: str = Field(sa_type=Text)
    settings: dict[str, Any] | None = json_field()
    created_by: str | None = Field(default=None, sa_type=Text)
    end_user_id: str | None = references("end_users.id", on_delete="SET NULL", optional=True)
    is_pinned: bool = Field(default=False)
    """Made for one end user. Stays true when that user is deleted: the server then serves nobody."""
    pass_through: bool = Field(default=False)
    """Shows its workspace's only integration, a remote MCP server, with that server's own names."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class McpServerTool(Record, table=True):
    """A tool that was added to one MCP server by hand; it overrides the workspace's tool of the same name."""

    table = "mcp_server_tools"
    __table_args__ = (UniqueConstraint("server_id", "integration_alias", "action_name"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    server_id: str = references("mcp_servers.id", on_delete="CASCADE", index=False)
    integration_name: str = Field(sa_type=Text)
    integration_alias: str = Field(sa_type=Text)
    action_name: str = Field(sa_type=Text)
    tool_type: str = Field(default="ACTION", sa_type=Text)
    connection_id: str | None = references("connections.id", on_delete="SET NULL", optional=True)
    display_name: str | None = Field(default=None, sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    input_defaults: dict[str, Any] | None = json_field()
    partial_ids: list[str] | None = json_field()
    sort_order: int = Field(default=0)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class McpToken(Record, table=True):
    """A bearer token of one MCP server: one end user's; or static, or a service client's, which stand for nobody."""

    table = "mcp_tokens"
    __table_args__ = (
        CheckConstraint("kind in ('static', 'end_user', 'oauth', 'service')", name="kind"),
        CheckConstraint("(kind in ('static', 'service')) = (end_user_id is null)", name="end_user"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    server_id: str = references("mcp_servers.id", on_delete="CASCADE")
    end_user_id: str | None = references("end_users.id", on_delete="CASCADE", optional=True)
    grant_id: str | None = references("oauth_grants.id", on_delete="CASCADE", optional=True)
    """What it was given under by signing in; None where a backend made it."""
    kind: str = Field(sa_type=Text)
    token_hash: str = Field(sa_type=Text, unique=True)
    token_prefix: str = Field(sa_type=Text)
    scopes: list[str] = json_field(optional=False)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
