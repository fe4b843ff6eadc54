"""Runs the ASGI application: uvicorn with our limits, and nothing of its own in logs and answers."""

import asyncio
import gc
import resource
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from gateway.kit.http_protocol import BoundedHttpProtocol

# Longer than the idle time of usual load balancers (60 s), which otherwise reuse a connection as we close it.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 30
MAX_CONNECTIONS = 10_000
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


class Server(uvicorn.Server):
    """A server that says when it is listening, and tells `on_drain` when it stops taking requests.

    Requests under way still run then. Streams that would stay open for ever have to end there: the application's own
    shutdown comes after them.
    """

    def __init__(self, config: uvicorn.Config, *, on_drain: Sequence[Callable[[], None]] = ()) -> None:
        super().__init__(config)
        self._on_drain = on_drain
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen; a port that is taken ends the process (SystemExit) with a log line."""
        await super().startup(sockets)
        self.is_listening.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; the signal is dealt with by that.

        uvicorn would raise it again once it has stopped, and kill whoever still has a database to close.
        """
        super().handle_exit(sig, frame)
        self._captured_signals.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop."""
        for tell in self._on_drain:
            tell()
        await super().shutdown(sockets)


def build_server(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    on_drain: Sequence[Callable[[], None]] = (),
    max_connections: int = MAX_CONNECTIONS,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
    shutdown_seconds: int = SHUTDOWN_SECONDS,
) -> Server:
    """The server for `app`, not yet listening. `await server.serve()` ends on SIGINT, SIGTERM or `should_exit`.

    Beyond `max_connections` (idle and streaming ones count) a request is answered 503 at once. Whatever still runs
    `shutdown_seconds` after the signal is cut off.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        # Logging is set up for the whole process; the access line is ours, with the request's id.
        log_config=None,
        access_log=False,
        server_header=False,
        # Our own reading of forwarded headers knows which proxies to believe.
        proxy_headers=False,
        limit_concurrency=max_connections,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=shutdown_seconds,
    )
    return Server(config, on_drain=on_drain)


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    on_listening: Callable[[], None],
    on_drain: Sequence[Callable[[], None]] = (),
) -> None:
    """Serve `app` until a signal ends the process; `on_listening` is called once when clients can come."""
    _allow_open_files(2 * MAX_CONNECTIONS)
    server = build_server(app, host=host, port=port, on_drain=on_drain)
    async with asyncio.TaskGroup() as tasks:
        announcing = tasks.create_task(_announce(server, on_listening))
        await server.serve()
        announcing.cancel()


async def _announce(server: Server, on_listening: Callable[[], None]) -> None:
    await server.is_listening.wait()
    _settle_heap()
    on_listening()


def _settle_heap() -> None:
    """Have the garbage collector leave alone what start-up made and stays: it was a fifth of a call's cost."""
    gc.collect()
    gc.freeze()
    # A call leaves next to nothing in cycles, and looking for them every 700 objects is a few per cent of its cost.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _allow_open_files(wanted: int) -> None:
    """Raise the process's own limit as far as the system lets it: the usual 1,024 ends long before we refuse."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < reachable:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
