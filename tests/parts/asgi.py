"""Any ASGI application on a loopback port, inside the test's own event loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from gateway.kit.serving import build_server
from tests.parts.ports import free_port


@asynccontextmanager
async def serving_app(app: ASGIApp) -> AsyncGenerator[str]:
    """Serve `app` until the block ends; yields its address, with a slash at the end."""
    port = free_port()
    server = build_server(app, host="127.0.0.1", port=port)
    # Not a task group: pytest ends a fixture in another task than it began it in.
    task = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        await task
