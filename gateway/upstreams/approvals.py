"""Which tools of remote MCP servers are approved: what differs from that is held back (security R32)."""

from collections.abc import Sequence

from integrations.integration import Integration
from integrations.ports import Json


class Approvals:
    """Holds what servers show against what was approved."""

    async def listed(self, organization_id: str, integration: Integration, tools: Sequence[Json]) -> None:
        """Hear of all the tools that a server has just shown, whole."""
        del organization_id, integration, tools
