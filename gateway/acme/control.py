"""`/_chaos`: the switches over HTTP, for programs on this machine that are not this process."""

from collections.abc import Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.acme.chaos import Chaos, Counters, Endpoint
from gateway.acme.grants import Grants
from gateway.acme.people import People
from gateway.acme.wire import NO_STORE, ApiError, read_object

_LOOPBACK = {"127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Control:
    """Reads and sets the switches, and does what a person could do at Acme; all raise `ApiError`."""

    def __init__(self, chaos: Chaos, counters: Counters, *, grants: Grants, people: People) -> None:
        self._chaos = chaos
        self._counters = counters
        self._grants = grants
        self._people = people

    def routes(self) -> list[Route]:
        """The routes, closed to everybody but this machine."""
        return [
            Route("/_chaos", _only_from_here(self.show), methods=["GET"]),
            Route("/_chaos", _only_from_here(self.replace), methods=["PUT"]),
            Route("/_chaos/revoke", _only_from_here(self.revoke), methods=["POST"]),
            Route("/_chaos/expire", _only_from_here(self.expire), methods=["POST"]),
        ]

    async def show(self, _request: Request) -> Response:
        """Answer `{"switches", "counters"}`."""
        shown = {"switches": self._chaos.model_dump(), "counters": self._counters.to_wire()}
        return JSONResponse(shown, headers=NO_STORE)

    async def replace(self, request: Request) -> Response:
        """Take the body as all switches, absent ones at their default: `{}` ends all trouble."""
        try:
            self._chaos.replace(Chaos.model_validate(await read_object(request)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ApiError(422, "invalid_switch", f"{where}: {first['msg']}") from error
        return await self.show(request)

    async def revoke(self, request: Request) -> Response:
        """Revoke everything that `{"person"}` allowed."""
        return await self._for_person(request, self._grants.revoke_person)

    async def expire(self, request: Request) -> Response:
        """Let the access tokens of `{"person"}` expire now."""
        return await self._for_person(request, self._grants.expire_person)

    async def _for_person(self, request: Request, act: Callable[[str], None]) -> Response:
        person = (await read_object(request)).get("person")
        if not isinstance(person, str) or self._people.find(person) is None:
            raise ApiError(422, "unknown_person", f"person has to be one of {', '.join(p.id for p in self._people)}")
        act(person)
        return Response(status_code=204)


def _only_from_here(endpoint: Endpoint) -> Endpoint:
    """Answer 404 to other machines, also to those behind a tunnel or proxy that runs on this one."""

    async def guarded(request: Request) -> Response:
        is_forwarded = any(name in request.headers for name in _FORWARDED)
        if is_forwarded or request.client is None or request.client.host not in _LOOPBACK:
            raise ApiError(404, "not_found", "There is no such address")
        return await endpoint(request)

    return guarded
