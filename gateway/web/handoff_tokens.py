"""Hand-offs that the product signs: a short-lived JWT instead of a call to us (RFC 7519, RFC 8725).

A token is verified by what the workspace has set for the very hand-off that it names, and by nothing that the token
itself says of keys or algorithms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from gateway.errors import Forbidden
from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.rates import Windows
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed
from gateway.tenancy.emails import email_key
from gateway.tenancy.handoff_keys import HandoffKeySafe
from gateway.web.key_sets import FetchFailed, KeySets
from storage.database import Database
from storage.records import HandoffKey
from storage.scope import TenantScope

MAX_BYTES: Final = 8 * 1024
MAX_LIFETIME: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(minutes=1)
"""How far the product's clock may be off."""
_BY_SECRET: Final = ("HS256",)
_BY_PUBLISHED_KEY: Final = ("RS256", "ES256", "EdDSA")
_CLAIMS: Final = ("aud", "sub", "iat", "exp", "jti", "challenge")
_LONGEST: Final = 255
_TRIES_A_MINUTE: Final = 20
"""Of tokens for one hand-off that make us look for a key."""

_log = get_logger(__name__)


class HandoffRefused(Forbidden):
    """A token that is not taken; the message is for whoever runs the product, and holds nothing of the token's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHandoff:
    """What a token says, with its signature and its claims as they have to be."""

    scope: TenantScope
    """The workspace whose key has signed."""
    challenge: str = field(repr=False)
    external_id: str
    email_key: str | None = field(repr=False)
    """The address that the product has verified, as it is compared."""
    token_hash: str
    """Hash of the `jti`."""
    holds_until: datetime


class HandoffTokens:
    """Reads the tokens of products. None is used up by reading."""

    def __init__(
        self, database: Database, *, keys: KeySets, safe: HandoffKeySafe, public_url: str, clock: Clock
    ) -> None:
        self._database = database
        self._keys = keys
        self._safe = safe
        self._public_url = public_url
        self._clock = clock
        self._tries = Windows(limit=_TRIES_A_MINUTE, clock=clock)

    async def read(self, token: str) -> SignedHandoff:
        """Return what a token says, once it is known who has signed it, for whom and until when.

        Raises `HandoffRefused`.
        """
        challenge = _challenge_in(token)
        key = await self._key_for(challenge)
        scope = TenantScope(key.organization_id, frozenset((key.workspace_id,)))
        secret = self._safe.open(key)
        if secret is not None:
            claims = self._verified(token, secret, algorithms=_BY_SECRET, issuer=key.issuer)
        else:
            # Anybody begins hand-offs, and keys that can't be fetched are asked for each time.
            if self._tries.hit(hash_token(challenge)).is_exceeded:
                raise HandoffRefused("challenge: too many tokens were brought for it; wait a minute")
            published = await self._published(key, token)
            claims = self._verified(token, published, algorithms=_BY_PUBLISHED_KEY, issuer=key.issuer)
        return SignedHandoff(
            scope=scope,
            challenge=challenge,
            external_id=_text(claims, "sub"),
            email_key=_verified_address(claims),
            token_hash=hash_token(_text(claims, "jti")),
            holds_until=self._end(claims),
        )

    async def _key_for(self, challenge: str) -> HandoffKey:
        async with self._database.read() as tx:
            check = await tx.identity_checks.by_challenge(hash_token(challenge))
            if check is None or check.expires_at <= self._clock():
                raise HandoffRefused(
                    "challenge: there is none like this, or none any more; they are good for ten minutes"
                )
            key = await tx.handoff_keys.of_workspace(TenantScope(check.organization_id), check.workspace_id)
        if key is None:
            raise HandoffRefused("the workspace takes no signed hand-offs: set its handoff-key over REST first")
        return key

    async def _published(self, key: HandoffKey, token: str) -> jwt.PyJWK:
        try:
            found = await self._keys.key(key.jwks_url or "", jwt.get_unverified_header(token).get("kid"))
        except FetchFailed as failed:
            _log.warning("a product's keys can't be fetched", workspace_id=key.workspace_id, reason=failed.message)
            raise HandoffRefused("jwksUrl: the keys there can't be fetched; the gateway's log says why") from failed
        except jwt.PyJWTError as error:
            raise _not_a_token() from error
        if found is None:
            raise HandoffRefused("kid: jwksUrl publishes no single key for signatures of this id")
        return found.key

    def _verified(
        self, token: str, key: str | jwt.PyJWK, *, algorithms: tuple[str, ...], issuer: str | None
    ) -> Mapping[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(algorithms),
                audience=self._public_url,
                issuer=issuer,
                # Times are held against our own clock, below. One audience only, so that no other can pass it on.
                options={
                    "require": list(_CLAIMS if issuer is None else (*_CLAIMS, "iss")),
                    "strict_aud": True,
                    "enforce_minimum_key_length": True,
                    "verify_iss": issuer is not None,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
            json.refuse_bad_text(claims)
        except jwt.PyJWTError as error:
            raise HandoffRefused(self._what_is_wrong(error, algorithms=algorithms)) from error
        except (json.JsonRefused, ValueError, TypeError) as error:
            raise _not_a_token() from error
        return claims

    def _what_is_wrong(self, error: jwt.PyJWTError, *, algorithms: tuple[str, ...]) -> str:
        match error:
            case jwt.InvalidAlgorithmError():
                return f"alg: has to be {' or '.join(algorithms)}, and the key's own"
            case jwt.InvalidSignatureError() | jwt.InvalidKeyError():
                return "the signature is not made with the key of this workspace"
            case jwt.MissingRequiredClaimError(claim=claim):
                return f"{claim}: is missing"
            case jwt.InvalidAudienceError():
                return f"aud: has to be {self._public_url}, and nothing beside it"
            case jwt.InvalidIssuerError():
                return "iss: has to be the issuer that was set with the key"
            case _:
                return _not_a_token().message

    def _end(self, claims: Mapping[str, Any]) -> datetime:
        """Return until when a token could be shown. Raises `HandoffRefused`."""
        now = self._clock()
        issued, expires, begins = (_moment(claims, name) for name in ("iat", "exp", "nbf"))
        if max(issued, begins) > (now + LEEWAY).timestamp():
            raise HandoffRefused("iat, nbf: are to come yet; set your clock")
        if expires <= (now - LEEWAY).timestamp():
            raise HandoffRefused("exp: has passed")
        if not 0 < expires - issued <= MAX_LIFETIME.total_seconds():
            raise HandoffRefused(f"exp: has to be within {MAX_LIFETIME.total_seconds():.0f} seconds after iat")
        return datetime.fromtimestamp(expires, UTC) + LEEWAY


def _challenge_in(token: str) -> str:
    """Return the hand-off that a token names, before anything is known of who has written it.

    It says only which workspace's key has to have signed it.
    """
    if len(token) > MAX_BYTES:
        raise HandoffRefused(f"token: is longer than {MAX_BYTES} bytes")
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _not_a_token() from error
    challenge = claims.get("challenge")
    if not isinstance(challenge, str) or not is_well_formed(challenge, TokenKind.HANDOFF_CHALLENGE):
        raise HandoffRefused("challenge: has to be the one with which the browser came")
    return challenge


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise HandoffRefused(f"{name}: has to be text of 1 to {_LONGEST} characters")
    return value


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name, 0)
    # A bool is an int to Python; NaN is neither before nor after anything.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise HandoffRefused(f"{name}: has to be a moment in seconds since 1970")
    return float(value)


def _verified_address(claims: Mapping[str, Any]) -> str | None:
    email = claims.get("email")
    if email is None or claims.get("email_verified") is not True:
        return None
    key = email_key(email) if isinstance(email, str) else None
    if key is None:
        raise HandoffRefused("email: this is not an e-mail address")
    return key


def _not_a_token() -> HandoffRefused:
    return HandoffRefused("token: this is no JWT that can be read (RFC 7519)")
