"""A gateway that may send to loopback, a product's backend there, and a clock that moves when told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from gateway.settings import Settings
from tests.parts.receiver import PATIENCE_SECONDS, Receiver, receiving
from tests.parts.rest import Rest


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings by which the loopback interface may be sent to."""
    return settings.model_copy(update={"egress_allow": ("127.0.0.1",)})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A backend that takes everything."""
    async with receiving() as served:
        yield served


@dataclass(frozen=True)
class Backend:
    """A product with a workspace, and how it changes what it is told of."""

    rest: Rest
    workspace_id: str

    async def registers(self, url: str, **fields: Any) -> tuple[dict[str, Any], str]:
        """Make a webhook; returns it and its secret."""
        answer = await self.rest.post("/webhooks", {"url": url, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["webhook"], answer.json()["secret"]

    async def connects(self, name: str, **fields: Any) -> dict[str, Any]:
        """Make a connection of the workspace."""
        body = {"type": "SECRET_TEXT", "secretText": "s3cr3t", "integrationName": "github", "displayName": name}
        return await self.rest.made(
            "/connections", {**body, "externalId": name, "workspaceId": self.workspace_id, **fields}
        )

    async def deliveries(self, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """Return what was sent to a webhook, newest first."""
        answer = await self.rest.get(f"/webhooks/{webhook['id']}/deliveries", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["deliveries"]

    async def noted(self, webhook: dict[str, Any], status: str, count: int) -> list[dict[str, Any]]:
        """Wait until so many deliveries have this status; returns the newest of them."""
        path = f"/webhooks/{webhook['id']}/deliveries"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                page = (await self.rest.get(path, status=status, limit=100)).json()
                if page["total"] == count:
                    return page["deliveries"]
                await asyncio.sleep(0.01)

    async def tried(self, webhook: dict[str, Any], attempts: int) -> dict[str, Any]:
        """Wait until a delivery was tried so often; returns it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = [each for each in await self.deliveries(webhook) if each["attempts"] == attempts]
                if found:
                    return found[0]
                await asyncio.sleep(0.01)

    async def does(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """Ask something that has to succeed."""
        answer = await self.rest.send(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code in {200, 201}, answer.text
        return answer


@pytest.fixture
async def backend(api: Rest) -> Backend:
    """A product with one workspace."""
    workspace = await api.made("/workspaces", {"name": "Main", "slug": "main"})
    return Backend(api, workspace["id"])
