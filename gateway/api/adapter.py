"""One way in and out for every route: identify, count, read, call the handler, answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.access.endpoints import SERVER_PREFIX
from gateway.api.authentication import SERVICE_KEY_HEADER, admit, identify
from gateway.api.calls import Access, Call, Route
from gateway.api.errors import render
from gateway.api.failures import MethodNotAllowed
from gateway.api.headers import security_headers
from gateway.api.models import Nothing
from gateway.api.reading import read_body, read_query
from gateway.errors import NotFound, RateLimited, ToolgateError, Unauthorized
from gateway.kit.client_address import client_key
from gateway.kit.ids import as_id
from gateway.kit.json import JsonRefused, parse
from gateway.kit.log import get_logger
from gateway.kit.rates import Window, Windows
from gateway.kit.request_log import note
from gateway.kit.tokens import hash_token
from gateway.principals import Anybody, ApiKeyPrincipal, ServicePrincipal
from gateway.wiring import Gateway

_log = get_logger(__name__)
_Caller: TypeAlias = ApiKeyPrincipal | ServicePrincipal | Anybody
_AS_WRITTEN = frozenset({"workspaceId", "name", "toolName"})
"""Path parameters that are no ids of ours: a workspace may be named by its slug, an integration by its name."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often one caller may ask: an API key or the operator, and an address that fails to show a valid key.

    A valid API key always passes the second: behind one address there may be others who are in order.
    """

    per_caller: Windows
    per_stranger: Windows


class Endpoint:
    """The routes of one path, as an ASGI app; without any, it answers 404."""

    def __init__(self, gateway: Gateway, rates: Rates, routes: Sequence[Route] = ()) -> None:
        self._gateway = gateway
        self._rates = rates
        self._headers = security_headers(gateway.settings.public_url)
        self._routes: Mapping[str, Route] = {route.method: route for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong is told in the one form that failures have."""
        request = Request(scope, receive)
        try:
            response, window = await self._respond(request)
        except Exception:  # noqa: BLE001 -- the last resort of every route: logged, and answered without any detail
            _log.exception("request failed")
            response = render(ToolgateError("the gateway failed on this request"))
            window = self._rates.per_stranger.peek(self._address(scope))
        await self._finished(response, window)(scope, receive, send)

    def refusal(self, scope: Scope, failure: ToolgateError) -> Response:
        """Return the answer to a request that is refused before it comes here."""
        return self._finished(render(failure), self._rates.per_stranger.peek(self._address(scope)))

    async def _respond(self, request: Request) -> tuple[Response, Window]:
        stranger = self._address(request.scope)
        try:
            route = self._route(request)
            if route.access is Access.ANYBODY:
                return await self._respond_to_anybody(route, request, stranger)
            self._refuse_guessing(request, stranger)
            caller = await identify(self._gateway, request.headers)
            note(request.scope, caller=_name(caller), organization_id=caller.organization_id)
        except Unauthorized as failure:
            window = self._rates.per_stranger.hit(stranger)
            return render(_too_many(window) if window.is_exceeded else failure), window
        except ToolgateError as failure:
            return render(failure), self._rates.per_stranger.peek(stranger)
        window = self._rates.per_caller.hit(_name(caller))
        if window.is_exceeded:
            return render(_too_many(window)), window
        try:
            return await self._answer(route, request, caller), window
        except ToolgateError as failure:
            return render(failure), window

    async def _respond_to_anybody(self, route: Route, request: Request, stranger: str) -> tuple[Response, Window]:
        """Answer who shows a valid token in the body, counted by that body; who shows none is counted by address."""
        shown = hash_token(_spelled_once(await request.body()))
        window = self._rates.per_caller.peek(shown)
        if not window.remaining:
            return render(_too_many(window)), window
        try:
            response = await self._answer(route, request, Anybody())
        except ToolgateError as failure:
            window = self._rates.per_stranger.hit(stranger)
            return render(_too_many(window) if window.is_exceeded else failure), window
        return response, self._rates.per_caller.hit(shown)

    def _finished(self, response: Response, window: Window) -> Response:
        response.headers.update({**_rate_headers(window), **self._headers})
        return response

    def _address(self, scope: Scope) -> str:
        return client_key(scope, self._gateway.settings.trusted_proxies)

    def _refuse_guessing(self, request: Request, stranger: str) -> None:
        """Raise `RateLimited` instead of looking at one more service key: a person chose it, so it can be guessed."""
        window = self._rates.per_stranger.peek(stranger)
        if SERVICE_KEY_HEADER in request.headers and not window.remaining:
            raise _too_many(window)

    def _route(self, request: Request) -> Route:
        if not self._routes:
            raise NotFound("there is no such path: /docs describes those that there are")
        route = self._routes.get(request.method)
        if route is None:
            allowed = ", ".join(sorted(self._routes))
            raise MethodNotAllowed(f"this path takes {allowed}", allowed=allowed)
        return route

    async def _answer(self, route: Route, request: Request, caller: _Caller) -> Response:
        if not isinstance(caller, Anybody):
            await admit(self._gateway, caller, route.access)
        body = await read_body(request, route.body) if route.takes_body else Nothing()
        call = Call(
            caller=caller,
            body=body,
            query=read_query(request, route.query),
            path={name: _canonical(name, value) for name, value in request.path_params.items()},
            headers=request.headers,
        )
        answer = await route.handler(self._gateway, call)
        return Response(answer.model_dump_json(by_alias=True), route.status, media_type="application/json")


def _spelled_once(body: bytes) -> str:
    """Return a body so that blanks and escapes in it make no other one of it."""
    try:
        return json.dumps(parse(body), sort_keys=True)
    except JsonRefused:
        return body.decode("latin-1")


def _canonical(name: str, value: str) -> str:
    """Return a path parameter in its one spelling; what can't be an id becomes the one that no row has."""
    if name in _AS_WRITTEN:
        return value
    return as_id(value.removeprefix(SERVER_PREFIX) if name == "serverId" else value) or ""


def _name(caller: ApiKeyPrincipal | ServicePrincipal) -> str:
    return caller.key_id if isinstance(caller, ApiKeyPrincipal) else "service"


def _too_many(window: Window) -> RateLimited:
    return RateLimited(
        f"more than {window.limit} requests in a minute: wait {window.retry_after} s", retry_after=window.retry_after
    )


def _rate_headers(window: Window) -> Mapping[str, str]:
    return {
        "X-RateLimit-Limit": str(window.limit),
        "X-RateLimit-Remaining": str(window.remaining),
        "X-RateLimit-Reset": str(window.resets_at),
    }
