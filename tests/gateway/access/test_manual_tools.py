"""Claims about tools added by hand that REST alone can't show."""

import pytest

from gateway.access.manual_tools import MAX_TOOLS, NewTool
from gateway.access.mcp_servers import NewMcpServer
from gateway.errors import ValidationFailed
from gateway.wiring import Gateway
from storage.scope import TenantScope
from tests.storage.tenant import a_tool


async def test_a_server_cannot_grow_a_tool_list_that_everybody_waits_for(gateway: Gateway) -> None:
    organization = await gateway.organizations.create(name="Acme", slug="acme")
    scope = TenantScope(organization.id)
    workspace = await gateway.workspaces.create(scope, name="A", slug="a")
    server = (await gateway.mcp_servers.create(scope, NewMcpServer(workspace_id=workspace.id, name="S"))).record
    async with gateway.database.write() as tx:
        await tx.mcp_server_tools.insert_many([a_tool(server, action_name=f"a{each}") for each in range(MAX_TOOLS)])

    with pytest.raises(ValidationFailed, match="1000 tools"):
        await gateway.manual_tools.add(scope, server.id, NewTool(integration_name="slack", action_name="one_more"))
