"""The authorization endpoint: everything about a request is checked here, before anybody signs in (RFC 6749 4.1.1)."""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import ClientOutOfReach, OAuthError
from gateway.access.oauth_requests import answer_address
from gateway.access.pending_requests import NewRequest
from gateway.access.redirect_uris import is_registered
from gateway.kit.rates import Windows
from gateway.oauth import addresses
from gateway.oauth.parameters import Query, of_query, words
from gateway.oauth.targets import asked_scopes, asked_server
from gateway.web.door import browser_of
from gateway.web.headers import lead_to
from gateway.web.limits import PageLimits
from gateway.web.pages import Button
from gateway.web.stops import PageStop, too_often
from gateway.wiring import Gateway

_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")
_MOST_STATE: Final = 2_048
_BEGUN_A_MINUTE: Final = 300
"""From one address: an office signs in at once, but nobody fills the database."""


class Authorize:
    """The handler of `GET /oauth/authorize`."""

    def __init__(self, gateway: Gateway, *, limits: PageLimits) -> None:
        self._database = gateway.database
        self._issuer = gateway.settings.public_url
        self._is_https = gateway.settings.is_https
        self._clients = gateway.authorizing.clients
        self._requests = gateway.authorizing.requests
        self._limits = limits
        self._begun = Windows(limit=_BEGUN_A_MINUTE, clock=gateway.clock)

    async def answer(self, request: Request) -> Response:
        """Lead a browser to sign in, or back to the client with what is wrong.

        Where client or redirect address are not known, nobody is redirected anywhere; nobody who did nothing is
        redirected to an address that only its client vouches for (RFC 9700 4.11.2). Raises `PageStop`.
        """
        query, client, redirect_uri = await self._known(request)
        try:
            new = await self._checked(query, client, redirect_uri)
        except OAuthError as error:
            told = {"error": error.error, "error_description": error.description}
            address = answer_address(redirect_uri, told, state=query.once.get("state"), issuer=self._issuer)
            if client.organization_id is None and redirect_uri.startswith("https:"):
                raise _asked_wrongly(error, client, address) from error
            return lead_to(address, is_https=self._is_https)
        window = self._begun.hit(self._limits.client(request))
        if window.is_exceeded:
            raise too_often(window.retry_after)
        key = await self._requests.begin(new, browser=browser_of(request))
        return lead_to(addresses.of_request(addresses.SIGN_IN, key), is_https=self._is_https)

    async def _known(self, request: Request) -> tuple[Query, ClientView, str]:
        """Return what is asked, the client that asks it, and where it is to be answered. Raises `PageStop`."""
        asks_around = False
        try:
            query = of_query(request)
            client_id = query.once.get("client_id", "")
            asks_around = not self._clients.is_at_hand(client_id)
            if asks_around:
                # Before we do, and not when it has failed: a hundred at once would all be let through.
                self._limits.count_stranger(request)
            client = await self._clients.find(client_id)
            return query, client, _registered(query.once.get("redirect_uri"), client)
        except OAuthError as error:
            if not asks_around:
                self._limits.count_stranger(request)
            raise _not_from_a_client(error) from error

    async def _checked(self, query: Query, client: ClientView, redirect_uri: str) -> NewRequest:
        given = query.once
        if query.repeated:
            raise OAuthError("invalid_request", f"{min(query.repeated)}: stands there twice")
        if (kind := given.get("response_type")) != "code":
            error = "invalid_request" if kind is None else "unsupported_response_type"
            raise OAuthError(error, "response_type: has to be code")
        if given.get("response_mode", "query") != "query":
            raise OAuthError("invalid_request", "response_mode: has to be query")
        for name in ("request", "request_uri"):
            if name in given:
                raise OAuthError(f"{name}_not_supported", f"{name}: request objects are not taken")
        if "authorization_code" not in client.grant_types:
            raise OAuthError("unauthorized_client", "the client is not registered for authorization_code")
        if len(given.get("state", "")) > _MOST_STATE:
            raise OAuthError("invalid_request", f"state: at most {_MOST_STATE} characters")
        challenge = given.get("code_challenge", "")
        if given.get("code_challenge_method") != "S256" or _CHALLENGE.fullmatch(challenge) is None:
            raise OAuthError("invalid_request", "code_challenge: PKCE with S256 is needed")
        server = await asked_server(self._database, client, given.get("resource"), issuer=self._issuer)
        return NewRequest(
            server=server,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            scopes=asked_scopes(server, words(given.get("scope"))),
            state=given.get("state"),
            challenge=challenge,
        )


def _registered(redirect_uri: str | None, client: ClientView) -> str:
    if redirect_uri is None or not is_registered(redirect_uri, client.redirect_uris):
        raise OAuthError("invalid_request", "redirect_uri: is not one that the client has registered")
    return redirect_uri


def _asked_wrongly(error: OAuthError, client: ClientView, address: str) -> PageStop:
    return PageStop(
        "The program asked for something that it can't have",
        "Nothing was allowed.",
        f"For whoever makes it: {error.description}.",
        f"The program calls itself “{client.name}”. Go back to it only if you know {urlsplit(address).netloc}.",
        button=Button(f"Go back to {urlsplit(address).netloc}", address),
    )


def _not_from_a_client(error: OAuthError) -> PageStop:
    if isinstance(error, ClientOutOfReach):
        return PageStop(
            "The program can't be looked up just now",
            "What it says of itself stands at an address that does not answer, or was asked for too often.",
            f"For whoever makes it: {error.description}.",
            "Connect the program again in a minute.",
            status=503,
        )
    return PageStop(
        "This sign-in link does not work",
        "The program that sent you here is not known, or gave an address that it has not registered.",
        f"For whoever makes it: {error.description}.",
        "Close this page and connect the program again.",
    )
