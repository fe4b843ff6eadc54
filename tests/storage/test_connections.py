"""Look-ups of connections that take more than an id."""

from datetime import timedelta

import pytest

from storage.database import Database
from storage.topics import Topic
from tests.storage.tenant import (
    NOW,
    Tenant,
    a_connection,
    an_end_user,
    an_integration,
    an_organization_connection,
    plant,
)


@pytest.fixture
async def tenant(database: Database, published: list[Topic]) -> Tenant:
    async with database.write() as tx:
        tenant = await plant(tx)
    published.clear()
    return tenant


async def test_an_external_id_names_the_end_users_connection_before_the_workspaces_before_the_organizations(
    database: Database, tenant: Tenant
) -> None:
    async with database.write() as tx:
        rows = [
            await tx.connections.insert(a_connection(tenant.workspace, end_user=tenant.end_user, external_id="x")),
            await tx.connections.insert(a_connection(tenant.workspace, external_id="x")),
            await tx.connections.insert(an_organization_connection(tenant.organization, external_id="x")),
        ]
        other = await tx.end_users.insert(an_end_user(tenant.workspace))
        await tx.connections.insert(a_connection(tenant.workspace, end_user=other, external_id="x"))

        for row in rows:
            found = await tx.connections.by_external_id(
                tenant.scope,
                "x",
                integration_name="slack",
                workspace_id=tenant.workspace.id,
                end_user_id=tenant.end_user.id,
            )
            assert found is row
            await tx.connections.delete(row)
        assert (
            await tx.connections.by_external_id(
                tenant.scope,
                "x",
                integration_name="slack",
                workspace_id=tenant.workspace.id,
                end_user_id=tenant.end_user.id,
            )
            is None
        )


async def test_own_connections_are_those_made_for_the_integration_first_and_the_newest_before_the_older(
    database: Database, tenant: Tenant
) -> None:
    async with database.write() as tx:
        sibling = await tx.workspace_integrations.insert(an_integration(tenant.workspace))

        async def made(days: int, *, by: str | None) -> str:
            row = a_connection(
                tenant.workspace,
                end_user=tenant.end_user,
                workspace_integration_id=by,
                created_at=NOW + timedelta(days=days),
            )
            return (await tx.connections.insert(row)).id

        unbound = await made(3, by=None)
        newer = await made(2, by=tenant.integration.id)
        await made(4, by=sibling.id)

        own = await tx.connections.own(tenant.scope, tenant.end_user.id, integration=tenant.integration)
        assert [row.id for row in own] == [newer, tenant.connection.id, unbound]


async def test_all_sealed_rows_are_walked_once_in_pieces(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        await tx.connections.insert_many([a_connection(tenant.workspace) for _ in range(7)])

    walked: list[str] = []
    async with database.read() as tx:
        while piece := await tx.connections.all_sealed(after=walked[-1] if walked else "", limit=3):
            walked += [row.id for row in piece]
    assert len(walked) == len(set(walked)) == 8


async def test_the_mark_of_a_refresh_and_the_note_of_a_use_change_nothing_else_and_tell_nobody(
    database: Database, tenant: Tenant, published: list[Topic]
) -> None:
    async with database.write() as tx:
        row = await tx.connections.insert(a_connection(tenant.workspace))
        other = await tx.connections.insert(a_connection(tenant.workspace))
    published.clear()
    later = NOW + timedelta(minutes=1)

    async with database.write() as tx:
        read = await tx.connections.get(tenant.scope, row.id)
        assert read is not None
        await tx.connections.mark_refresh(read, at=later)
        assert read.refresh_started_at is None
        await tx.connections.note_use([row.id], at=later)

    async with database.read() as tx:
        after = await tx.connections.get(tenant.scope, row.id)
        untouched = await tx.connections.get(tenant.scope, other.id)
    assert after is not None
    assert untouched is not None
    assert (after.refresh_started_at, after.last_used_at) == (later, later)
    assert (untouched.refresh_started_at, untouched.last_used_at) == (None, None)
    assert after.version == row.version
    assert published == []
