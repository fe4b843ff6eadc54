"""What a deletion takes along, and what it tells (contract 4.8)."""

from dataclasses import fields

import pytest
from sqlalchemy import event

from storage.database import Database, Transaction
from storage.records import WorkspaceIntegration
from storage.topics import Topic
from tests.storage.tenant import Tenant, a_session, an_end_user, an_integration, plant

EVERYTHING = {field.name for field in fields(Tenant)}


@pytest.fixture
async def tenant(database: Database, published: list[Topic]) -> Tenant:
    async with database.write() as tx:
        tenant = await plant(tx)
    published.clear()
    return tenant


@pytest.fixture
async def stranger(database: Database, tenant: Tenant, published: list[Topic]) -> Tenant:
    async with database.write() as tx:
        stranger = await plant(tx)
    published.clear()
    return stranger


async def test_an_end_user_takes_connections_tokens_and_state_along(
    database: Database, tenant: Tenant, stranger: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        end_user = await tx.end_users.get(tenant.scope, tenant.end_user.id)
        assert end_user is not None
        await tx.end_users.delete(end_user)

    async with database.read() as tx:
        assert EVERYTHING - await left(tx, tenant) == {
            *("end_user", "connection", "token", "namespace", "entry", "file", "link", "session", "check", "browser"),
            *("linked", "request", "grant", "code", "refresh_token", "granted_token", "device"),
        }
        server = await tx.mcp_servers.get(tenant.scope, tenant.server.id)
        assert server is not None
        assert (server.end_user_id, server.is_pinned) == (None, True)
        assert await pins(tx, tenant) == (None, None)
        assert await left(tx, stranger) == EVERYTHING
    assert set(published) == {
        ("end_user", tenant.end_user.id),
        ("end_user_connections", tenant.end_user.id),
        ("connection", tenant.connection.id),
        ("mcp_token", tenant.token.id),
        ("mcp_token", tenant.granted_token.id),
        ("mcp_server", tenant.server.id),
        ("workspace_integrations", tenant.workspace.id),
    }


async def test_a_grant_takes_its_tokens_and_codes_along(
    database: Database, tenant: Tenant, stranger: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        grant = await tx.oauth_grants.get(tenant.scope, tenant.grant.id)
        assert grant is not None
        await tx.oauth_grants.delete(grant)

    async with database.read() as tx:
        assert EVERYTHING - await left(tx, tenant) == {"grant", "code", "refresh_token", "granted_token", "device"}
        assert await left(tx, stranger) == EVERYTHING
    assert published == [("mcp_token", tenant.granted_token.id)]


async def test_an_end_user_without_external_id_takes_no_session_of_the_workspace_along(
    database: Database, tenant: Tenant
) -> None:
    async with database.write() as tx:
        signed_in = await tx.end_users.insert(an_end_user(tenant.workspace, external_id=None))
        session = a_session(tenant.end_user, scope="WORKSPACE", end_user_external_id=None)
        await tx.connect_sessions.insert(session)
        await tx.end_users.delete(signed_in)

    async with database.read() as tx:
        assert await tx.connect_sessions.get(tenant.scope, session.id) is not None


async def test_many_end_users_go_in_few_statements_each_with_what_is_theirs(
    database: Database, tenant: Tenant, published: list[Topic]
) -> None:
    """One by one, five thousand held everybody's writes up for 40 seconds."""
    async with database.write() as tx:
        others = [an_end_user(tenant.workspace, external_id=f"u{number}") for number in range(500)]
        await tx.end_users.insert_many(others)
        tenants = await tx.end_users.get(tenant.scope, tenant.end_user.id)
        assert tenants is not None
        published.clear()
        statements: list[str] = []
        connection = await tx.session.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", lambda *told: statements.append(str(told[2])))
        await tx.end_users.delete_many(tenant.workspace.id, [*others, tenants])
    assert len(statements) == 3

    async with database.read() as tx:
        assert (await tx.end_users.page(tenant.scope, tenant.workspace.id, limit=1, offset=0)).total == 0
    assert {("end_user", tenant.end_user.id), ("mcp_token", tenant.token.id), ("mcp_server", tenant.server.id)} <= set(
        published
    )
    assert ("connection", tenant.connection.id) in published
    assert ("end_user", others[-1].id) in published


async def test_a_workspace_takes_everything_in_it_along(
    database: Database, tenant: Tenant, stranger: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        workspace = await tx.workspaces.get(tenant.scope, tenant.workspace.id)
        assert workspace is not None
        await tx.workspaces.delete(workspace)

    async with database.read() as tx:
        assert await left(tx, tenant) == {
            *("organization", "api_key", "revocation", "provider", "identity", "signed_in", "own", "held"),
        }
        assert await left(tx, stranger) == EVERYTHING
    assert set(published) == {("workspace", tenant.workspace.id), *topics_in_workspace(tenant)}


async def test_an_organization_takes_everything_along(
    database: Database, tenant: Tenant, stranger: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        organization = await tx.organizations.find(tenant.organization.id)
        assert organization is not None
        await tx.organizations.delete(organization)

    async with database.read() as tx:
        assert await left(tx, tenant) == {"revocation"}
        assert await left(tx, stranger) == EVERYTHING
    assert set(published) == {
        ("organization", tenant.organization.id),
        ("api_key", tenant.api_key.id),
        ("workspace", tenant.workspace.id),
        *topics_in_workspace(tenant),
    }


async def test_a_connection_leaves_no_pin_behind(
    database: Database, tenant: Tenant, stranger: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        connection = await tx.connections.get(tenant.scope, tenant.connection.id)
        assert connection is not None
        await tx.connections.delete(connection)

    async with database.read() as tx:
        assert EVERYTHING - await left(tx, tenant) == {"connection"}
        assert await pins(tx, tenant) == (None, None)
        assert await pins(tx, stranger) == (stranger.connection.id, stranger.connection.id)
    assert set(published) == {
        ("connection", tenant.connection.id),
        ("end_user_connections", tenant.end_user.id),
        ("workspace_integrations", tenant.workspace.id),
        ("mcp_server", tenant.server.id),
    }


async def test_a_server_takes_its_tools_and_tokens_along(
    database: Database, tenant: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        server = await tx.mcp_servers.get(tenant.scope, tenant.server.id)
        assert server is not None
        await tx.mcp_servers.delete(server)

    async with database.read() as tx:
        assert EVERYTHING - await left(tx, tenant) == {
            *("server", "tool", "static_token", "token", "service_token", "granted_token"),
            *("client", "request", "grant", "code", "refresh_token", "device"),
        }
    assert set(published) == {
        ("mcp_server", tenant.server.id),
        ("mcp_token", tenant.static_token.id),
        ("mcp_token", tenant.token.id),
        ("mcp_token", tenant.granted_token.id),
        ("mcp_token", tenant.service_token.id),
    }


async def test_an_integration_leaves_its_connections_to_a_successor_of_its_alias_only(
    database: Database, tenant: Tenant, published: list[Topic]
) -> None:
    alias = tenant.integration.alias
    async with database.write() as tx:
        sibling = await tx.workspace_integrations.insert(an_integration(tenant.workspace, alias="sibling"))
        integration = await tx.workspace_integrations.get(tenant.scope, tenant.integration.id)
        assert integration is not None

        assert await owned(tx, tenant, by=integration) == [tenant.connection.id]
        assert await owned(tx, tenant, by=sibling) == []

    published.clear()
    async with database.write() as tx:
        integration = await tx.workspace_integrations.get(tenant.scope, tenant.integration.id)
        assert integration is not None
        await tx.workspace_integrations.delete(integration)
    assert set(published) == {
        ("workspace_integrations", tenant.workspace.id),
        ("connection", tenant.connection.id),
        ("end_user_connections", tenant.end_user.id),
    }

    async with database.write() as tx:
        assert EVERYTHING - await left(tx, tenant) == {"integration"}
        assert await owned(tx, tenant, by=sibling) == []
        other = await tx.workspace_integrations.insert(an_integration(tenant.workspace, alias="other"))
        elsewhere = await tx.workspace_integrations.insert(
            an_integration(tenant.workspace, alias="third", integration_name="github")
        )
        successor = await tx.workspace_integrations.insert(an_integration(tenant.workspace, alias=alias))
        assert await owned(tx, tenant, by=other) == []
        assert await owned(tx, tenant, by=elsewhere) == []
        assert await owned(tx, tenant, by=successor) == [tenant.connection.id]


async def owned(tx: Transaction, tenant: Tenant, *, by: WorkspaceIntegration) -> list[str]:
    """Return which connections of the end user serve an integration."""
    return [row.id for row in await tx.connections.own(tenant.scope, tenant.end_user.id, integration=by)]


async def left(tx: Transaction, tenant: Tenant) -> set[str]:
    """Name the rows of a tenant that are still there."""
    rows = {name: getattr(tenant, name) for name in EVERYTHING}
    return {name for name, row in rows.items() if await tx.session.get(type(row), row.id) is not None}


async def pins(tx: Transaction, tenant: Tenant) -> tuple[str | None, str | None]:
    """Return the connection that the integration points at, and that of the tool."""
    integration = await tx.workspace_integrations.get(tenant.scope, tenant.integration.id)
    tool = await tx.mcp_server_tools.get(tenant.scope, tenant.tool.id)
    assert integration is not None
    assert tool is not None
    return integration.connection_id, tool.connection_id


def topics_in_workspace(tenant: Tenant) -> set[Topic]:
    return {
        ("workspace_integrations", tenant.workspace.id),
        ("end_user", tenant.end_user.id),
        ("end_user_connections", tenant.end_user.id),
        ("connection", tenant.connection.id),
        ("mcp_server", tenant.server.id),
        ("mcp_token", tenant.static_token.id),
        ("mcp_token", tenant.token.id),
        ("mcp_token", tenant.granted_token.id),
        ("mcp_token", tenant.service_token.id),
    }
