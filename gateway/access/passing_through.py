"""When an MCP server shows a remote one as if it were that server itself."""

from collections.abc import Sequence

from integrations.catalog import Catalog
from storage.records import WorkspaceIntegration


def only_remote(configured: Sequence[WorkspaceIntegration], catalog: Catalog) -> WorkspaceIntegration | None:
    """Return the workspace's integration, if it has but one and that is a remote MCP server."""
    if len(configured) != 1 or configured[0].integration_name not in catalog:
        return None
    return configured[0] if catalog.get(configured[0].integration_name).is_mcp_server else None
