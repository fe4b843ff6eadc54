"""How OAuth clients show who they are at the token endpoint (RFC 6749 2.3, RFC 7523 2.2)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from gateway.access.client_keys import ClientKeys
from gateway.access.oauth_clients import ClientView, OAuthClients
from gateway.access.oauth_errors import OAuthError
from gateway.kit.clock import Clock
from gateway.kit.tokens import hash_token

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address
SIGNING_ALGORITHMS: Final = ("ES256", "ES384", "EdDSA", "RS256", "PS256")
_MOST_LIFETIME: Final = timedelta(minutes=10)
_LONGEST_JTI: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownClient:
    """What a request shows of its client, by whatever method."""

    client_id: str | None
    secret: str | None = field(default=None, repr=False)
    in_header: bool = False
    assertion_type: str | None = None
    assertion: str | None = field(default=None, repr=False)


class ClientAuthentication:
    """Holds what a request shows against what is known of the client."""

    def __init__(self, clients: OAuthClients, *, keys: ClientKeys, issuer: str, clock: Clock) -> None:
        self._clients = clients
        self._keys = keys
        self._audiences = (issuer, issuer + TOKEN_PATH)
        self._clock = clock
        self._used: dict[tuple[str, str], datetime] = {}

    def is_at_hand(self, shown: ShownClient) -> bool:
        """Tell whether finding out who asks makes us ask nobody else."""
        client_id = shown.client_id
        if client_id is None and shown.assertion is not None:
            client_id = _issuer_of(shown.assertion)
        return client_id is None or self._clients.is_at_hand(client_id)

    async def client(self, shown: ShownClient) -> ClientView:
        """Return who asks. Raises `OAuthError` (`invalid_client`, `invalid_request`, `temporarily_unavailable`)."""
        if shown.assertion is not None:
            return await self._by_assertion(shown)
        if shown.client_id is None:
            raise OAuthError("invalid_client", "client_id: say which client this is")
        client = await self._clients.find(shown.client_id)
        if client.auth_method == "none":
            if shown.secret:
                raise OAuthError("invalid_client", "this client has no secret; send none")
            return client
        if client.auth_method != _method(shown):
            raise OAuthError("invalid_client", f"this client authenticates by {client.auth_method}")
        if not hmac.compare_digest(hash_token(shown.secret or ""), client.secret_hash or ""):
            raise OAuthError("invalid_client", "the client's secret is not right")
        return client

    async def _by_assertion(self, shown: ShownClient) -> ClientView:
        assertion = shown.assertion or ""
        if shown.assertion_type != ASSERTION_TYPE or shown.secret is not None:
            raise OAuthError("invalid_request", f"client_assertion_type: has to be {ASSERTION_TYPE}, alone")
        client_id = shown.client_id or _issuer_of(assertion)
        client = await self._clients.find(client_id)
        if client.auth_method != "private_key_jwt":
            raise OAuthError("invalid_client", f"this client authenticates by {client.auth_method}")
        key = await self._keys.key(client, _key_id_of(assertion))
        try:
            claims = jwt.decode(
                assertion,
                key,
                algorithms=list(SIGNING_ALGORITHMS),
                audience=self._audiences,
                issuer=client.client_id,
                subject=client.client_id,
                options={
                    "require": ["exp", "iss", "sub", "aud", "jti"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise OAuthError("invalid_client", "client_assertion: it is not valid for this client here") from error
        self._spend(client, claims)
        return client

    def _spend(self, client: ClientView, claims: Mapping[str, Any]) -> None:
        """Take an assertion once, while it holds (RFC 7523 3)."""
        now, expires = self._clock(), claims["exp"]
        if not isinstance(expires, int | float) or not now.timestamp() < expires <= (now + _MOST_LIFETIME).timestamp():
            raise OAuthError("invalid_client", "client_assertion: exp has to be within the next ten minutes")
        self._forget_until(now)
        key = (client.client_id, str(claims["jti"]))
        if len(key[1]) > _LONGEST_JTI:
            raise OAuthError("invalid_client", f"client_assertion: jti: at most {_LONGEST_JTI} characters")
        if key in self._used:
            raise OAuthError("invalid_client", "client_assertion: its jti was used before")
        self._used[key] = now + _MOST_LIFETIME

    def _forget_until(self, now: datetime) -> None:
        # Whoever was taken up first ends first: only those that have ended are looked at.
        while self._used and self._used[first := next(iter(self._used))] <= now:
            del self._used[first]


def _method(shown: ShownClient) -> str:
    return "client_secret_basic" if shown.in_header else "client_secret_post"


def _issuer_of(assertion: str) -> str:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise OAuthError("invalid_client", "client_assertion: it is no JWT") from error
    return str(claims.get("iss", ""))


def _key_id_of(assertion: str) -> str | None:
    try:
        return jwt.get_unverified_header(assertion).get("kid")
    except jwt.PyJWTError as error:
        raise OAuthError("invalid_client", "client_assertion: it is no JWT") from error
