"""Many end users at once: straight into the database, while no gateway has it open."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert

from storage.database import Database
from storage.records import EndUser

ROWS_AT_ONCE = 5_000


async def add_end_users(database_file: Path, *, organization_id: str, workspace_id: str, count: int) -> None:
    """Add `count` end users to a workspace."""
    database = Database(f"sqlite+aiosqlite:///{database_file}", after_commit=lambda _topics: None)
    now = datetime.now(UTC)
    try:
        for first in range(0, count, ROWS_AT_ONCE):
            rows = [
                {
                    "id": str(uuid4()),
                    "created_at": now,
                    "updated_at": now,
                    "organization_id": organization_id,
                    "workspace_id": workspace_id,
                    "external_id": f"crowd-{number}",
                    "display_name": f"Person {number}",
                    "type": "external",
                }
                for number in range(first, min(first + ROWS_AT_ONCE, count))
            ]
            async with database.write() as tx:
                await tx.session.execute(insert(EndUser), rows)
    finally:
        await database.close()
