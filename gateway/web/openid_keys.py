"""What OpenID providers publish about themselves: their endpoints and keys, fetched by the one guarded way out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

import jwt

from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.notations import is_loopback
from gateway.kit.single_flight import SingleFlight
from integrations.ports import Http, HttpError, HttpRequest

_KEPT: Final = timedelta(minutes=10)
_KEYS_ANEW_AFTER: Final = timedelta(seconds=30)
_MOST_KEPT: Final = 500
_TIMEOUT_SECONDS: Final = 10.0
_MAX_BYTES: Final = 256 * 1024
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class ProviderFailed(Exception):
    """The provider did not do as OpenID Connect has it. `message` is for whoever runs it, and holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Discovered:
    """An issuer's discovery document, as far as it is used (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    says_issuer: bool
    """Whether every authorization response carries `iss` (RFC 9207)."""
    takes_secret_in_header: bool
    takes_secret_in_form: bool


@dataclass(slots=True)
class _Kept:
    document: Discovered
    until: datetime
    keys: jwt.PyJWKSet | None = field(default=None, repr=False)
    keys_since: datetime | None = None


class OpenIdKeys:
    """Keeps documents and keys for ten minutes, and asks for keys anew when one is unknown."""

    def __init__(self, http: Http, *, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._flights: SingleFlight[str, _Kept] = SingleFlight()

    async def discover(self, issuer: str) -> Discovered:
        """Return where an issuer's endpoints are. Raises `ProviderFailed`."""
        return (await self._of(issuer)).document

    async def key(self, issuer: str, key_id: str | None) -> jwt.PyJWK:
        """Return the key that a token names, or the only one there is. Raises `ProviderFailed`."""
        kept = await self._of(issuer)
        found = None if kept.keys is None else _key(kept.keys, key_id)
        may_ask = kept.keys_since is None or self._clock() - kept.keys_since >= _KEYS_ANEW_AFTER
        if found is None and may_ask:
            kept.keys = await self._keys(kept.document)
            kept.keys_since = self._clock()
            found = _key(kept.keys, key_id)
        if found is None:
            raise ProviderFailed("the id_token is signed by a key that the provider does not publish")
        return found

    async def fetch(self, request: HttpRequest) -> tuple[int, Mapping[str, Any]]:
        """Return status and JSON object of an answer. Raises `ProviderFailed`."""
        try:
            response = await self._http.send(request)
            parsed: Any = json.parse(response.body)
        except HttpError as error:
            raise ProviderFailed(f"the provider can't be reached: {error.message}") from error
        except json.JsonRefused as error:
            raise ProviderFailed(f"the provider's answer is no JSON: {error}") from error
        if not isinstance(parsed, dict):
            raise ProviderFailed("the provider's answer is no JSON object")
        return response.status, cast("Mapping[str, Any]", parsed)

    async def _of(self, issuer: str) -> _Kept:
        kept = self._kept.get(issuer)
        if kept is not None and kept.until > self._clock():
            return kept
        return await self._flights.run(issuer, lambda: self._discover(issuer))

    async def _discover(self, issuer: str) -> _Kept:
        status, told = await self._get(issuer.rstrip("/") + _WELL_KNOWN)
        if status != 200:
            raise ProviderFailed(f"the provider's discovery document answers {status}")
        if told.get("issuer") != issuer:
            raise ProviderFailed("the provider's discovery document names another issuer")
        kept = _Kept(_document(told, issuer), self._clock() + _KEPT)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[issuer] = kept
        return kept

    async def _keys(self, document: Discovered) -> jwt.PyJWKSet:
        status, told = await self._get(document.jwks_uri)
        try:
            keys = jwt.PyJWKSet.from_dict(dict(told))
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise ProviderFailed("the provider publishes no keys that can be used") from error
        if status != 200:
            raise ProviderFailed(f"the provider's keys answer {status}")
        return keys

    async def _get(self, address: str) -> tuple[int, Mapping[str, Any]]:
        return await self.fetch(
            HttpRequest(
                "GET",
                address,
                headers={"Accept": "application/json"},
                timeout_seconds=_TIMEOUT_SECONDS,
                max_response_bytes=_MAX_BYTES,
            )
        )


def _document(told: Mapping[str, Any], issuer: str) -> Discovered:
    methods: Any = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    userinfo = told.get("userinfo_endpoint")
    return Discovered(
        issuer=issuer,
        authorization_endpoint=_endpoint(told, "authorization_endpoint"),
        token_endpoint=_endpoint(told, "token_endpoint"),
        jwks_uri=_endpoint(told, "jwks_uri"),
        userinfo_endpoint=None if userinfo is None else _endpoint(told, "userinfo_endpoint"),
        says_issuer=told.get("authorization_response_iss_parameter_supported") is True,
        takes_secret_in_header="client_secret_basic" in methods,
        takes_secret_in_form="client_secret_post" in methods,
    )


def _endpoint(told: Mapping[str, Any], name: str) -> str:
    """Return an address out of the document: https, or this machine's."""
    address = told.get(name)
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    except ValueError:
        is_safe = False
    if not isinstance(address, str) or not is_safe:
        raise ProviderFailed(f"the provider's discovery document has no {name} that can be used")
    return address


def _key(keys: jwt.PyJWKSet, key_id: str | None) -> jwt.PyJWK | None:
    if key_id is not None:
        return next((key for key in keys.keys if key.key_id == key_id), None)
    return keys.keys[0] if len(keys.keys) == 1 else None
