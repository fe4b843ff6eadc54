"""Acme on a loopback port, inside the running event loop."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn

from gateway.acme.app import BASE_URL, Acme

_LOOPBACK = {"127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class RunningAcme:
    """Where Acme is, with a slash at the end, and the object behind it."""

    url: str
    app: Acme

    @property
    def urls(self) -> Mapping[str, str]:
        """What the settings' map of addresses needs so that the integration `acme` reaches this one."""
        return {BASE_URL: self.url}


@asynccontextmanager
async def run_acme(
    acme: Acme | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[RunningAcme, None]:
    """Serve `acme` (a fresh one if None) until the block ends; port 0 takes a free one.

    Raises `ValueError` for a host that is not loopback (the passwords are public), `OSError` for a port in use.
    """
    if host not in _LOOPBACK:
        raise ValueError(f"acme serves loopback only (127.0.0.1 or ::1), not {host}")
    acme = acme or Acme()
    listener = _listen(host, port)
    server = uvicorn.Server(_config(acme))
    # What `Server.serve` does, without its task, its clock tick and its hold on the program's signals.
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup([listener])
    try:
        yield RunningAcme(_url(listener), acme)
    finally:
        await _end(server)


async def _end(server: uvicorn.Server) -> None:
    """Stop at once: a slow answer (`Faults.slow_seconds`) must not hold up whoever runs this."""
    for listening in server.servers:
        listening.close()
    tasks = list(server.server_state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    # What is aborted is closed in the loop's next round.
    await asyncio.sleep(0)


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only where it is.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _config(acme: Acme) -> uvicorn.Config:
    return uvicorn.Config(
        acme,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        # The control routes are open to this machine only, so nobody may claim to be on it.
        proxy_headers=False,
    )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
