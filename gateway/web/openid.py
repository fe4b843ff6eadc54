"""Signing in at an OpenID provider: there by code flow with PKCE, back once, in the browser that began (R17, R19)."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import jwt

from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from gateway.tenancy.entra import is_entra, is_key_for, takes, vouches_for_address
from gateway.tenancy.identities import Claimed, believed, identity_of
from gateway.tenancy.identity_providers import CALLBACK, ProviderSafe
from gateway.web.openid_keys import Discovered, OpenIdKeys, ProviderFailed
from gateway.web.signed_in_browsers import stay_signed_in
from integrations.ports import HttpRequest
from storage.database import Database
from storage.records import Identity, IdentityCheck, IdentityProvider
from storage.scope import TenantScope

LIFETIME: Final = timedelta(minutes=10)
_KIND: Final = "provider"
_SCOPES: Final = "openid email profile"
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LEEWAY: Final = timedelta(minutes=1)
_TIMEOUT_SECONDS: Final = 10.0
_MAX_BYTES: Final = 256 * 1024
_LONGEST: Final = 255


class SignInLost(Exception):
    """Nothing that this browser has begun comes back this way: unknown, expired, used, or another browser's."""


@dataclass
class NotSignedIn(Exception):
    """The person came back without a sign-in; `onward` is the path at which they go on."""

    onward: str
    provider: IdentityProvider
    said: str
    """What was wrong, for the log."""
    was_refused: bool = False
    """Whether it was the person, or the provider, who said no."""


@dataclass(frozen=True, slots=True)
class _Begun:
    row: IdentityCheck
    provider: IdentityProvider
    onward: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class OpenId:
    """Sends browsers to providers, and takes them back as whom the provider names."""

    def __init__(self, database: Database, *, keys: OpenIdKeys, cipher: Cipher, public_url: str, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._cipher = cipher
        self._safe = ProviderSafe(cipher)
        self._public_url = public_url
        self._clock = clock

    async def begin(self, provider: IdentityProvider, *, workspace_id: str, browser: str, onward: str) -> str:
        """Return the address at the provider to which this browser goes; `onward` is a path of ours for afterwards.

        Raises `ProviderFailed`.
        """
        document = await self._keys.discover(provider.issuer)
        state, now, row_id = mint(TokenKind.SIGN_IN_STATE), self._clock(), new_id()
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        carried = {"provider": provider.id, "onward": onward, "nonce": nonce, "verifier": verifier}
        async with self._database.write() as tx:
            await tx.identity_checks.insert(
                IdentityCheck(
                    id=row_id,
                    organization_id=provider.organization_id,
                    workspace_id=workspace_id,
                    kind=_KIND,
                    key_hash=state.hash,
                    proof=state.hash,
                    browser_hash=hash_token(browser),
                    sealed=self._cipher.seal(json.dumps(carried).encode(), *_context(row_id)),
                    expires_at=now + LIFETIME,
                    created_at=now,
                )
            )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self._callback(provider),
            "scope": _SCOPES,
            "state": state.plain,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(document.authorization_endpoint).query else "?"
        return f"{document.authorization_endpoint}{joint}{urlencode(query)}"

    async def arrive(
        self, provider_id: str, answer: Mapping[str, str], *, browser: str, described: str
    ) -> tuple[Identity, str]:
        """Take a browser that a provider has sent back, once; returns who it is, and the path at which it goes on.

        Raises `SignInLost`, `NotSignedIn`.
        """
        begun = await self._taken(provider_id, answer.get("state", ""), browser=browser)
        try:
            claimed = await self._claimed(begun, answer)
        except ProviderFailed as failed:
            refused = "error" in answer
            raise NotSignedIn(begun.onward, begun.provider, failed.message, was_refused=refused) from failed
        now = self._clock()
        async with self._database.write() as tx:
            scope = TenantScope(begun.provider.organization_id)
            # As it is now: asking the provider takes a while.
            present = await tx.identity_providers.get(scope, provider_id) or begun.provider
            identity = await identity_of(tx, scope, believed(claimed, present.email_domains), now=now)
            await stay_signed_in(tx, identity, browser=browser, described=described, now=now)
        return identity, begun.onward

    async def _taken(self, provider_id: str, state: str, *, browser: str) -> _Begun:
        """Use up what was begun, whoever brings it: in another browser it is over for both."""
        if not is_well_formed(state, TokenKind.SIGN_IN_STATE):
            raise SignInLost
        async with self._database.write() as tx:
            row = await tx.identity_checks.by_proof(_KIND, hash_token(state))
            if row is not None:
                await tx.identity_checks.delete(row)
            provider = await tx.identity_providers.find(provider_id)
        is_its = row is not None and row.expires_at > self._clock() and row.browser_hash == hash_token(browser)
        if row is None or not is_its or provider is None or provider.disabled_at is not None:
            raise SignInLost
        carried = json.loads(self._cipher.open(row.sealed, *_context(row.id)))
        # Each provider has a callback of its own, so that none can answer for another (RFC 9700 4.4).
        if carried["provider"] != provider.id:
            raise SignInLost
        return _Begun(row, provider, carried["onward"], carried["nonce"], carried["verifier"])

    async def _claimed(self, begun: _Begun, answer: Mapping[str, str]) -> Claimed:
        provider = begun.provider
        document = await self._keys.discover(provider.issuer)
        answering = answer.get("iss", "" if document.says_issuer else None)
        if answering is not None and not takes(provider.issuer, answering):
            raise ProviderFailed("the answer did not come from this provider (iss)")
        if "error" in answer:
            raise ProviderFailed(f"the provider says {answer['error'][:100]!r}")
        if not answer.get("code"):
            raise ProviderFailed("the answer has no code")
        tokens = await self._redeem(begun, document, answer["code"])
        claims = await self._verified(provider, tokens.get("id_token"), nonce=begun.nonce)
        if "email" not in claims and document.userinfo_endpoint is not None:
            told = await self._userinfo(document.userinfo_endpoint, tokens, claims["sub"])
            # What vouches for an address is good for the one beside it only.
            claims = {**told, **claims, "email_verified": told.get("email_verified"), "xms_edov": None}
        return _person(provider, claims)

    async def _redeem(self, begun: _Begun, document: Discovered, code: str) -> Mapping[str, Any]:
        provider, secret = begun.provider, self._safe.open(begun.provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback(provider),
            "code_verifier": begun.verifier,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if secret is not None and (document.takes_secret_in_header or not document.takes_secret_in_form):
            # Both halves are form-encoded first (RFC 6749 2.3.1).
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": provider.client_id, **({} if secret is None else {"client_secret": secret})}
        status, tokens = await self._keys.fetch(
            HttpRequest(
                "POST",
                document.token_endpoint,
                headers=headers,
                body=urlencode(form).encode(),
                timeout_seconds=_TIMEOUT_SECONDS,
                max_response_bytes=_MAX_BYTES,
            )
        )
        if status != 200:
            raise ProviderFailed(f"the token endpoint answers {status} {str(tokens.get('error', ''))[:100]!r}")
        return tokens

    async def _verified(self, provider: IdentityProvider, id_token: Any, *, nonce: str) -> Mapping[str, Any]:
        """Return the claims of an id_token that is this provider's, for us, now (OpenID Connect Core 3.1.3.7)."""
        if not isinstance(id_token, str):
            raise ProviderFailed("the token endpoint gave no id_token")
        try:
            header = jwt.get_unverified_header(id_token)
            published = await self._keys.key(provider.issuer, header.get("kid"))
            claims: dict[str, Any] = jwt.decode(
                id_token,
                published.key,
                algorithms=list(_ALGORITHMS),
                audience=provider.client_id,
                # Times are held against our own clock below.
                options={
                    "require": ["iss", "sub", "aud", "exp", "iat"],
                    "enforce_minimum_key_length": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise ProviderFailed(f"the id_token is not valid: {error}") from error
        if not _is_of(provider, claims["iss"], key_issuer=published.issuer):
            raise ProviderFailed("the id_token is of another issuer (iss), or signed with a key that is not for it")
        now, expires = self._clock(), claims["exp"]
        if not isinstance(expires, int | float) or expires <= (now - _LEEWAY).timestamp():
            raise ProviderFailed("the id_token has expired")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise ProviderFailed("the id_token answers another sign-in (nonce)")
        if claims.get("azp", provider.client_id) != provider.client_id:
            raise ProviderFailed("the id_token is for another client (azp)")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= _LONGEST:
            raise ProviderFailed("the id_token names nobody (sub)")
        return claims

    async def _userinfo(self, endpoint: str, tokens: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        request = HttpRequest(
            "GET",
            endpoint,
            headers={"Accept": "application/json", "Authorization": f"Bearer {tokens.get('access_token', '')}"},
            timeout_seconds=_TIMEOUT_SECONDS,
            max_response_bytes=_MAX_BYTES,
        )
        status, told = await self._keys.fetch(request)
        # Somebody else's would be an attack (OpenID Connect Core 5.3.2).
        if status != 200 or told.get("sub") != subject:
            raise ProviderFailed(f"the userinfo endpoint answers {status}, or about somebody else")
        return told

    def _callback(self, provider: IdentityProvider) -> str:
        return f"{self._public_url}{CALLBACK}{provider.id}"


def _person(provider: IdentityProvider, claims: Mapping[str, Any]) -> Claimed:
    email, name = claims.get("email"), claims.get("name")
    return Claimed(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=email if isinstance(email, str) and len(email) <= _LONGEST else None,
        is_email_verified=_is_verified(provider, claims),
        display_name=name[:_LONGEST] if isinstance(name, str) and name.strip() else None,
    )


def _is_of(provider: IdentityProvider, issuer: Any, *, key_issuer: str | None) -> bool:
    if not isinstance(issuer, str) or not takes(provider.issuer, issuer):
        return False
    return not is_entra(provider.issuer) or is_key_for(key_issuer, issuer)


def _is_verified(provider: IdentityProvider, claims: Mapping[str, Any]) -> bool:
    """Tell whether the address is the person's. Where nothing says so it is not: some let people put any there."""
    if is_entra(provider.issuer):
        # Never says `email_verified` by itself: where it stands there, whoever runs the tenant has put it there.
        return vouches_for_address(claims) and claims.get("email_verified") in (None, True, "true")
    # Some write it as text.
    return claims.get("email_verified") in (True, "true")


def _context(row_id: str) -> tuple[str, str]:
    return "identity_checks", row_id
