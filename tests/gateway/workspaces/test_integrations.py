"""Claims about the integrations of a workspace that REST alone can't show."""

import pytest

from gateway.errors import ValidationFailed
from gateway.naming import tool_prefix
from gateway.wiring import Gateway
from gateway.workspaces.integrations import MAX_INTEGRATIONS, NewIntegration
from storage.scope import TenantScope
from tests.storage.tenant import an_integration


async def test_a_workspace_cannot_grow_a_tool_list_that_everybody_waits_for(gateway: Gateway) -> None:
    organization = await gateway.organizations.create(name="Acme", slug="acme")
    scope = TenantScope(organization.id)
    workspace = await gateway.workspaces.create(scope, name="A", slug="a")
    aliases = [f"a{number}" for number in range(MAX_INTEGRATIONS)]
    async with gateway.database.write() as tx:
        await tx.workspace_integrations.insert_many(
            [an_integration(workspace, alias=alias, tool_prefix=tool_prefix(alias)) for alias in aliases]
        )

    with pytest.raises(ValidationFailed, match="500 integrations"):
        await gateway.workspace_integrations.add(scope, workspace.id, NewIntegration(integration_name="hash-encode"))
