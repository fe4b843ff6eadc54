"""What the story plays on: a served gateway with its own data, Acme, and a way to reach both over HTTP."""

import secrets
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from pydantic import SecretStr

from gateway.acme import MANIFEST, Acme, RunningAcme, run_acme
from gateway.app import create_app
from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.serving import build_server
from gateway.settings import IntegrationSettings, Settings
from gateway.wiring import Gateway, open_gateway
from integrations.catalog import Catalog

_LOOPBACK = "127.0.0.1"
_SHUTDOWN_SECONDS = 2
"""Nobody depends on what is under way in a demo."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway that answers at `url`, its provider, and `http` for whoever calls them from outside."""

    url: str
    service_key: str = field(repr=False)
    acme: RunningAcme
    http: Egress

    async def until_stopped(self) -> None:
        """Wait for the signal that stops the gateway; the stage closes then."""
        await anyio.sleep_forever()


@asynccontextmanager
async def open_stage(folder: Path, acme: Acme) -> AsyncGenerator[Stage]:
    """Serve a gateway with its data in `folder`, and `acme` beside it, until the block ends.

    A signal to the process cancels the block: the gateway is gone then.
    """
    service_key = secrets.token_urlsafe(32)
    outside = EgressPolicy(allowed_hosts=(_LOOPBACK,))
    with _listening() as listener:
        async with run_acme(acme) as running_acme, Egress(outside) as http:
            settings = _settings(folder, listener.getsockname()[1], acme=running_acme, service_key=service_key)
            async with (
                open_gateway(settings, catalog=Catalog(further=[MANIFEST])) as gateway,
                _served(gateway, listener),
            ):
                yield Stage(settings.public_url, service_key, running_acme, http)


@asynccontextmanager
async def _served(gateway: Gateway, listener: socket.socket) -> AsyncGenerator[None]:
    app = create_app(gateway)
    # Cancelled as soon as a signal comes: the server waits for requests under way, and those may be the block's own.
    block = anyio.CancelScope()
    on_drain = [app.state.drain, block.cancel]
    server = build_server(
        app, host=_LOOPBACK, port=gateway.settings.port, on_drain=on_drain, shutdown_seconds=_SHUTDOWN_SECONDS
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        await server.is_listening.wait()
        with block:
            yield
        server.should_exit = True


def _listening() -> socket.socket:
    """Take a free port and keep it, so that nobody else gets it in between."""
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_LOOPBACK, 0))
    return listener


def _settings(folder: Path, port: int, *, acme: RunningAcme, service_key: str) -> Settings:
    return Settings(
        host=_LOOPBACK,
        port=port,
        data_dir=folder / "data",
        service_key=SecretStr(service_key),
        integrations={
            "acme": IntegrationSettings(
                client_id=acme.app.client.id,
                client_secret=SecretStr(acme.app.client.secret),
                urls=dict(acme.urls),
            )
        },
    )
