"""What a token endpoint answered: tokens, or by meaning why there are none (RFC 6749 5.1 and 5.2, and what is sent)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from math import isfinite
from typing import Final
from urllib.parse import parse_qsl

from integrations.answers import media_type, read
from integrations.auth_methods import Token, TokenAnswer
from integrations.manifest import Retry
from integrations.notation import find
from integrations.ports import HttpResponse, Json
from integrations.provider_failures import wait_asked_for

LONGEST_LIFETIME: Final = 10 * 365 * 24 * 3600
_LONGEST_TOKEN: Final = 20_000
_LONGEST_MESSAGE: Final = 300


@dataclass(frozen=True, slots=True)
class Tokens:
    """A good answer. `expires_in` is in seconds; None stands for what the provider did not say."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    token_type: str | None
    expires_in: float | None
    scopes: tuple[str, ...] | None
    """Granted scopes; None means those that were asked for (RFC 6749 5.1)."""
    kept: Mapping[str, Json] = field(repr=False)
    """The values that the manifest keeps besides, by their names."""
    answer: Json = field(repr=False)
    """The whole answer, for whoever looks in it for the account."""

    @property
    def values(self) -> dict[str, Json]:
        """What belongs into the credential; what the answer lacks is absent."""
        found = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "token_type": self.token_type,
            **self.kept,
        }
        return {name: value for name, value in found.items() if value is not None}


class TokenRefused(Exception):
    """There are no tokens. `message` is a sentence for people, without any secret."""

    may_have_worked = False
    """Whether tokens may have been given, in an answer that was lost on its way."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class GrantDead(TokenRefused):
    """The code or refresh token is used up, expired or revoked: the person has to approve again."""


class AppRejected(TokenRefused):
    """The provider does not accept our app or how we ask: an operator's problem, and no fault of the grant."""


class ClientUnknown(AppRejected):
    """The provider does not know our app, or not any more (`invalid_client`)."""


class Transient(TokenRefused):
    """No usable answer, or one that asks for patience: the grant may be as good as before. `wait` is in seconds."""

    def __init__(self, message: str, *, wait: float | None = None, may_have_worked: bool = False) -> None:
        super().__init__(message)
        self.wait = wait
        self.may_have_worked = may_have_worked


class Unclear(Transient):
    """A refusal by a code that we don't know. Once it proves nothing; for long it is the provider's last word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one answer is to be read: by which pointers, what to keep of it, and what no message may repeat."""

    token: Token
    where: TokenAnswer
    keep: Mapping[str, str]
    secrets: Sequence[str] = field(repr=False)
    """Longest first."""
    blames_entry: bool = False
    """Whether what was shown is the connection's own, so that a refusal is never our app's fault."""


def read_tokens(response: HttpResponse, reading: Reading, *, now: datetime) -> Tokens:
    """Read an answer. Raises `GrantDead`, `AppRejected`, `Transient`."""
    answer, where = _decoded(response), reading.where
    access_token = _text(answer, where.access_token)
    if response.status >= HTTPStatus.MULTIPLE_CHOICES or access_token is None or _text(answer, where.error):
        raise _refusal(response, answer, reading, now=now)
    return Tokens(
        access_token=access_token,
        refresh_token=_text(answer, where.refresh_token),
        token_type=_text(answer, where.token_type),
        expires_in=_lifetime(find(answer, where.expires_in), reading.token),
        scopes=_scopes(find(answer, where.scope)),
        kept={name: value for name, pointer in reading.keep.items() if (value := _scalar(answer, pointer)) is not None},
        answer=answer,
    )


def _decoded(response: HttpResponse) -> Json:
    """Read JSON; a form, which GitHub sends to whoever does not ask for JSON, becomes an object of texts."""
    if media_type(response.headers) == "application/x-www-form-urlencoded":
        return dict(parse_qsl(response.body.decode("utf-8", "replace"), max_num_fields=100))
    return read(response).json


def _scalar(answer: Json, pointer: str) -> Json:
    found = find(answer, pointer)
    return found if isinstance(found, str | int | float | bool) else None


def _text(answer: Json, pointer: str) -> str | None:
    """Text that could be a token or a code: printable, not empty, not endless."""
    found = find(answer, pointer)
    if not isinstance(found, str) or not found.isprintable() or len(found) > _LONGEST_TOKEN:
        return None
    return found.strip() or None


def _lifetime(found: Json, token: Token) -> float | None:
    """Seconds, also from text; what is no positive number counts as not said."""
    try:
        said = float(found) if isinstance(found, int | float | str) and not isinstance(found, bool) else 0.0
    except ValueError:
        said = 0.0
    if not isfinite(said) or said <= 0:
        return token.lifetime_seconds
    return min(said / 1000 if token.expires_unit == "milliseconds" else said, LONGEST_LIFETIME)


def _scopes(found: Json) -> tuple[str, ...] | None:
    """Return the granted scopes; an empty answer says nothing (RFC 6749 3.3), as GitHub's for a GitHub App."""
    match found:
        case str():
            return tuple(scope for scope in re.split(r"[\s,]+", found) if scope) or None
        case list():
            return tuple(scope for scope in found if isinstance(scope, str)) or None  # pyright: ignore[reportUnknownVariableType]  # JSON
        case _:
            return None


def _refusal(response: HttpResponse, answer: Json, reading: Reading, *, now: datetime) -> TokenRefused:
    code = _text(answer, reading.where.error) or ""
    description = _words(find(answer, reading.where.error_description))
    message = _sentence(response.status, code, description, secrets=reading.secrets)
    kind = _kind(response.status, code.lower(), description)
    if reading.blames_entry:
        kind = _kind_of_entry(response.status, code.lower(), kind)
    if issubclass(kind, Transient):
        wait = wait_asked_for(response.headers, Retry(), now)
        return kind(message, wait=wait, may_have_worked=kind is Transient and _may_have_worked(response.status))
    return kind(message)


def _may_have_worked(status: int) -> bool:
    """Tell whether a failure of this status leaves open what was done: a gateway's, a crash, a garbled success."""
    is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.SERVICE_UNAVAILABLE
    return is_theirs or status < HTTPStatus.MULTIPLE_CHOICES


def _words(found: Json) -> str:
    words = " ".join(found.split()) if isinstance(found, str) else ""
    return words if words.isprintable() else ""


def _kind(status: int, code: str, description: str) -> type[TokenRefused]:
    """Sort a refusal. A code that says it plainly counts under any status; one that we don't know is `Unclear`."""
    if code in _DEAD or (code in _VAGUE and _BLAMES_GRANT.search(description)):
        return GrantDead
    if code in _TRANSIENT or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient
    if code == "invalid_client":
        return ClientUnknown
    if code in _APP or status == HTTPStatus.UNAUTHORIZED:
        return AppRejected
    return Unclear if code else Transient


def _kind_of_entry(status: int, code: str, kind: type[TokenRefused]) -> type[TokenRefused]:
    """Sort a refusal of what somebody entered: these endpoints have no codes of their own for a wrong password."""
    refuses = status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    is_dead = not issubclass(kind, Transient) or (refuses and code not in _TRANSIENT)
    return GrantDead if is_dead else Transient


def _sentence(status: int, code: str, description: str, *, secrets: Sequence[str]) -> str:
    said = ": ".join(part for part in (code, description) if part)
    if not said:
        return f"the answer ({status}) holds no access token"
    for secret in secrets:
        said = said.replace(secret, "[hidden]")
    return said if len(said) <= _LONGEST_MESSAGE else said[: _LONGEST_MESSAGE - 1] + "…"


_DEAD: Final = frozenset(
    {
        "invalid_grant",
        # GitHub
        "bad_refresh_token",
        "bad_verification_code",
        # Slack
        "invalid_refresh_token",
        "token_revoked",
        "token_expired",
        "invalid_code",
        "code_already_used",
        "invalid_auth",
        "account_inactive",
        # others
        "expired_token",
        "invalid_token",
        "refresh_token_expired",
        "bad_auth_code",
        "interaction_required",
        "login_required",
        "consent_required",
    }
)
_APP: Final = frozenset(
    {
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_request",
        "invalid_scope",
        "redirect_uri_mismatch",
        # GitHub
        "incorrect_client_credentials",
        # Slack
        "invalid_client_id",
        "bad_client_secret",
        "bad_redirect_uri",
        # Google
        "deleted_client",
        "disabled_client",
    }
)
_TRANSIENT: Final = frozenset(
    {"temporarily_unavailable", "server_error", "slow_down", "ratelimited", "internal_error", "service_unavailable"}
)
_VAGUE: Final = frozenset({"invalid_request", "unauthorized_client"})
"""Codes under which some providers (Atlassian, LinkedIn, Zoom) also refuse a dead token; the description tells."""
_BLAMES_GRANT: Final = re.compile(
    r"(refresh[_ ]?token|authorization grant)\b.*\b(invalid|expired|revoked)|\b(invalid|expired|revoked)\W+(refresh[_ ]?)?token\b",
    re.IGNORECASE,
)
