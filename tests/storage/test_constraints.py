from collections.abc import Callable
from typing import TypeAlias

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.failures import AlreadyExists, ReferenceMissing
from storage.records import Record
from tests.storage import tenant as make
from tests.storage.tenant import Tenant, new_id, plant

Twin: TypeAlias = Callable[[Tenant], tuple[str, Record]]

TWINS: dict[str, Twin] = {
    "pk_organizations": lambda its: ("organizations", make.an_organization(id=its.organization.id)),
    "uq_organizations_slug": lambda its: ("organizations", make.an_organization(slug=its.organization.slug)),
    "uq_api_keys_key_hash": lambda its: (
        "api_keys",
        make.an_api_key(its.organization, key_hash=its.api_key.key_hash),
    ),
    "uq_workspaces_organization_id_slug": lambda its: (
        "workspaces",
        make.a_workspace(its.organization, slug=its.workspace.slug),
    ),
    "uq_end_users_workspace_id_external_id": lambda its: (
        "end_users",
        make.an_end_user(its.workspace, external_id=its.end_user.external_id),
    ),
    "uq_workspace_integrations_workspace_id_alias": lambda its: (
        "workspace_integrations",
        make.an_integration(its.workspace, alias=its.integration.alias, tool_prefix="another"),
    ),
    "uq_workspace_integrations_workspace_id_tool_prefix": lambda its: (
        "workspace_integrations",
        make.an_integration(its.workspace, alias="another", tool_prefix=its.integration.tool_prefix),
    ),
    "uq_connections_owner_integration_name_external_id": lambda its: (
        "connections",
        make.a_connection(its.workspace, end_user=its.end_user, external_id=its.connection.external_id),
    ),
    "uq_mcp_server_tools_server_id_integration_alias_action_name": lambda its: (
        "mcp_server_tools",
        make.a_tool(its.server, action_name=its.tool.action_name),
    ),
    "uq_mcp_tokens_token_hash": lambda its: (
        "mcp_tokens",
        make.a_token(its.server, kind="static", token_hash=its.token.token_hash),
    ),
    "uq_state_namespaces_workspace_id_integration_name_scope_key": lambda its: (
        "state_namespaces",
        make.a_namespace(its.workspace, its.end_user),
    ),
    "uq_state_files_namespace_id_path": lambda its: ("state_files", make.a_file(its.namespace, its.file.path)),
}


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    async with database.write() as tx:
        return await plant(tx)


async def test_a_broken_unique_rule_is_named_at_once_and_alike_everywhere(database: Database, tenant: Tenant) -> None:
    for constraint, twin in TWINS.items():
        table, row = twin(tenant)
        with pytest.raises(AlreadyExists) as left_the_block:
            async with database.write() as tx:
                with pytest.raises(AlreadyExists) as at_once:
                    await getattr(tx, table).insert(row)
                raise at_once.value
        assert left_the_block.value.constraint == constraint


async def test_an_update_can_break_a_unique_rule_too(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        other = await tx.workspaces.insert(make.a_workspace(tenant.organization))

    with pytest.raises(AlreadyExists, match="uq_workspaces_organization_id_slug"):
        async with database.write() as tx:
            row = await tx.workspaces.get(tenant.scope, other.id)
            assert row is not None
            await tx.workspaces.update(row, slug=tenant.workspace.slug)


async def test_the_same_name_elsewhere_is_no_conflict(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        other = await plant(tx)
        await tx.workspaces.insert(make.a_workspace(other.organization, slug=tenant.workspace.slug))
        await tx.end_users.insert(make.an_end_user(other.workspace, external_id=tenant.end_user.external_id))
        # A person of the dashboard has no external id; there may be many.
        await tx.end_users.insert(make.an_end_user(other.workspace, external_id=None, type="member"))
        await tx.end_users.insert(make.an_end_user(other.workspace, external_id=None, type="member"))


async def test_a_swallowed_conflict_commits_nothing(database: Database, tenant: Tenant) -> None:
    organization = make.an_organization()
    with pytest.raises(Exception, match="rolled back"):
        async with database.write() as tx:
            await tx.organizations.insert(organization)
            with pytest.raises(AlreadyExists):
                await tx.organizations.insert(make.an_organization(slug=tenant.organization.slug))

    async with database.read() as tx:
        assert await tx.organizations.find(organization.id) is None


async def test_a_reference_to_nothing_is_refused(database: Database, tenant: Tenant) -> None:
    rows: dict[str, Record] = {
        "workspaces": make.a_workspace(make.an_organization()),
        "end_users": make.an_end_user(make.a_workspace(tenant.organization)),
        "workspace_integrations": make.an_integration(tenant.workspace, connection_id=new_id()),
        "connections": make.a_connection(tenant.workspace, workspace_integration_id=new_id()),
        "mcp_server_tools": make.a_tool(tenant.server, connection_id=new_id()),
        "mcp_tokens": make.a_token(tenant.server, kind="end_user", end_user_id=new_id()),
    }
    for table, row in rows.items():
        with pytest.raises(ReferenceMissing):
            async with database.write() as tx:
                await getattr(tx, table).insert(row)


async def test_what_no_caller_can_cause_stays_an_error_of_ours(database: Database, tenant: Tenant) -> None:
    rows: dict[str, Record] = {
        "mcp_tokens": make.a_token(tenant.server, kind="static", end_user_id=tenant.end_user.id),
        "mcp_servers": make.a_server(tenant.workspace, mode="GUESS"),
        "connections": make.a_connection(tenant.workspace, scope="ORGANIZATION"),
        "workspace_integrations": make.an_integration(tenant.workspace, connection_strategy="sometimes"),
    }
    for table, row in rows.items():
        with pytest.raises(IntegrityError):
            async with database.write() as tx:
                await getattr(tx, table).insert(row)


async def test_many_rows_are_inserted_all_or_none(database: Database, tenant: Tenant) -> None:
    many = [make.an_end_user(tenant.workspace, external_id=f"person-{number}") for number in range(1000)]
    async with database.write() as tx:
        await tx.end_users.insert_many(many)
    with pytest.raises(AlreadyExists):
        async with database.write() as tx:
            fresh = make.an_end_user(tenant.workspace, external_id="fresh")
            await tx.end_users.insert_many([fresh, make.an_end_user(tenant.workspace, external_id="person-7")])

    async with database.read() as tx:
        page = await tx.end_users.page(tenant.scope, tenant.workspace.id, limit=1, offset=0)
        assert page.total == 1001
