"""The whole gateway on a loopback port, inside the test's own event loop, with Acme beside it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from gateway.acme import MANIFEST, Acme, RunningAcme, run_acme
from gateway.app import create_app
from gateway.kit.clock import Clock, system_clock
from gateway.kit.serving import build_server
from gateway.settings import IntegrationSettings, Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog
from tests.parts.migrated import put_migrated
from tests.parts.ports import free_port
from tests.parts.rest import SERVICE_KEY


@dataclass(frozen=True)
class Served:
    """A gateway that answers at `url`, and the provider that its integration `acme` reaches."""

    url: str
    gateway: Gateway
    acme: RunningAcme

    def endpoint(self, server_id: str) -> str:
        """The address of an MCP server."""
        return f"{self.url}/mcp/srv_{server_id}"


def settings_for(
    folder: Path,
    *,
    port: int,
    urls: dict[str, dict[str, str]] | None = None,
    apps: dict[str, dict[str, str]] | None = None,
    **values: Any,
) -> Settings:
    """Settings of a gateway on this port; `urls` are address maps by integration, `apps` ids and secrets."""
    configured = {name: {"urls": mapped, **(apps or {}).get(name, {})} for name, mapped in (urls or {}).items()}
    return Settings(
        port=port,
        data_dir=folder / "data",
        service_key=SecretStr(SERVICE_KEY),
        rate_limit_per_minute=100_000,
        integrations={name: IntegrationSettings.model_validate(each) for name, each in configured.items()},
        **values,
    )


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    clock: Clock = system_clock,
    urls: dict[str, dict[str, str]] | None = None,
    apps: dict[str, dict[str, str]] | None = None,
    catalog: Callable[[], Catalog] = lambda: Catalog(further=[MANIFEST]),
    provider: Acme | None = None,
    **values: Any,
) -> AsyncGenerator[Served]:
    """Serve a fresh gateway, and Acme (`provider`, or a fresh one), until the block ends."""
    port = free_port()
    async with run_acme(provider) as acme:
        app = {"client_id": acme.app.client.id, "client_secret": acme.app.client.secret}
        mapped = {"acme": dict(acme.urls), **(urls or {})}
        settings = settings_for(folder, port=port, urls=mapped, apps={"acme": app, **(apps or {})}, **values)
        if "database_url" not in values:
            put_migrated(settings.data_dir)
        async with open_gateway(settings, clock=clock, catalog=catalog()) as gateway:
            app = create_app(gateway)
            server = build_server(app, host=settings.host, port=port, on_drain=[app.state.drain])
            # Not a task group: pytest ends a fixture in another task than it began it in.
            task = asyncio.create_task(server.serve())
            await server.is_listening.wait()
            try:
                yield Served(settings.public_url, gateway, acme)
            finally:
                server.should_exit = True
                await task
