"""Look-ups for grants that end, and for those that are to be kept alive."""

from datetime import timedelta
from typing import Any

import pytest

from storage.connections import RestingMethod
from storage.database import Database
from storage.records import Connection
from tests.storage.tenant import NOW, Tenant, a_connection, a_revocation, an_end_user, plant

MINUTE = timedelta(minutes=1)
HERE = [("slack", None)]


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    async with database.write() as tx:
        tenant = await plant(tx)
        await tx.revocations.delete(tenant.revocation)
        await tx.connections.update(tenant.connection, account_id="ann")
        return tenant


async def insert(database: Database, tenant: Tenant, **values: Any) -> Connection:
    async with database.write() as tx:
        return await tx.connections.insert(a_connection(tenant.workspace, **values))


async def test_revocations_are_due_in_the_order_in_which_they_wait(database: Database, tenant: Tenant) -> None:
    late = a_revocation(tenant.workspace, next_attempt_at=NOW + MINUTE)
    soon = a_revocation(tenant.workspace, next_attempt_at=NOW - MINUTE)
    elsewhere = a_revocation(tenant.workspace, integration_name="gmail", next_attempt_at=NOW)
    given_up = a_revocation(tenant.workspace, given_up_at=NOW)
    async with database.write() as tx:
        assert await tx.revocations.next_attempt() is None
        await tx.revocations.insert_many([late, soon, elsewhere, given_up])

    async with database.read() as tx:
        assert [row.id for row in await tx.revocations.due(NOW, except_of=(), limit=9)] == [soon.id, elsewhere.id]
        assert [row.id for row in await tx.revocations.due(NOW, except_of=["slack"], limit=9)] == [elsewhere.id]
        assert [row.id for row in await tx.revocations.due(NOW, except_of=(), limit=1)] == [soon.id]
        assert await tx.revocations.next_attempt() == NOW - MINUTE


async def test_an_account_is_shared_by_who_has_it_and_by_whom_nobody_knows(database: Database, tenant: Tenant) -> None:
    its = tenant.organization.id
    async with database.read() as tx:
        assert await tx.connections.shares_account("ann", apps=HERE, organization_id=its)
        assert not await tx.connections.shares_account("bob", apps=HERE, organization_id=its)
        assert await tx.connections.shares_account(None, apps=HERE, organization_id=its)
        assert not await tx.connections.shares_account(None, apps=[("gmail", None)], organization_id=its)
    await insert(database, tenant)
    async with database.read() as tx:
        assert await tx.connections.shares_account("bob", apps=HERE, organization_id=its)
        # Elsewhere only who is known to have it.
        assert not await tx.connections.shares_account("bob", apps=HERE, organization_id="other")
        assert await tx.connections.shares_account("ann", apps=HERE, organization_id="other")


async def test_an_account_is_not_shared_with_another_app_or_with_what_is_no_grant(
    database: Database, tenant: Tenant
) -> None:
    await insert(database, tenant, account_id="carol", oauth_app_id="own")
    await insert(database, tenant, account_id="dave", type="SECRET_TEXT")
    its = tenant.organization.id
    async with database.read() as tx:
        assert not await tx.connections.shares_account("carol", apps=HERE, organization_id=its)
        assert await tx.connections.shares_account("carol", apps=[*HERE, ("slack", "own")], organization_id=its)
        assert not await tx.connections.shares_account("dave", apps=HERE, organization_id=its)


async def test_batches_reach_every_connection_once(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        other = await tx.end_users.insert(an_end_user(tenant.workspace))
    rows = [await insert(database, tenant, end_user=other) for _ in range(3)]
    seen: list[str] = []
    async with database.read() as tx:
        while found := await tx.connections.batch(
            tenant.scope, end_user_ids=[other.id], after=seen[-1] if seen else "", limit=2
        ):
            seen += [row.id for row in found]
        assert seen == sorted(row.id for row in rows)
        everything = await tx.connections.batch(tenant.scope, workspace_id=tenant.workspace.id, after="", limit=9)
        assert {row.id for row in everything} == {*seen, tenant.connection.id}


async def test_only_what_expires_works_and_is_old_rests(database: Database, tenant: Tenant) -> None:
    common: dict[str, Any] = {"auth_method_key": "user", "expires_at": NOW, "obtained_at": NOW - MINUTE}
    old = await insert(database, tenant, **common)
    older_row = await insert(database, tenant, **{**common, "obtained_at": None})
    await insert(database, tenant, **{**common, "obtained_at": NOW + MINUTE})
    await insert(database, tenant, **{**common, "status": "ERROR"})
    await insert(database, tenant, **{**common, "expires_at": None})
    await insert(database, tenant, **{**common, "auth_method_key": "bot"})
    async with database.read() as tx:
        wanted = {RestingMethod("slack", "user"): NOW, RestingMethod("gmail", "oauth"): NOW}
        found = await tx.connections.resting(wanted, after="", limit=9)
    assert [row.id for row in found] == sorted([old.id, older_row.id])


async def test_what_rests_of_own_integrations_is_found_by_organization(database: Database) -> None:
    async with database.write() as tx:
        tenants = [await plant(tx) for _ in range(2)]
    resting: dict[str, Any] = {"auth_method_key": "user", "expires_at": NOW, "integration_name": "custom-notes"}
    ours, _ = [await insert(database, each, **resting, obtained_at=NOW - MINUTE) for each in tenants]
    await insert(database, tenants[0], **{**resting, "integration_name": "customxnotes"}, obtained_at=NOW - MINUTE)
    await insert(database, tenants[0], **{**resting, "auth_method_key": "key"}, obtained_at=NOW)
    async with database.read() as tx:
        methods = await tx.connections.resting_methods(prefix="custom-", before=NOW - MINUTE)
        mine = RestingMethod("custom-notes", "user", tenants[0].organization.id)
        assert set(methods) == {mine, RestingMethod("custom-notes", "user", tenants[1].organization.id)}
        assert [row.id for row in await tx.connections.resting({mine: NOW}, after="", limit=9)] == [ours.id]
        assert await tx.connections.resting({}, after="", limit=9) == []
