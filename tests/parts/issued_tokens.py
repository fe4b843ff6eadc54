"""What one provider has handed out: sign-ins under way, and the tokens that came of them."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from enum import StrEnum


class Refusal(StrEnum):
    """Why a token opens nothing."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the client asked for at the authorize page, to be compared when it redeems the code."""

    client_id: str
    redirect_uri: str
    asked: dict[str, str]

    def accepts_verifier(self, verifier: str) -> bool:
        """RFC 7636 with S256; a sign-in without a challenge takes any."""
        challenge = self.asked.get("code_challenge")
        digest = hashlib.sha256(verifier.encode()).digest()
        return not challenge or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


@dataclass(slots=True)
class Grant:
    """One person's consent; revoking any of its tokens ends it."""

    client_id: str
    refresh_token: str | None = None
    is_revoked: bool = False


@dataclass(slots=True)
class AccessToken:
    """A token as the client knows it, and the emulator's token that it stands for."""

    value: str
    emulator_token: str
    grant: Grant
    expires_at: float | None = None

    @classmethod
    def expiring(cls, value: str, grant: Grant, *, lifetime_seconds: float) -> "AccessToken":
        """A token that is the same on both sides and ends by itself."""
        return cls(value, value, grant, expires_at=time.monotonic() + lifetime_seconds)


@dataclass(slots=True)
class IssuedTokens:
    """The provider's books. A token that is not in them was never issued."""

    redirect_uris: set[str] = field(default_factory=set[str])
    lifetime_seconds: float | None = None
    """How long new access tokens live, in place of what the emulator says; `None` leaves its word."""
    _sign_ins: dict[str, SignIn] = field(default_factory=dict[str, SignIn])
    _codes: dict[str, SignIn] = field(default_factory=dict[str, SignIn])
    _tokens: dict[str, AccessToken] = field(default_factory=dict[str, AccessToken])
    _grants: dict[str, Grant] = field(default_factory=dict[str, Grant])

    def begin(self, sign_in: SignIn) -> str:
        """Remember a sign-in; the returned id comes back with the code."""
        key = secrets.token_hex(8)
        self._sign_ins[key] = sign_in
        return key

    def finish(self, key: str, code: str) -> SignIn:
        """Note that this sign-in ended with `code`."""
        self._codes[code] = self._sign_ins.pop(key)
        return self._codes[code]

    def sign_in_of(self, code: str) -> SignIn | None:
        """The sign-in behind a code; a code works once."""
        return self._codes.pop(code, None)

    def issue(self, token: AccessToken) -> None:
        """Enter a token, with its grant's refresh token."""
        self._tokens[token.value] = token
        if token.grant.refresh_token:
            self._grants[token.grant.refresh_token] = token.grant

    def grant_of_refresh_token(self, refresh_token: str) -> Grant | None:
        """The grant that this refresh token still renews."""
        grant = self._grants.get(refresh_token)
        return None if grant is None or grant.is_revoked else grant

    def look_up(self, value: str | None) -> AccessToken | Refusal:
        """The live token, or why there is none."""
        if not value:
            return Refusal.MISSING
        token = self._tokens.get(value)
        if token is None:
            return Refusal.UNKNOWN
        if token.grant.is_revoked:
            return Refusal.REVOKED
        if token.expires_at is not None and time.monotonic() >= token.expires_at:
            return Refusal.EXPIRED
        return token

    def live_token_starting(self, prefix: str, client_id: str) -> AccessToken | None:
        """A client's live token of a kind that there is only one of."""
        return next(
            (
                token
                for value, token in self._tokens.items()
                if value.startswith(prefix) and token.grant.client_id == client_id and not token.grant.is_revoked
            ),
            None,
        )

    def expire(self, value: str) -> None:
        """Let an access token end now; its refresh token stays good."""
        self._tokens[value].expires_at = time.monotonic()

    def revoke(self, value: str) -> bool:
        """End the grant of an access or refresh token; false when nobody issued it."""
        token = self._tokens.get(value)
        grant = token.grant if token else self._grants.get(value)
        if grant is not None:
            grant.is_revoked = True
        return grant is not None

    def forget_everything(self) -> None:
        """As if nobody had ever signed in; registered redirect URIs stay."""
        self.lifetime_seconds = None
        for book in (self._sign_ins, self._codes, self._tokens, self._grants):
            book.clear()
