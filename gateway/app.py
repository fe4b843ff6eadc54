"""The Starlette app: mounts the faces over one open gateway."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Scope

from gateway.api.downloads import DownloadRoute
from gateway.api.face import body_limits, refuse_body, rest_face
from gateway.kit.body_limits import BodyLimits, BodyRefusal
from gateway.kit.request_log import RequestLog
from gateway.mcp.face import McpFace
from gateway.portal.setup_page import SetupPage
from gateway.wiring import Gateway


def create_app(gateway: Gateway) -> Starlette:
    """Return the app that serves this gateway. `app.state.drain` has to be called when serving is about to end."""
    limits = {**body_limits(), "/mcp/": gateway.settings.mcp_body_max_bytes}
    mcp = McpFace(gateway)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with mcp.running():
            yield

    app = Starlette(
        routes=[
            Route("/health", _health),
            *mcp.routes,
            Route("/connect/s/{setup_id}", SetupPage(gateway).answer),
            Route("/files/{token}", DownloadRoute(gateway.downloads).answer),
            Mount("/", rest_face(gateway)),
        ],
        middleware=[Middleware(RequestLog), Middleware(BodyLimits, refuse=_refuse, limits=limits)],
        lifespan=lifespan,
    )
    app.state.drain = mcp.drain
    return app


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "healthy"}, headers={"Cache-Control": "no-store"})


def _refuse(_scope: Scope, refusal: BodyRefusal) -> ASGIApp:
    return refuse_body(refusal)
