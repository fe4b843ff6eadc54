"""The authorization endpoint: everything about a request is checked here, before anybody signs in (RFC 6749 4.1.1)."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.access.mcp_tokens import CODE_SCOPE, TOOLS_SCOPE
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError, UnknownClient
from gateway.access.oauth_requests import NewRequest, answer_address
from gateway.access.redirect_uris import is_registered
from gateway.kit.ids import as_id
from gateway.oauth import addresses
from gateway.oauth.parameters import Query, of_query, words
from gateway.web.door import browser_of
from gateway.web.headers import page_headers
from gateway.web.limits import PageLimits
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from storage.records import McpServer

_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")
_MOST_STATE: Final = 2_048
_SERVER_PATH: Final = "/mcp/srv_"


class Authorize:
    """The handler of `GET /oauth/authorize`."""

    def __init__(self, gateway: Gateway, *, limits: PageLimits) -> None:
        self._gateway = gateway
        self._issuer = gateway.settings.public_url
        self._clients = gateway.authorizing.clients
        self._requests = gateway.authorizing.requests
        self._limits = limits

    async def answer(self, request: Request) -> Response:
        """Lead a browser to sign in, or back to the client with what is wrong.

        Where client or redirect address are not known, nobody is redirected anywhere. Raises `PageStop`.
        """
        try:
            query = of_query(request)
            given = query.once
            client, redirect_uri = await self._client(given)
        except OAuthError as error:
            self._limits.count_stranger(request)
            raise _not_from_a_client(error) from error
        try:
            new = await self._checked(query, client, redirect_uri)
        except OAuthError as error:
            told = {"error": error.error, "error_description": error.description}
            address = answer_address(redirect_uri, told, state=given.get("state"), issuer=self._issuer)
            return self._lead_to(address)
        key = await self._requests.begin(new, browser=browser_of(request))
        return self._lead_to(f"{addresses.SIGN_IN}?{urlencode({'request': key})}")

    async def _client(self, given: Mapping[str, str]) -> tuple[ClientView, str]:
        if "client_id" not in given:
            raise UnknownClient("client_id: is missing")
        client = await self._clients.find(given["client_id"])
        redirect_uri = given.get("redirect_uri")
        if redirect_uri is None or not is_registered(redirect_uri, client.redirect_uris):
            raise OAuthError("invalid_request", "redirect_uri: is not one that the client has registered")
        return client, redirect_uri

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
        server = await self._server(given.get("resource"), client)
        return NewRequest(
            server=server,
            client_id=client.client_id,
            redirect_uri=redirect_uri,
            scopes=_scopes(server, words(given.get("scope"))),
            state=given.get("state"),
            challenge=challenge,
        )

    async def _server(self, resource: str | None, client: ClientView) -> McpServer:
        """Return the MCP server that is asked for; a client of one server need not say which."""
        prefix = self._issuer + _SERVER_PATH
        named = client.server_id
        if resource is not None:
            named = as_id(resource.removeprefix(prefix)) if resource.startswith(prefix) else None
        async with self._gateway.database.read() as tx:
            server = None if named is None else await tx.mcp_servers.find(named)
        if server is None or not client.is_for(server) or server.auth_mode == "bearer":
            raise OAuthError("invalid_target", "resource: give the address of an MCP server that takes sign-ins")
        return server

    def _lead_to(self, address: str) -> Response:
        headers = page_headers(is_https=self._issuer.startswith("https://"))
        return RedirectResponse(address, status_code=303, headers=dict(headers))


def _scopes(server: McpServer, wanted: list[str] | None) -> list[str]:
    """Return what is asked for of what the server has; what nobody has is passed over (RFC 6749 3.3)."""
    known = [TOOLS_SCOPE, CODE_SCOPE] if server.mode == "CODE" else [TOOLS_SCOPE]
    if not wanted:
        return known
    found = [scope for scope in known if scope in wanted]
    if not found:
        raise OAuthError("invalid_scope", f"scope: this server knows {' '.join(known)}")
    return found


def _not_from_a_client(error: OAuthError) -> PageStop:
    return PageStop(
        "This sign-in link does not work",
        "The program that sent you here is not known, or gave an address that it has not registered.",
        f"For whoever makes it: {error.description}.",
        "Close this page and connect the program again.",
    )
