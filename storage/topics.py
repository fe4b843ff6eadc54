"""What a change concerns, for those who keep copies; also what goes silently along when the database cascades."""

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from storage.records import (
    ApiKey,
    Connection,
    EndUser,
    McpServer,
    McpServerTool,
    McpToken,
    OAuthGrant,
    Organization,
    Record,
    Workspace,
    WorkspaceIntegration,
)

Topic: TypeAlias = tuple[str, str]
"""What has changed: the kind of thing and its id, such as ("mcp_server", id)."""

_Found: TypeAlias = Select[str, str | None]


async def topics_below(session: AsyncSession, row: Record) -> list[Topic]:
    """Return the topics of every row that the database removes, or takes a reference from, along with this one."""
    return await _found(session, _queries_below(row))


async def topics_below_end_users(session: AsyncSession, end_user_ids: Sequence[str]) -> list[Topic]:
    """Return the same for many end users at once."""
    return await _found(session, _below_end_users(end_user_ids))


async def _found(session: AsyncSession, queries: Sequence[_Found]) -> list[Topic]:
    if not queries:
        return []
    found = await session.execute(union_all(*queries))
    return [(kind, row_id) for kind, row_id in found if row_id is not None]


def _queries_below(row: Record) -> list[_Found]:
    match row:
        case Organization():
            return _below_organization(row)
        case Workspace():
            return _below_workspace(row)
        case EndUser():
            return _below_end_users([row.id])
        case McpServer():
            return [_topics("mcp_token", McpToken.id, col(McpToken.server_id) == row.id)]
        case OAuthGrant():
            return [_topics("mcp_token", McpToken.id, col(McpToken.grant_id) == row.id)]
        case Connection():
            return _pins(col(Connection.id) == row.id)
        case WorkspaceIntegration():
            return _connections(col(Connection.workspace_integration_id) == row.id)
        case _:
            return []


def _below_organization(row: Organization) -> list[_Found]:
    return [
        _topics("api_key", ApiKey.id, col(ApiKey.organization_id) == row.id),
        _topics("workspace", Workspace.id, col(Workspace.organization_id) == row.id),
        _topics("workspace_integrations", Workspace.id, col(Workspace.organization_id) == row.id),
        _topics("end_user", EndUser.id, col(EndUser.organization_id) == row.id),
        _topics("mcp_server", McpServer.id, col(McpServer.organization_id) == row.id),
        _topics("mcp_token", McpToken.id, col(McpToken.organization_id) == row.id),
        *_connections(col(Connection.organization_id) == row.id),
    ]


def _below_workspace(row: Workspace) -> list[_Found]:
    return [
        _topics("workspace_integrations", Workspace.id, col(Workspace.id) == row.id),
        _topics("end_user", EndUser.id, col(EndUser.workspace_id) == row.id),
        _topics("mcp_server", McpServer.id, col(McpServer.workspace_id) == row.id),
        _topics("mcp_token", McpToken.id, col(McpToken.workspace_id) == row.id),
        *_connections(col(Connection.workspace_id) == row.id),
    ]


def _below_end_users(ids: Sequence[str]) -> list[_Found]:
    return [
        _topics("mcp_server", McpServer.id, col(McpServer.end_user_id).in_(ids)),
        _topics("mcp_token", McpToken.id, col(McpToken.end_user_id).in_(ids)),
        *_connections(col(Connection.end_user_id).in_(ids)),
        *_pins(col(Connection.end_user_id).in_(ids)),
    ]


def _connections(which: ColumnElement[bool]) -> list[_Found]:
    return [
        _topics("connection", Connection.id, which),
        _topics("end_user_connections", Connection.end_user_id, which),
    ]


def _pins(which: ColumnElement[bool]) -> list[_Found]:
    """Find what points at these connections; it will point at nothing."""
    pinned = select(col(Connection.id)).where(which)
    return [
        _topics(
            "workspace_integrations",
            WorkspaceIntegration.workspace_id,
            col(WorkspaceIntegration.connection_id).in_(pinned),
        ),
        _topics("mcp_server", McpServerTool.server_id, col(McpServerTool.connection_id).in_(pinned)),
    ]


def _topics(kind: str, column: str | None, which: ColumnElement[bool]) -> _Found:
    return select(literal(kind), col(column)).where(which)
