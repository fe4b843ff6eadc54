"""A loopback proxy that adds a bearer token, for clients that have no way to send one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.kit.serving import build_server
from tests.parts.ports import free_port

_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"})


@asynccontextmanager
async def with_token(url: str, token: str) -> AsyncGenerator[str]:
    """Serve `url` at another address of the same path, as the bearer of `token`, until the block ends.

    Host and Origin stay as they came, unless they name the proxy itself: what guards against DNS rebinding is behind it.
    """
    target = httpx2.URL(url)
    port = free_port()
    here, there = f"127.0.0.1:{port}", target.netloc.decode()
    async with httpx2.AsyncClient(timeout=None, trust_env=False) as client:

        async def forward(request: Request) -> Response:
            headers = {name: value for name, value in request.headers.items() if name not in _HOP}
            for name in ("host", "origin"):
                if name in headers:
                    headers[name] = headers[name].replace(here, there).replace(f"localhost:{port}", there)
            headers["authorization"] = f"Bearer {token}"
            sent = client.build_request(request.method, url, headers=headers, content=await request.body())
            answer = await client.send(sent, stream=True)
            kept = {name: value for name, value in answer.headers.items() if name not in _HOP}

            async def body() -> AsyncGenerator[bytes]:
                try:
                    async for chunk in answer.aiter_raw():
                        yield chunk
                finally:
                    await answer.aclose()

            return StreamingResponse(body(), answer.status_code, kept)

        app = Starlette(routes=[Route(target.path, forward, methods=["GET", "POST", "DELETE"])])
        async with _served(app, port):
            yield f"http://{here}{target.path}"


@asynccontextmanager
async def _served(app: Starlette, port: int) -> AsyncGenerator[None]:
    server = build_server(app, host="127.0.0.1", port=port, shutdown_seconds=1)
    server.config.lifespan = "off"
    task = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    try:
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
