"""The authorization endpoint: a page where a person of Acme approves or denies what the client asks for."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.acme.grants import SCOPES, Grants, OAuthError
from gateway.acme.people import People
from gateway.acme.wire import NO_STORE, read_form, unique

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True)
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    **NO_STORE,
}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

Parameters: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """The one registered client. Without `redirect_uris` any http address on loopback is good (RFC 8252 7.3)."""

    id: str
    secret: str = field(repr=False)
    name: str = "Toolgate"
    redirect_uris: Collection[str] = ()

    def may_redirect_to(self, uri: str) -> bool:
        """Whether an authorization answer may go to `uri`."""
        if self.redirect_uris:
            return uri in self.redirect_uris
        try:
            parts = urlsplit(uri)
        except ValueError:
            return False
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.fragment


class Consent:
    """`/oauth/authorize`: GET shows the page, POST takes the decision and leads back to the client."""

    def __init__(self, client: Client, people: People, grants: Grants, *, issuer: str) -> None:
        self._client = client
        self._people = people
        self._grants = grants
        self._issuer = issuer

    async def ask(self, request: Request) -> Response:
        """Show who asks for what. `login_hint` preselects a person."""
        return self._answer(request.query_params.multi_items(), self._page)

    async def decide(self, request: Request) -> Response:
        """Take the page's form: the parameters again, plus `person` and `decision` (`approve` or `deny`)."""
        try:
            form = await read_form(request)
        except OAuthError as error:
            return _refused(error)
        return self._answer(list(form.items()), self._decided)

    def _answer(self, pairs: list[tuple[str, str]], then: Callable[[Parameters], Response]) -> Response:
        """Check the request; errors go back to the client unless it is unclear who that is (RFC 6749 4.1.2.1)."""
        try:
            parameters = unique(pairs)
            self._check_client(parameters)
        except OAuthError as error:
            return _refused(error)
        try:
            _check_request(parameters)
            return then(parameters)
        except OAuthError as error:
            return self._redirect(parameters, {"error": error.code, "error_description": error.description})

    def _check_client(self, parameters: Parameters) -> None:
        if parameters.get("client_id") != self._client.id:
            raise OAuthError("invalid_client", "No client is registered under this client_id.")
        if not self._client.may_redirect_to(parameters.get("redirect_uri", "")):
            raise OAuthError("invalid_request", "The redirect_uri is not registered for this client.")

    def _page(self, parameters: Parameters) -> Response:
        return _render(
            "consent.html",
            client=self._client.name,
            people=list(self._people),
            chosen=parameters.get("login_hint"),
            scopes=[SCOPES[name] for name in requested_scope(parameters)],
            back_to=urlsplit(parameters["redirect_uri"]).netloc,
            parameters=parameters,
        )

    def _decided(self, parameters: Parameters) -> Response:
        if parameters.get("decision") != "approve":
            raise OAuthError("access_denied", "The person said no")
        person = self._people.find(parameters.get("person", ""))
        if person is None:
            return self._page(parameters)
        code = self._grants.approve(
            person.id,
            requested_scope(parameters),
            redirect_uri=parameters["redirect_uri"],
            challenge=parameters.get("code_challenge"),
        )
        return self._redirect(parameters, {"code": code})

    def _redirect(self, parameters: Parameters, answer: Parameters) -> Response:
        """Lead back with the answer, the state and, against mix-up, who answers (RFC 9207)."""
        if "state" in parameters:
            answer = {**answer, "state": parameters["state"]}
        query = urlencode({**answer, "iss": self._issuer})
        uri = parameters["redirect_uri"]
        return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{query}", 303, headers=NO_STORE)


def requested_scope(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The scopes asked for, every one there is where none is named. Raises `OAuthError` on an unknown one."""
    names = tuple(dict.fromkeys(parameters.get("scope", "").split()))
    unknown = [name for name in names if name not in SCOPES]
    if unknown:
        raise OAuthError("invalid_scope", f"There is no such scope; there are {', '.join(SCOPES)}")
    return names or tuple(SCOPES)


def _check_request(parameters: Parameters) -> None:
    if parameters.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type has to be code")
    requested_scope(parameters)
    challenge = parameters.get("code_challenge")
    if challenge is None and "code_challenge_method" not in parameters:
        return
    if parameters.get("code_challenge_method") != "S256" or not _S256_CHALLENGE.fullmatch(challenge or ""):
        raise OAuthError("invalid_request", "PKCE takes code_challenge_method=S256 and a challenge of 43 characters")


def _refused(error: OAuthError) -> Response:
    return _render("refused.html", status=400, reason=error.description)


def _render(page: str, *, status: int = 200, **values: Any) -> Response:
    return HTMLResponse(_PAGES.get_template(page).render(values), status, headers=_PAGE_HEADERS)
