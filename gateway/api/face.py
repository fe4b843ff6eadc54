"""The REST face as one ASGI app: the route table, and a 404 for everything else below `/api`."""

from collections.abc import Mapping
from itertools import groupby

from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from gateway.api.adapter import Endpoint, Rates
from gateway.api.calls import DEFAULT_BODY_BYTES
from gateway.api.failures import RequestTimeout, UnsupportedMediaType
from gateway.api.routes import ROUTES
from gateway.errors import PayloadTooLarge, ToolgateError
from gateway.kit.body_limits import BodyFault, BodyRefusal
from gateway.kit.rates import Windows
from gateway.wiring import Gateway

_FAILURES_PER_MINUTE = 60


class RestFace:
    """The app that answers `/api`; it takes whole paths."""

    def __init__(self, gateway: Gateway, *, failures_per_minute: int = _FAILURES_PER_MINUTE) -> None:
        rates = Rates(
            per_caller=Windows(limit=gateway.settings.rate_limit_per_minute, clock=gateway.clock),
            per_stranger=Windows(limit=failures_per_minute, clock=gateway.clock),
        )
        by_path = groupby(sorted(ROUTES, key=lambda route: _written_first(route.path)), key=lambda route: route.path)
        paths = [Path(path, Endpoint(gateway, rates, list(routes))) for path, routes in by_path]
        self._nowhere = Endpoint(gateway, rates)
        self._router = Router(paths, default=self._nowhere, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._router(scope, receive, send)

    def refuse_body(self, scope: Scope, refusal: BodyRefusal) -> Response:
        """Return the answer to a body that was not taken; nobody has looked yet at who sends it."""
        match refusal.fault:
            case BodyFault.TOO_LARGE:
                failure: ToolgateError = PayloadTooLarge(refusal.message)
            case BodyFault.TOO_SLOW:
                failure = RequestTimeout(refusal.message)
            case BodyFault.ENCODED | BodyFault.MULTIPART:
                failure = UnsupportedMediaType(refusal.message)
        return self._nowhere.refusal(scope, failure)


def body_limits() -> Mapping[str, int]:
    """Return how many bytes a body may have, by path prefix, where a route differs from the default."""
    larger = {route.path: route.max_body_bytes for route in ROUTES if route.max_body_bytes != DEFAULT_BODY_BYTES}
    return {"/api/": DEFAULT_BODY_BYTES, **larger}


def _written_first(path: str) -> tuple[bool, str]:
    """Sort so that `/integrations/oauth-status` comes before `/integrations/{name}`."""
    return "{" in path, path
