"""Claims about registering anew at the authorization servers of remote MCP servers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.connections.oauth_apps import AppSafe, OAuthApp
from gateway.connections.registrations import Registrations, oauth_of
from gateway.kit.clock import system_clock
from integrations.ports import HttpRequest, HttpResponse
from storage.scope import TenantScope
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.served import serving

NAME = "custom-notebooks"
OLD_APP = "oap_00000000-0000-4000-8000-000000000001"


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A workspace of an organization that has a remote MCP server with OAuth."""
    async with serving(tmp_path) as served:
        opened = await open_shop(served)
        await served.gateway.own_integrations.create(opened.scope, manifest("old", app=OLD_APP))
        yield opened


def manifest(server: str, *, app: str) -> dict[str, Any]:
    """The integration, with people signed in at this authorization server."""
    place = f"https://{server}.example"
    client = {"app": app, "registration_url": f"{place}/register", "token_auth": "client_secret_post"}
    method = {
        "key": "oauth",
        "type": "oauth2",
        "issuer": place,
        "authorize": {"url": f"{place}/authorize", "pkce": "S256"},
        "token": {"url": f"{place}/token", "auth": "body"},
        "client": client,
    }
    mcp = {"url": "https://notebooks.example/mcp"}
    return {"name": NAME, "title": "Notebooks", "categories": ["DEVELOPER_TOOLS"], "auth": [method], "mcp": mcp}


class Moving:
    """An authorization server that registers us just while the integration moves to another one."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def send(self, request: HttpRequest) -> HttpResponse:
        assert request.url == "https://old.example/register"
        own = self._shop.served.gateway.own_integrations
        new_app = OLD_APP.replace("1", "2")
        await own.replace(self._shop.scope, NAME, manifest("new", app=new_app))
        said = {"client_id": "known at the old one", "client_secret": "shown to the old one"}
        return HttpResponse(201, {"content-type": "application/json"}, orjson.dumps(said))


async def test_what_one_server_has_registered_is_shown_to_no_other_that_has_taken_its_place(shop: Shop) -> None:
    gateway = shop.served.gateway
    registrations = Registrations(
        gateway.database,
        own=gateway.own_integrations,
        apps=AppSafe(gateway.cipher),
        credentials=gateway.safe,
        http=Moving(shop),
        public_url="https://toolgate.example",
        clock=system_clock,
    )
    integration = gateway.catalogs.of(shop.scope.organization_id).get(NAME)

    assert await registrations.anew(shop.scope, integration, OAuthApp("forgotten", id=OLD_APP))

    method = oauth_of(gateway.catalogs.of(shop.scope.organization_id).get(NAME))
    assert method is not None
    assert method.client is not None
    assert method.client.app == OLD_APP.replace("1", "2")
    async with gateway.database.read() as tx:
        found = await tx.oauth_apps.page(TenantScope(shop.scope.organization_id), limit=10, offset=0)
    assert not found.rows
