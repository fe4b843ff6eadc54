import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway.commands import CommandFailed, key_ring
from gateway.commands.key_ring import reseal_all
from gateway.connections.credentials import CredentialSafe
from gateway.kit.cipher import Cipher
from gateway.kit.key_file import read_key_file
from storage.database import Database
from storage.migrating import migrate
from tests.gateway.commands.terminal import Serving, Toolgate
from tests.storage.tenant import a_connection, new_id, plant

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_key_that_was_made_at_the_terminal_opens_rest_until_it_is_revoked(
    toolgate: Toolgate, serving: Serving, port: int
) -> None:
    made = toolgate("keys", "create", "Backend", "--days", "30")
    assert made.returncode == 0
    key = made.stdout.split()[-1]
    (listed,) = toolgate("keys", "list").stdout.splitlines()
    key_id = listed.split()[0]
    assert "default" in listed
    assert key not in listed
    with serving():
        assert status_with(key, port) == 200
    assert toolgate("keys", "revoke", key_id).returncode == 0
    assert toolgate("keys", "list").stdout == ""
    with serving():
        assert status_with(key, port) == 401


def status_with(key: str, port: int) -> int:
    url = f"http://127.0.0.1:{port}/api/v1/workspaces"
    return httpx2.get(url, headers={"Authorization": f"Bearer {key}"}, trust_env=False).status_code


def test_keys_belong_to_the_organization_that_was_named(toolgate: Toolgate) -> None:
    assert toolgate("keys", "create", "Backend", "-o", "acme").returncode == 0
    assert " acme " in toolgate("keys", "list", "-o", "acme").stdout
    refused = toolgate("keys", "create", "Backend", "-o", "umbrella")
    assert refused.returncode == 1
    assert refused.stderr == "toolgate: there is no organization 'umbrella', only acme\n"


def test_an_unknown_key_is_told_with_where_to_look(toolgate: Toolgate) -> None:
    refused = toolgate("keys", "revoke", "nope")
    assert refused.stderr == "toolgate: there is no API key 'nope'; `toolgate keys list` shows the ids\n"


def test_a_rotated_ring_still_starts_and_after_resealing_without_the_old_key_too(
    toolgate: Toolgate, serving: Serving, tmp_path: Path
) -> None:
    with serving() as process:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    key_file = tmp_path / "data/encryption.key"
    (old,) = read_key_file(key_file)
    assert toolgate("keys", "rotate").returncode == 0
    new, *rest = read_key_file(key_file)
    assert rest == [old]
    with serving():
        pass
    assert toolgate("keys", "reseal").returncode == 0
    key_file.write_text(key_file.read_text().splitlines()[0])
    assert read_key_file(key_file) == [new]
    with serving():
        pass


def test_a_configured_ring_is_not_ours_to_rotate(toolgate: Toolgate) -> None:
    refused = toolgate("keys", "rotate", ENCRYPTION_KEYS="a2V5IG9mIHRoaXJ0eS10d28gYnl0ZXMsIGluIGZ1bGw=")
    assert refused.returncode == 1
    assert "put a new one (openssl rand -base64 32) in front" in refused.stderr


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db", after_commit=lambda _topics: None)
    await migrate(database)
    yield database
    await database.close()


async def seal_some(database: Database, keys: list[bytes]) -> list[str]:
    """Make a connection sealed under the first of each pair of keys; returns their ids."""
    ids = [new_id() for _ in keys]
    async with database.write() as tx:
        tenant = await plant(tx)
        await tx.connections.delete(tenant.connection)
        await tx.oauth_apps.delete(tenant.app)
        await tx.handoff_keys.delete(tenant.handoff_key)
        await tx.revocations.delete(tenant.revocation)
        await tx.webhooks.delete(tenant.webhook)
        for row_id, key in zip(ids, keys, strict=True):
            sealed = CredentialSafe(Cipher([key])).seal(
                {"secret_text": row_id}, connection_id=row_id, organization_id=tenant.organization.id
            )
            await tx.connections.insert(a_connection(tenant.workspace, id=row_id, sealed=sealed))
    return ids


async def test_resealing_reaches_every_row_and_touches_none_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_ring, "_BATCH", 2)
    ids = await seal_some(database, [OLD, NEW, OLD, OLD, OLD])
    cipher = Cipher([NEW, OLD])
    assert await reseal_all(database, cipher) == 4
    assert await reseal_all(database, cipher) == 0
    async with database.read() as tx:
        rows = await tx.connections.all_sealed(after="", limit=10)
    only_new = CredentialSafe(Cipher([NEW]))
    assert {row.id: only_new.open(row).values["secret_text"] for row in rows} == {each: each for each in ids}


async def test_resealing_reaches_what_other_tables_hold(database: Database) -> None:
    old, new = Cipher([OLD]), Cipher([NEW])
    async with database.write() as tx:
        tenant = await plant(tx)
        await tx.connections.delete(tenant.connection)
        for repository, row in (
            (tx.oauth_apps, tenant.app),
            (tx.identity_providers, tenant.provider),
            (tx.handoff_keys, tenant.handoff_key),
            (tx.revocations, tenant.revocation),
            (tx.webhooks, tenant.webhook),
        ):
            sealed = old.seal(b"a secret", row.table, row.id, row.organization_id)
            await repository.update(row, sealed=sealed)  # pyright: ignore[reportArgumentType]  # each its own row
    assert await reseal_all(database, Cipher([NEW, OLD])) == 5
    async with database.read() as tx:
        for repository in (tx.oauth_apps, tx.identity_providers, tx.handoff_keys, tx.revocations, tx.webhooks):
            (row,) = await repository.all_sealed(after="", limit=10)
            assert new.open(row.sealed or b"", row.table, row.id, row.organization_id) == b"a secret"


async def test_a_row_that_no_key_opens_stops_the_resealing_and_is_named(database: Database) -> None:
    (row_id,) = await seal_some(database, [OLD])
    with pytest.raises(CommandFailed, match=f"connection {row_id} is sealed under a key that is not in the ring"):
        await reseal_all(database, Cipher([NEW]))


async def test_commands_do_not_touch_a_database_that_is_in_use(toolgate: Toolgate, serving: Serving) -> None:
    with serving() as process:
        refused = await asyncio.to_thread(toolgate, "keys", "create", "Backend")
    assert refused.returncode == 1
    assert f"is in use by process {process.pid}" in refused.stderr
