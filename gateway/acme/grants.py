"""What people allowed the client, and the codes and tokens that stand for it (RFC 6749, 7636, 9700)."""

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Generic, NotRequired, TypedDict, TypeVar

from gateway.acme.chaos import Chaos
from gateway.kit.clock import Clock

SCOPES = {
    "profile": "See your name and e-mail address",
    "notes.read": "Read notes and projects",
    "notes.write": "Write notes in your name and delete your own",
    "files.read": "See pictures",
}
"""Every scope with what it means to the person who is asked for it."""

_CODE_LIFETIME = timedelta(seconds=60)
_MOST_KEPT = 10_000

Item = TypeVar("Item")


class TokenAnswer(TypedDict):
    """A good answer of the token endpoint."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: NotRequired[str]


class OAuthError(Exception):
    """A refusal as RFC 6749 5.2 and 4.1.2.1 name it."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status


@dataclass(slots=True, eq=False)
class Grant:
    """One approval; revoking it kills every code and token that came of it. `person` is None for the client itself."""

    person: str | None
    scope: tuple[str, ...]
    revoked: bool = False


@dataclass(slots=True)
class AccessToken:
    """What an access token stands for."""

    grant: Grant
    scope: tuple[str, ...]
    expires_at: datetime


@dataclass(slots=True)
class _RefreshToken:
    grant: Grant
    used: bool = False


@dataclass(slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str | None
    expires_at: datetime
    used: bool = False


class _Newest(OrderedDict[str, Item], Generic[Item]):
    """A dict that forgets its oldest entry when it would grow beyond bounds."""

    def __setitem__(self, key: str, value: Item) -> None:
        super().__setitem__(key, value)
        if len(self) > _MOST_KEPT:
            self.popitem(last=False)


class Grants:
    """Codes, access tokens and refresh tokens; nothing here awaits, so each method is atomic."""

    def __init__(self, chaos: Chaos, *, clock: Clock, new_token: Callable[[str], str]) -> None:
        self._chaos = chaos
        self._clock = clock
        self._new_token = new_token
        self._codes = _Newest[_Code]()
        self._access = _Newest[AccessToken]()
        self._refresh = _Newest[_RefreshToken]()

    def approve(self, person: str, scope: Iterable[str], *, redirect_uri: str, challenge: str | None) -> str:
        """Return the code for a person's approval: good once, for 60 seconds."""
        code = self._new_token("acme_code_")
        expires_at = self._clock() + _CODE_LIFETIME
        self._codes[code] = _Code(Grant(person, tuple(scope)), redirect_uri, challenge, expires_at)
        return code

    def redeem(self, code: str, *, redirect_uri: str | None, verifier: str | None) -> TokenAnswer:
        """Exchange a code. Raises `OAuthError`; a code seen twice revokes what it gave (RFC 6749 4.1.2)."""
        found = self._codes.get(code)
        if found is None:
            raise OAuthError("invalid_grant", "Unknown code")
        if found.used:
            found.grant.revoked = True
            raise OAuthError("invalid_grant", "The code was used before; what it gave is revoked")
        found.used = True
        if found.grant.revoked or self._clock() >= found.expires_at:
            raise OAuthError("invalid_grant", "The code has expired or was revoked")
        if redirect_uri != found.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one of the authorization request")
        if not _proves(verifier, found.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not fit code_challenge")
        return self._answer(found.grant, found.grant.scope, self._new_refresh_token(found.grant))

    def refresh(self, token: str, *, scope: tuple[str, ...] | None) -> TokenAnswer:
        """Exchange a refresh token, for fewer scopes if asked. Raises `OAuthError`; reuse revokes the grant."""
        found = self._refresh.get(token)
        if found is None or found.grant.revoked:
            raise OAuthError("invalid_grant", "The refresh token is unknown or revoked")
        if found.used:
            found.grant.revoked = True
            raise OAuthError("invalid_grant", "The refresh token was used before; the grant is revoked")
        if scope is not None and not set(scope) <= set(found.grant.scope):
            raise OAuthError("invalid_scope", "A refresh can't add scopes")
        if self._chaos.omit_refresh_token:
            return self._answer(found.grant, scope or found.grant.scope, None)
        if self._chaos.rotate_refresh_tokens:
            found.used = True
            token = self._new_refresh_token(found.grant)
        return self._answer(found.grant, scope or found.grant.scope, token)

    def issue(self, person: str, scope: tuple[str, ...]) -> TokenAnswer:
        """Give tokens as if the person had approved."""
        grant = Grant(person, scope)
        return self._answer(grant, scope, self._new_refresh_token(grant))

    def issue_to_client(self, scope: tuple[str, ...]) -> TokenAnswer:
        """Give the client an access token of its own; there is no refresh token (RFC 6749 4.4.3)."""
        return self._answer(Grant(None, scope), scope, None)

    def find(self, access_token: str) -> AccessToken | None:
        """What a living access token stands for."""
        found = self._access.get(access_token)
        if found is None or found.grant.revoked or self._clock() >= found.expires_at:
            return None
        return found

    def revoke(self, token: str) -> None:
        """Revoke one access token, or the whole grant of a refresh token (RFC 7009); unknown ones are fine."""
        self._access.pop(token, None)
        found = self._refresh.get(token)
        if found is not None:
            found.grant.revoked = True

    def revoke_person(self, person: str) -> None:
        """Revoke everything this person allowed."""
        for item in chain(self._codes.values(), self._access.values(), self._refresh.values()):
            if item.grant.person == person:
                item.grant.revoked = True

    def expire_person(self, person: str) -> None:
        """Let this person's access tokens expire now; their refresh tokens stay good."""
        for token in self._access.values():
            if token.grant.person == person:
                token.expires_at = self._clock()

    def _answer(self, grant: Grant, scope: tuple[str, ...], refresh_token: str | None) -> TokenAnswer:
        lifetime = self._chaos.access_token_seconds
        token = self._new_token("acme_at_")
        self._access[token] = AccessToken(grant, scope, self._clock() + timedelta(seconds=lifetime))
        answer: TokenAnswer = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "scope": " ".join(scope),
        }
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        return answer

    def _new_refresh_token(self, grant: Grant) -> str:
        token = self._new_token("acme_rt_")
        self._refresh[token] = _RefreshToken(grant)
        return token


def _proves(verifier: str | None, challenge: str | None) -> bool:
    """Whether the verifier fits (S256). One without a challenge is refused: it was stripped (RFC 9700 2.1.1)."""
    if verifier is None or challenge is None:
        return verifier is challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())
