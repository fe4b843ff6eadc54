from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from storage.database import Database
from tests.storage.tenant import (
    NOW,
    Tenant,
    a_connection,
    a_file,
    a_namespace,
    a_token,
    a_tool,
    a_workspace,
    an_end_user,
    an_entry,
    an_organization,
    plant,
)


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    async with database.write() as tx:
        return await plant(tx)


async def test_a_naive_moment_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - what this is about
    with pytest.raises(StatementError, match="a naive datetime has no place in storage"):
        async with database.write() as tx:
            await tx.organizations.insert(an_organization(updated_at=naive))


async def test_a_moment_comes_back_aware_in_utc_to_the_microsecond(database: Database) -> None:
    in_tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    async with database.write() as tx:
        organization = await tx.organizations.insert(an_organization(created_at=NOW, updated_at=in_tokyo))

    async with database.read() as tx:
        found = await tx.organizations.find(organization.id)
    assert found is not None
    assert (found.created_at, found.updated_at) == (NOW, NOW)
    assert (found.created_at.tzinfo, found.updated_at.tzinfo) == (UTC, UTC)


async def test_moments_compare_as_moments_wherever_they_were_written(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        token = await tx.mcp_tokens.insert(
            a_token(tenant.server, kind="end_user", end_user_id=tenant.end_user.id, expires_at=NOW)
        )
        for other in (tenant.token, tenant.granted_token):
            await tx.mcp_tokens.delete(other)
        for seconds, unexpired in ((-1, [token.id]), (0, []), (1, [])):
            here = (NOW + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=-5)))
            page = await tx.mcp_tokens.page_of_end_users(
                tenant.scope, tenant.server.id, end_user_id=None, now=here, limit=9, offset=0
            )
            assert [row.id for row in page.rows] == unexpired


async def test_housekeeping_removes_what_has_expired_and_nothing_that_never_does(
    database: Database, tenant: Tenant
) -> None:
    async with database.write() as tx:
        await tx.mcp_tokens.insert(a_token(tenant.server, kind="static", expires_at=NOW - timedelta(days=1)))
        await tx.mcp_tokens.delete_expired(NOW)

    async with database.read() as tx:
        assert await tx.mcp_tokens.get(tenant.scope, tenant.token.id) is not None
        assert await tx.mcp_tokens.by_hash(tenant.static_token.token_hash) is not None
        count = await tx.session.scalar(text("select count(*) from mcp_tokens"))
    assert count == len((tenant.token, tenant.static_token, tenant.granted_token, tenant.service_token))


@pytest.mark.parametrize(
    "stored",
    [{}, {"z": 1, "a": {"y": [1.0, 1e300, -0.5, 2**70], "b": None}, "ä": "☃ \U0001f600"}, {"": [[], {}, True]}],
)
async def test_json_comes_back_as_it_went_order_included(
    database: Database, tenant: Tenant, stored: dict[str, Any]
) -> None:
    async with database.write() as tx:
        end_user = await tx.end_users.insert(an_end_user(tenant.workspace, details=stored))

    async with database.read() as tx:
        found = await tx.end_users.get(tenant.scope, end_user.id)
    assert found is not None
    assert repr(found.details) == repr(stored)


async def test_no_list_differs_from_an_empty_one(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        absent = await tx.mcp_server_tools.insert(a_tool(tenant.server, partial_ids=None))
        empty = await tx.mcp_server_tools.insert(a_tool(tenant.server, partial_ids=[]))

    async with database.read() as tx:
        found = {row.id: row.partial_ids for row in await tx.mcp_server_tools.of_server(tenant.scope, tenant.server.id)}
        nulls = await tx.session.scalar(text("select count(*) from mcp_server_tools where partial_ids is null"))
    assert (found[absent.id], found[empty.id]) == (None, [])
    assert nulls == 2  # SQL's null, not JSON's


async def test_a_stored_null_differs_from_no_value(database: Database, tenant: Tenant) -> None:
    async with database.write() as tx:
        await tx.state_entries.insert(an_entry(tenant.namespace, "nothing", "null"))

    async with database.read() as tx:
        entry = await tx.state_entries.at(tenant.namespace.id, "nothing")
        assert entry is not None
        assert entry.value == "null"
        assert await tx.state_entries.at(tenant.namespace.id, "absent") is None
        assert await tx.state_entries.count(tenant.namespace.id) == 2

    async with database.write() as tx:
        assert await tx.state_entries.remove(tenant.namespace.id, "nothing")
        assert not await tx.state_entries.remove(tenant.namespace.id, "nothing")


async def test_files_are_listed_by_an_exact_prefix_in_the_order_of_code_points(
    database: Database, tenant: Tenant
) -> None:
    paths = ["a%c", "a_b", "aXb", "A/upper", "a/2", "a/10", "a/B", "a/b", "a/ä", "b"]
    async with database.write() as tx:
        await tx.state_files.remove(tenant.namespace.id, tenant.file.path)
        await tx.state_files.insert_many([a_file(tenant.namespace, path) for path in paths])

    async with database.read() as tx:
        for prefix in ("", "a", "a/", "A", "a_", "a%", "c", "ä"):
            listed = [row[0] for row in await tx.state_files.under(tenant.namespace.id, prefix, limit=100)]
            assert listed == sorted(path for path in paths if path.startswith(prefix)), prefix
        assert await tx.state_files.total_size(tenant.namespace.id) == 5 * len(paths)
        assert len(await tx.state_files.under(tenant.namespace.id, "", limit=3)) == 3


def test_no_repr_shows_a_sealed_credential_or_a_files_content() -> None:
    workspace = a_workspace(an_organization())
    namespace = a_namespace(workspace, an_end_user(workspace))
    shown = repr(a_connection(workspace, sealed=b"canary")) + repr(a_file(namespace, "path", content=b"canary"))
    assert "canary" not in shown
