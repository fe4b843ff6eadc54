"""A process that dies while it deletes: `python -m tests.gateway.connections.killed_deletion` and JSON."""

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.acme import MANIFEST
from gateway.settings import Settings
from gateway.wiring import open_gateway
from integrations.catalog import Catalog
from storage.repository import Topic
from storage.scope import TenantScope
from tests.gateway.connections.killed_renewal import die


def committed(topics: Iterable[Topic]) -> None:
    """Die as soon as there is something to tell a provider, before anybody can begin to."""
    if any(kind == "revocations" for kind, _ in topics):
        die()


async def main(given: dict[str, Any]) -> None:
    """Open the gateway that is described, delete the connection and die."""
    now = datetime.fromisoformat(given["now"])
    settings = Settings.model_validate(given["settings"])
    async with open_gateway(settings, clock=lambda: now, catalog=Catalog(further=[MANIFEST])) as gateway:
        gateway.changes.subscribe(committed)
        await gateway.connections.delete(TenantScope(given["organization_id"]), given["connection_id"])


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
