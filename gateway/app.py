"""The Starlette app: mounts the faces over one open gateway."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.downloads import DownloadRoute
from gateway.api.face import RestFace, body_limits
from gateway.api.reference import Reference
from gateway.kit.body_limits import BodyLimits
from gateway.kit.request_log import RequestLog
from gateway.mcp.endpoint import MCP_PATH
from gateway.mcp.face import McpFace
from gateway.mcp.refusals import METADATA_PATH
from gateway.oauth.addresses import OAUTH_PATH
from gateway.oauth.face import OAUTH_BODY_BYTES, oauth_routes
from gateway.portal.face import portal_routes
from gateway.web.assets import asset_routes
from gateway.web.mailbox import mailbox_routes
from gateway.wiring import Gateway


def create_app(gateway: Gateway) -> Starlette:
    """Return the app that serves this gateway. `app.state.drain` has to be called when serving is about to end."""
    limits = {**body_limits(), MCP_PATH: gateway.settings.mcp_body_max_bytes, OAUTH_PATH: OAUTH_BODY_BYTES}
    mcp = McpFace(gateway)
    rest = RestFace(gateway)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with mcp.running():
            yield

    app = Starlette(
        routes=[
            Route("/health", _health),
            Route(METADATA_PATH + "{server}", mcp.metadata, methods=["GET", "OPTIONS"]),
            Route("/files/{token}", DownloadRoute(gateway.downloads).answer),
            *asset_routes(),
            *portal_routes(gateway),
            *oauth_routes(gateway),
            *mailbox_routes(gateway.mailer, gateway.settings),
            *Reference(gateway).routes,
        ],
        middleware=[
            Middleware(RequestLog, trusted_proxies=gateway.settings.trusted_proxies),
            Middleware(BodyLimits, refuse=rest.refuse_body, limits=limits),
            Middleware(_McpFirst, endpoint=mcp.endpoint),
        ],
        lifespan=lifespan,
    )
    # Whatever is not above: a Mount would not match a path with a line break in it.
    app.router.default = rest
    app.state.drain = mcp.drain
    return app


class _McpFirst:
    """Serves MCP endpoints before any routing: tool calls are the hot path."""

    def __init__(self, app: ASGIApp, *, endpoint: ASGIApp) -> None:
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_mcp = scope["type"] == "http" and scope["path"].startswith(MCP_PATH)
        await (self._endpoint if is_mcp else self._app)(scope, receive, send)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "healthy"}, headers={"Cache-Control": "no-store"})
