"""The token endpoint (RFC 6749 3.2) and the revocation endpoint (RFC 7009)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.client_authentication import ShownClient
from gateway.access.client_metadata import DEVICE_GRANT
from gateway.access.granted import Granted
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError, UnknownClient
from gateway.access.oauth_grants import Redemption
from gateway.errors import RateLimited
from gateway.oauth import answers
from gateway.oauth.limits import OAuthLimits
from gateway.oauth.parameters import of_body, shown_client, words
from gateway.oauth.programs import Programs
from gateway.wiring import Authorizing

_NOBODY: Final = ShownClient(client_id=None)
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials", DEVICE_GRANT)


class TokenEndpoint:
    """The handlers of `/oauth/token` and `/oauth/revoke`."""

    def __init__(self, authorizing: Authorizing, *, limits: OAuthLimits) -> None:
        self._programs = Programs(authorizing.authentication, limits=limits)
        self._clients = authorizing.clients
        self._grants = authorizing.grants
        self._services = authorizing.services
        self._devices = authorizing.devices
        self._limits = limits

    async def token(self, request: Request) -> Response:
        """Give tokens for a code or a refresh token, to a device that was let in, or to a service."""
        if request.method == "OPTIONS":
            return answers.preflight()
        if wait := self._limits.must_wait(request):
            return answers.too_often(wait)
        try:
            given = await of_body(request)
            client = await self._programs.asking(request, await self._shown_client(request, given))
            granted = await self._granted(client, given)
        except OAuthError as error:
            return self._refused(request, error)
        except RateLimited as error:
            return answers.too_often(error.retry_after)
        return answers.said(_shown(granted))

    async def revoke(self, request: Request) -> Response:
        """End a token; 200 also for one that is nobody's or another client's (RFC 7009 2.2)."""
        if request.method == "OPTIONS":
            return answers.preflight()
        if wait := self._limits.must_wait(request):
            return answers.too_often(wait)
        try:
            given = await of_body(request)
            client = await self._programs.asking(request, shown_client(request, given))
            token = _needed(given, "token")
        except OAuthError as error:
            return self._refused(request, error)
        await self._grants.end_by_token(client, token)
        return answers.said({})

    async def _shown_client(self, request: Request, given: Mapping[str, str]) -> ShownClient:
        """Return what a request shows of its client; one that only refreshes may leave that to its token.

        Devices do so (contract 1.15). It proves nothing: a client that has to authenticate still has to.
        """
        shown = shown_client(request, given)
        if given.get("grant_type") != "refresh_token" or shown != _NOBODY:
            return shown
        return replace(shown, client_id=await self._grants.client_of(_needed(given, "refresh_token")))

    async def _granted(self, client: ClientView, given: Mapping[str, str]) -> Granted:
        kind = _needed(given, "grant_type")
        if kind not in GRANT_TYPES:
            raise OAuthError("unsupported_grant_type", f"grant_type: one of {', '.join(GRANT_TYPES)}")
        if kind not in client.grant_types:
            raise OAuthError("unauthorized_client", f"grant_type: this client is not registered for {kind}")
        resource, scopes = given.get("resource"), words(given.get("scope"))
        if kind == "authorization_code":
            return await self._grants.redeem(
                client,
                Redemption(
                    code=_needed(given, "code"),
                    verifier=given.get("code_verifier"),
                    redirect_uri=given.get("redirect_uri"),
                    resource=resource,
                ),
            )
        if kind == "refresh_token":
            token = _needed(given, "refresh_token")
            granted = await self._grants.refresh(client, token, resource=resource, scopes=scopes)
            # Or the registration would end under a program that nobody has to sign in to again.
            await self._clients.note_use(client)
            return granted
        if kind == DEVICE_GRANT:
            return await self._devices.poll(client, _needed(given, "device_code"), resource=resource)
        if wait := self._limits.must_wait_for_a_service(client.client_id):
            raise RateLimited("keep a token for the hour that it serves", retry_after=wait)
        return await self._services.issue(client, resource=resource, scopes=scopes)

    def _refused(self, request: Request, error: OAuthError) -> Response:
        # Grants and registrations that have ended are everyday life, and many people's programs may share one address.
        if error.error == "invalid_client" and not isinstance(error, UnknownClient):
            self._limits.count_failure(request)
        return answers.refused(error, challenge="Basic")


def _needed(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise OAuthError("invalid_request", f"{name}: is missing")
    return given[name]


def _shown(granted: Granted) -> dict[str, str | int]:
    refresh = {} if granted.refresh_token is None else {"refresh_token": granted.refresh_token}
    return {
        "access_token": granted.access_token,
        "token_type": "Bearer",
        "expires_in": granted.expires_in,
        **refresh,
        "scope": " ".join(granted.scopes),
        "resource": granted.resource,
    }
