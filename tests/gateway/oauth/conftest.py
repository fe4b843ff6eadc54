"""An authorization server, and a server that takes sign-ins."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from gateway.app import create_app
from gateway.wiring import Gateway
from tests.gateway.oauth.asking import Asking
from tests.gateway.oauth.lying_provider import Liar, lying
from tests.parts.rest import Rest


@pytest.fixture
async def asking(gateway: Gateway, api: Rest) -> AsyncIterator[Asking]:
    """A program that asks the authorization server; nothing is followed."""
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    server = await api.made("/mcp/servers", {"name": "Tools", "workspaceId": "a", "authMode": "oauth"})
    transport = httpx2.ASGITransport(app=create_app(gateway))
    async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
        yield Asking(client, gateway, server["id"])


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    """An OpenID provider that answers as a test wants it."""
    async with lying() as provider:
        yield provider
