"""Dynamic registration: clients that nobody has heard of before (RFC 7591), and how they manage theirs (RFC 7592)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.client_metadata import read_metadata
from gateway.access.oauth_clients import OAuthClients
from gateway.access.oauth_errors import OAuthError
from gateway.oauth import addresses, answers
from gateway.oauth.limits import OAuthLimits
from gateway.oauth.parameters import read_json
from storage.records import OAuthClient


class Registrations:
    """The handlers of `/oauth/register` and `/oauth/register/{client_id}`."""

    def __init__(self, *, clients: OAuthClients, limits: OAuthLimits, issuer: str) -> None:
        self._clients = clients
        self._limits = limits
        self._issuer = issuer

    async def register(self, request: Request) -> Response:
        """Take up a client."""
        if request.method == "OPTIONS":
            return answers.preflight()
        if wait := self._limits.must_wait_to_register(request):
            return answers.too_often(wait)
        try:
            metadata = read_metadata(read_json(await request.body()))
        except OAuthError as error:
            code = "invalid_client_metadata" if error.error == "invalid_request" else error.error
            return answers.refused(OAuthError(code, error.description))
        made = await self._clients.register(metadata)
        secret = {} if made.secret is None else {"client_secret": made.secret.plain, "client_secret_expires_at": 0}
        return answers.said({**self._shown(made.record, token=made.token.plain), **secret}, status=201)

    async def manage(self, request: Request) -> Response:
        """Show a registration, or forget it."""
        if request.method == "OPTIONS":
            return answers.preflight()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        row = None
        if scheme.lower() == "bearer":
            row = await self._clients.managed(request.path_params["client_id"], token.strip())
        if row is None:
            return answers.refused(
                OAuthError("invalid_token", "the registration token is not this client's"), challenge="Bearer"
            )
        if request.method == "DELETE":
            await self._clients.unregister(row)
            return Response(status_code=204, headers=answers.CORS)
        return answers.said(self._shown(row, token=token.strip()))

    def _shown(self, row: OAuthClient, *, token: str) -> dict[str, Any]:
        return {
            **(row.details or {}),
            "client_id": row.client_id,
            "client_id_issued_at": int(row.created_at.timestamp()),
            "client_name": row.name,
            "redirect_uris": row.redirect_uris,
            "grant_types": row.grant_types,
            "response_types": ["code"],
            "token_endpoint_auth_method": row.auth_method,
            **({} if row.jwks is None else {"jwks": row.jwks}),
            **({} if row.jwks_uri is None else {"jwks_uri": row.jwks_uri}),
            "registration_access_token": token,
            "registration_client_uri": f"{self._issuer}{addresses.REGISTER}/{row.client_id}",
        }
