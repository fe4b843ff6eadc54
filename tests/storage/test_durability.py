import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.migrating import migrate
from tests.storage.opening import opened

WRITER = """
import asyncio, sys
from tests.storage.opening import opened
from tests.storage.tenant import plant

async def main():
    database = opened(sys.argv[1])
    while True:
        async with database.write() as tx:
            tenant = await plant(tx)
        print(tenant.organization.id, tenant.workspace.id, tenant.file.id, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 20, 60])
async def test_what_was_acknowledged_is_there_whole_after_a_kill(tmp_path: Path, acknowledged: int) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/toolgate.db"
    database = opened(url)
    await migrate(database)
    await database.close()

    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    lines = [await writer.stdout.readline() for _ in range(acknowledged)]
    writer.kill()
    # What was in the pipe when it was killed was acknowledged too; a half line was not.
    lines += [line for line in (await writer.stdout.read()).splitlines(keepends=True) if line.endswith(b"\n")]
    await writer.wait()

    with closing(sqlite3.connect(tmp_path / "toolgate.db")) as file:
        assert file.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert file.execute("pragma foreign_key_check").fetchall() == []
        there = set(
            file.execute(
                "select o.id, w.id, f.id from organizations o join workspaces w on w.organization_id = o.id "
                "join state_namespaces n on n.workspace_id = w.id join state_files f on f.namespace_id = n.id"
            )
        )
        tables = ("organizations", "workspaces", "connections", "mcp_servers", "state_files")
        counts = {file.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}
    assert {tuple(line.decode().split()) for line in lines} <= there
    assert counts == {len(there)}, "no tenant is half there"
    assert len(there) - len(lines) <= 1, "at most the one that was being acknowledged"
