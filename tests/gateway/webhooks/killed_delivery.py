"""A process that dies while it delivers: `python -m tests.gateway.webhooks.killed_delivery` and JSON."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import httpx2

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.gateway.webhooks.conftest import Backend
from tests.parts.rest import Rest


async def main(given: dict[str, Any]) -> None:
    """Make connections, and die as a power cut would have it while they are told of."""
    settings = Settings.model_validate(given["settings"])
    async with open_gateway(settings) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            backend = Backend(Rest(client, given["headers"]), given["workspaceId"])
            for number in range(given["count"]):
                await backend.connects(f"c{number}")
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
