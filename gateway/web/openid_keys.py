"""What OpenID providers publish about themselves: their endpoints and keys, fetched by the one guarded way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.kit.clock import Clock
from gateway.kit.notations import is_loopback
from gateway.kit.single_flight import SingleFlight
from gateway.tenancy.entra import discovered_at
from gateway.web.key_sets import FetchFailed, KeySets, PublishedKey, fetch_object, send_for_object
from integrations.ports import Http, HttpRequest

_KEPT: Final = timedelta(minutes=10)
_FAILURE_KEPT: Final = timedelta(seconds=30)
_MOST_KEPT: Final = 500
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


@dataclass(frozen=True, slots=True)
class _Kept:
    told: Discovered | str
    """The document, or what was wrong with it."""
    until: datetime


class OpenIdKeys:
    """Keeps documents for ten minutes, failures for half a minute; keys as `KeySets` does.

    Everybody can begin a sign-in: a provider in trouble, or one that somebody has mistyped, is not asked each time.
    """

    def __init__(self, http: Http, *, keys: KeySets, clock: Clock) -> None:
        self._http = http
        self._keys = keys
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._flights: SingleFlight[str, _Kept] = SingleFlight()

    async def discover(self, issuer: str) -> Discovered:
        """Return where an issuer's endpoints are. Raises `ProviderFailed`."""
        kept = self._kept.get(issuer)
        if kept is None or kept.until <= self._clock():
            kept = await self._flights.run(issuer, lambda: self._ask(issuer))
        if isinstance(kept.told, str):
            raise ProviderFailed(kept.told)
        return kept.told

    async def key(self, issuer: str, key_id: str | None) -> PublishedKey:
        """Return the key that a token names, or the only one there is. Raises `ProviderFailed`."""
        document = await self.discover(issuer)
        try:
            found = await self._keys.key(document.jwks_uri, key_id)
        except FetchFailed as failed:
            raise ProviderFailed(f"the provider's keys: {failed.message}") from failed
        if found is None:
            raise ProviderFailed("the id_token is signed by a key that the provider does not publish")
        return found

    async def fetch(self, request: HttpRequest) -> tuple[int, Mapping[str, Any]]:
        """Return status and JSON object of an answer. Raises `ProviderFailed`."""
        try:
            return await send_for_object(self._http, request)
        except FetchFailed as failed:
            raise ProviderFailed(f"the provider: {failed.message}") from failed

    async def _ask(self, issuer: str) -> _Kept:
        try:
            document = await self._discover(issuer)
            kept = _Kept(document, self._clock() + _KEPT)
        except ProviderFailed as failed:
            kept = _Kept(failed.message, self._clock() + _FAILURE_KEPT)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[issuer] = kept
        return kept

    async def _discover(self, issuer: str) -> Discovered:
        try:
            status, told = await fetch_object(self._http, discovered_at(issuer).rstrip("/") + _WELL_KNOWN)
        except FetchFailed as failed:
            raise ProviderFailed(f"the provider's discovery document: {failed.message}") from failed
        if status != 200:
            raise ProviderFailed(f"the provider's discovery document answers {status}")
        if told.get("issuer") != issuer:
            raise ProviderFailed("the provider's discovery document names another issuer")
        return _document(told, issuer)


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
