"""A process that dies in the middle of a renewal: `python -m tests.gateway.connections.killed_renewal` and JSON."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.acme import MANIFEST
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from integrations.ports import Http, HttpRequest, HttpResponse
from storage.repository import Topic
from storage.scope import TenantScope
from tests.gateway.connections.renewing import refresh_through


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyHttp:
    """Sends requests; dies before the request or after its answer."""

    def __init__(self, inner: Http, step: str) -> None:
        self._inner = inner
        self._step = step

    async def send(self, request: HttpRequest) -> HttpResponse:
        if self._step == "before the provider is asked":
            die()
        response = await self._inner.send(request)
        if self._step == "after the answer, before the commit":
            die()
        return response


async def renew(gateway: Gateway, *, step: str, organization_id: str, connection_id: str) -> None:
    """Renew the connection and die at this step."""
    refresh = refresh_through(gateway, DeadlyHttp(gateway.egress, step))

    def committed(topics: Iterable[Topic]) -> None:
        if step == "after the commit" and ("connection", connection_id) in topics:
            die()

    gateway.changes.subscribe(committed)
    async with gateway.database.read() as tx:
        row = await tx.connections.get(TenantScope(organization_id), connection_id)
    assert row is not None
    await refresh.fresh(row)


async def main(given: dict[str, Any]) -> None:
    """Open the gateway that is described and die in it."""
    now = datetime.fromisoformat(given.pop("now"))
    settings = Settings.model_validate(given.pop("settings"))
    async with open_gateway(settings, clock=lambda: now, catalog=Catalog(further=[MANIFEST])) as gateway:
        await renew(gateway, **given)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
