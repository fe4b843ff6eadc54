"""The same on PostgreSQL: what is announced is sent, noted and sent again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.gateway.webhooks.conftest import Backend
from tests.parts.receiver import Receiver
from tests.parts.rest import SERVICE_KEY, Rest, new_organization


@pytest.fixture
async def backend(tmp_path: Path, new_postgres_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Backend]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(await new_postgres_database()),
        service_key=SecretStr(SERVICE_KEY),
        rate_limit_per_minute=100_000,
        egress_allow=("127.0.0.1",),
    )
    async with open_gateway(settings) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            rest = (await new_organization(Rest(client), "acme"))[1]
            workspace = await rest.made("/workspaces", {"name": "Main", "slug": "main"})
            yield Backend(rest, workspace["id"])


async def test_events_are_sent_noted_and_sent_again(backend: Backend, receiver: Receiver) -> None:
    webhook, secret = await backend.registers(receiver.url)
    people = [{"externalId": f"person-{number}"} for number in range(200)]
    await backend.does("PUT", "/end-users/sync", {"workspaceId": "main", "endUsers": people})
    made = await backend.connects("ours", endUserId="person-7")
    await backend.does("PUT", "/end-users/sync", {"workspaceId": "main", "endUsers": people[:1], "removeAbsent": True})
    await receiver.hears(401)
    of_seven = [heard.event["type"] for heard in receiver.heard if '"person-7"' in heard.body]
    assert of_seven == ["end_user.created", "connection.created", "connection.deleted", "end_user.deleted"]
    assert all(heard.signed_by(secret) for heard in receiver.heard[:5])
    delivered = await backend.noted(webhook, "DELIVERED", 401)
    await backend.does("POST", f"/webhooks/{webhook['id']}/deliveries/{delivered[0]['id']}/replay")
    again = (await receiver.hears(402))[-1]
    assert again.event == delivered[0]["body"]
    assert made["id"] in "".join(heard.body for heard in receiver.heard)
