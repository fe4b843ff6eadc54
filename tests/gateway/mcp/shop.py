"""One workspace with two people, set up straight in storage: what an MCP server of it does is what is tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.acme.grants import SCOPES
from gateway.connections.connections import NewConnection
from gateway.kit.tokens import TokenKind, mint
from gateway.naming import tool_prefix
from storage.records import EndUser, McpServer, McpToken, Workspace, WorkspaceIntegration
from storage.scope import TenantScope
from tests.parts.served import Served
from tests.storage import tenant


@dataclass(frozen=True)
class Shop:
    """A workspace with alice and bob, an MCP server, and no integration yet."""

    served: Served
    workspace: Workspace
    alice: EndUser
    bob: EndUser
    server: McpServer

    @property
    def url(self) -> str:
        return self.served.endpoint(self.server.id)

    @property
    def scope(self) -> TenantScope:
        return TenantScope(self.workspace.organization_id)

    async def add(self, name: str, strategy: str = "per_user", **values: Any) -> WorkspaceIntegration:
        alias = values.pop("alias", name)
        row = tenant.an_integration(
            self.workspace,
            integration_name=name,
            alias=alias,
            tool_prefix=tool_prefix(alias),
            connection_strategy=strategy,
            **values,
        )
        async with self.served.gateway.database.write() as tx:
            return await tx.workspace_integrations.insert(row)

    async def change(self, integration: WorkspaceIntegration, **values: Any) -> None:
        async with self.served.gateway.database.write() as tx:
            row = await tx.workspace_integrations.get(self.scope, integration.id)
            assert row is not None
            await tx.workspace_integrations.update(row, **values)

    async def token(self, end_user: EndUser | None, server: McpServer | None = None, **values: Any) -> str:
        """A fresh bearer token for the MCP server."""
        minted = mint(TokenKind.MCP)
        row = tenant.a_token(
            server or self.server,
            kind="end_user" if end_user else "static",
            end_user_id=end_user.id if end_user else None,
            **{"token_hash": minted.hash, "token_prefix": minted.prefix, **values},
        )
        async with self.served.gateway.database.write() as tx:
            await tx.mcp_tokens.insert(row)
        return minted.plain

    async def token_row(self, plain_hash: str) -> McpToken:
        async with self.served.gateway.database.read() as tx:
            row = await tx.mcp_tokens.by_hash(plain_hash)
            assert row is not None
            return row

    async def connect(
        self,
        end_user: EndUser | None,
        person: str,
        *,
        name: str = "acme",
        scopes: Sequence[str] | None = None,
        **values: Any,
    ) -> str:
        """Connect a person's account at Acme, with all scopes or these; returns the connection's id."""
        answer = self.served.acme.app.issue_token(person, scope=SCOPES if scopes is None else scopes)
        new = NewConnection(
            type="OAUTH2",
            integration_name=name,
            external_id=values.pop("external_id", f"{person}-at-acme"),
            display_name=f"{person} at Acme",
            workspace_id=self.workspace.id,
            end_user_external_id=end_user.external_id if end_user else None,
            values={"accessToken": answer["access_token"]},
            granted_scopes=None if scopes is None else list(scopes),
            **values,
        )
        row, _ = await self.served.gateway.connections.create(self.scope, new)
        return row.id


async def open_shop(served: Served, **server: Any) -> Shop:
    """Make the workspace."""
    organization = tenant.an_organization()
    workspace = tenant.a_workspace(organization)
    alice, bob = (tenant.an_end_user(workspace, external_id=name) for name in ("alice", "bob"))
    row = tenant.a_server(workspace, **{"auth_mode": "oauth_and_bearer", **server})
    async with served.gateway.database.write() as tx:
        await tx.organizations.insert(organization)
        await tx.workspaces.insert(workspace)
        for person in (alice, bob):
            await tx.end_users.insert(person)
        await tx.mcp_servers.insert(row)
    return Shop(served, workspace, alice, bob, row)
