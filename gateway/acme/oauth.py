"""What the client calls directly: the token endpoint, revocation, introspection."""

import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.acme.chaos import Counters
from gateway.acme.consent import Client, requested_scope
from gateway.acme.grants import Grants, OAuthError, TokenAnswer
from gateway.acme.wire import NO_STORE, read_basic, read_form


class TokenEndpoints:
    """`/oauth/token`, `/oauth/revoke` and `/oauth/introspect`; all raise `OAuthError`."""

    def __init__(self, client: Client, grants: Grants, counters: Counters) -> None:
        self._client = client
        self._grants = grants
        self._counters = counters

    async def token(self, request: Request) -> Response:
        """Answer the grants authorization_code, refresh_token and client_credentials."""
        form = await self._authenticated_form(request)
        match _required(form, "grant_type"):
            case "authorization_code":
                answer = self._redeem(form)
            case "refresh_token":
                answer = self._refresh(form)
            case "client_credentials":
                answer = self._grants.issue_to_client(requested_scope(form))
            case _:
                raise OAuthError("unsupported_grant_type", "There is no such grant_type here")
        return JSONResponse(answer, headers=NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """Revoke a token (RFC 7009): a refresh token takes everything with it that came of the approval."""
        form = await self._authenticated_form(request)
        self._grants.revoke(_required(form, "token"))
        self._counters.revocations += 1
        return Response(headers=NO_STORE)

    async def introspect(self, request: Request) -> Response:
        """Say what an access token is good for (RFC 7662)."""
        form = await self._authenticated_form(request)
        found = self._grants.find(_required(form, "token"))
        if found is None:
            return JSONResponse({"active": False}, headers=NO_STORE)
        answer = {
            "active": True,
            "scope": " ".join(found.scope),
            "client_id": self._client.id,
            "sub": found.grant.person or self._client.id,
            "exp": int(found.expires_at.timestamp()),
            "token_type": "Bearer",
        }
        return JSONResponse(answer, headers=NO_STORE)

    def _redeem(self, form: Mapping[str, str]) -> TokenAnswer:
        answer = self._grants.redeem(
            _required(form, "code"), redirect_uri=form.get("redirect_uri"), verifier=form.get("code_verifier")
        )
        self._counters.codes_redeemed += 1
        return answer

    def _refresh(self, form: Mapping[str, str]) -> TokenAnswer:
        scope = tuple(form["scope"].split()) if "scope" in form else None
        try:
            answer = self._grants.refresh(_required(form, "refresh_token"), scope=scope)
        except OAuthError:
            self._counters.refreshes_refused += 1
            raise
        self._counters.refreshes += 1
        return answer

    async def _authenticated_form(self, request: Request) -> Mapping[str, str]:
        """Read the form of a client that proved who it is, by basic auth or in the body (RFC 6749 2.3.1)."""
        form = await read_form(request)
        header = request.headers.get("authorization")
        if header is not None and "client_secret" in form:
            raise OAuthError("invalid_request", "Use one way of client authentication, not two")
        in_form = form.get("client_id", ""), form.get("client_secret", "")
        given = _from_header(header) if header is not None else in_form
        if not _same(given, (self._client.id, self._client.secret)):
            raise OAuthError("invalid_client", "client_id or client_secret is wrong", status=401)
        return form


def _from_header(header: str) -> tuple[str, str]:
    """Id and secret, which are urlencoded inside basic auth (RFC 6749 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    pair = read_basic(encoded) if scheme.lower() == "basic" else None
    if pair is None:
        raise OAuthError("invalid_client", "The Authorization header is not basic auth", status=401)
    return unquote_plus(pair[0]), unquote_plus(pair[1])


def _same(given: tuple[str, str], registered: tuple[str, str]) -> bool:
    return all(
        hmac.compare_digest(mine.encode(), theirs.encode()) for mine, theirs in zip(given, registered, strict=True)
    )


def _required(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise OAuthError("invalid_request", f"{name} is missing")
    return form[name]
