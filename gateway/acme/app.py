"""The simulator as one ASGI app, with handles for whoever runs it."""

import secrets
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from random import Random

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.acme.api import Api
from gateway.acme.chaos import Chaos, Counters, FaultyEndpoints
from gateway.acme.consent import Client, Consent
from gateway.acme.control import Control
from gateway.acme.grants import SCOPES, Grants, OAuthError, TokenAnswer
from gateway.acme.notebook import Notebook
from gateway.acme.oauth import TokenEndpoints
from gateway.acme.people import ALICE, BOB, People, Person
from gateway.acme.wire import ApiError, api_error, oauth_error
from gateway.kit.clock import Clock, system_clock

BASE_URL = "https://api.acme.example/"
"""Where `acme.yaml` says that Acme is; the settings' `urls` lead it to the loopback port."""

MANIFEST = Path(__file__).parent / "acme.yaml"
"""The integration that reaches Acme, for the catalogue's further manifests."""


class Acme:
    """The provider: an ASGI app, its switches (`chaos`) and what was called (`counters`).

    `seed` makes ids and tokens the same in every run; without it they can't be guessed.
    """

    def __init__(
        self,
        *,
        client_id: str = "toolgate",
        client_secret: str = "acme-client-secret",  # noqa: S107 - public, like everything about a simulator
        redirect_uris: Collection[str] = (),
        people: Iterable[Person] = (ALICE, BOB),
        clock: Clock = system_clock,
        seed: int | None = None,
    ) -> None:
        new_id = _id_source(seed)
        self.client = Client(client_id, client_secret, redirect_uris=redirect_uris)
        self.people = People(people)
        self.chaos = Chaos()
        self.counters = Counters()
        self.notebook = Notebook(clock, new_id)
        self._grants = Grants(self.chaos, clock=clock, new_token=new_id)
        self._app = Starlette(
            routes=[*self._oauth_routes(), *self._api_routes(), *self._control_routes()],
            exception_handlers=dict.fromkeys((ApiError, OAuthError, HTTPException), _render),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)

    def issue_token(self, person: str, *, scope: Iterable[str] = SCOPES) -> TokenAnswer:
        """Return the token answer that `person` would have got by approving. Raises `KeyError` for nobody."""
        if self.people.find(person) is None:
            raise KeyError(person)
        return self._grants.issue(person, tuple(scope))

    def revoke_tokens(self, person: str) -> None:
        """Revoke everything this person allowed, as if they had clicked "disconnect" at Acme."""
        self._grants.revoke_person(person)

    def expire_access_tokens(self, person: str) -> None:
        """Let this person's access tokens expire now; refresh tokens stay good."""
        self._grants.expire_person(person)

    def _oauth_routes(self) -> list[Route]:
        consent = Consent(self.client, self.people, self._grants, issuer=BASE_URL.rstrip("/"))
        tokens = TokenEndpoints(self.client, self._grants, self.counters)
        faulty = FaultyEndpoints(lambda: self.chaos.token, self.counters, oauth_error)
        return [
            Route("/oauth/authorize", consent.ask, methods=["GET"]),
            Route("/oauth/authorize", consent.decide, methods=["POST"]),
            Route("/oauth/token", faulty(tokens.token), methods=["POST"]),
            Route("/oauth/revoke", faulty(tokens.revoke), methods=["POST"]),
            Route("/oauth/introspect", tokens.introspect, methods=["POST"]),
        ]

    def _api_routes(self) -> list[Route]:
        api = Api(
            client=self.client,
            people=self.people,
            grants=self._grants,
            notebook=self.notebook,
            counters=self.counters,
        )
        faulty = FaultyEndpoints(lambda: self.chaos.api, self.counters, api_error)
        return [
            Route("/me", faulty(api.me), methods=["GET"]),
            Route("/notes", faulty(api.list_notes), methods=["GET"]),
            Route("/notes", faulty(api.create_note), methods=["POST"]),
            Route("/notes/{id}", faulty(api.get_note), methods=["GET"]),
            Route("/notes/{id}", faulty(api.delete_note), methods=["DELETE"]),
            Route("/projects", faulty(api.list_projects), methods=["GET"]),
            Route("/files/{id}", faulty(api.picture), methods=["GET"]),
        ]

    def _control_routes(self) -> list[Route]:
        return Control(self.chaos, self.counters, grants=self._grants, people=self.people).routes()


def _id_source(seed: int | None) -> Callable[[str], str]:
    """Return what makes ids and tokens from a prefix: the same sequence for the same seed."""
    random = secrets.SystemRandom() if seed is None else Random(seed)  # noqa: S311 - a seed asks for predictability
    return lambda prefix: f"{prefix}{random.getrandbits(128):032x}"


async def _render(_request: Request, error: Exception) -> Response:
    """Give a refusal its form; the framework's own (unknown address, wrong method) get the API's."""
    match error:
        case ApiError():
            return error.to_response()
        case OAuthError():
            return oauth_error(error.status, error.code, error.description)
        case HTTPException():
            code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
            return api_error(error.status_code, code, error.detail)
        case _:
            raise error
