"""A process that dies while it serves a callback: `python -m tests.gateway.connections.killed_callback` and JSON."""

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx2

from gateway.acme import MANIFEST
from gateway.app import create_app
from gateway.connections.account_proof import AccountProof
from gateway.connections.provider_oauth import ProviderOAuth
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from integrations.ports import Http, HttpRequest, HttpResponse
from storage.repository import Topic
from tests.gateway.connections.killed_renewal import die

TAKEN = "the state is taken"
REDEEMED = "the code is redeemed"
IDENTIFIED = "the account is known"
SAVED = "the account is saved"
STEPS = (TAKEN, REDEEMED, IDENTIFIED, SAVED)


class DeadlyHttp:
    """Sends requests; dies before the first, or after the answer to the first or the second."""

    def __init__(self, inner: Http, step: str) -> None:
        self._inner = inner
        self._step = step
        self._answers = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        if self._step == TAKEN:
            die()
        response = await self._inner.send(request)
        self._answers += 1
        if (self._step, self._answers) in {(REDEEMED, 1), (IDENTIFIED, 2)}:
            die()
        return response


def deadly(gateway: Gateway, step: str) -> Gateway:
    """Return the gateway with a way to providers that dies at the step."""
    http, settings = DeadlyHttp(gateway.egress, step), gateway.settings
    oauth = ProviderOAuth(
        apps=gateway.connecting.clients.apps,
        registrations=gateway.connecting.clients.registrations,
        steps=gateway.connecting.steps,
        proof=AccountProof(http),
        http=http,
        mapped=settings.egress_policy.mapped,
        public_url=settings.public_url,
        clock=gateway.clock,
    )
    return replace(gateway, connecting=replace(gateway.connecting, oauth=oauth))


async def main(given: dict[str, Any]) -> None:
    """Open the gateway that is described, take the callback and die in it."""
    now, step = datetime.fromisoformat(given["now"]), given["step"]
    settings = Settings.model_validate(given["settings"])

    def committed(topics: Iterable[Topic]) -> None:
        if step == SAVED and any(kind == "connection" for kind, _ in topics):
            die()

    async with open_gateway(settings, clock=lambda: now, catalog=Catalog(further=[MANIFEST])) as gateway:
        gateway.changes.subscribe(committed)
        transport = httpx2.ASGITransport(app=create_app(deadly(gateway, step)))
        async with httpx2.AsyncClient(transport=transport) as browser:
            await browser.get(given["callback"], headers={"Cookie": given["cookie"]})


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
