"""Public keys of OAuth clients that sign what they show (RFC 7523): registered with them, or published by them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, cast

import jwt

from gateway.access.fetching import fetch, published_by_clients
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import OAuthError, UnknownClient
from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.public_keys import is_public
from gateway.kit.published import USUAL
from integrations.ports import Http

_MAX_BYTES: Final = 64 * 1024
_WHAT: Final = "jwks_uri: the set of keys"


class ClientKeys:
    """Finds the key that an assertion names; published ones are fetched anew when one is not among them."""

    def __init__(self, http: Http, *, clock: Clock) -> None:
        self._http = http
        self._published = published_by_clients(self._fetch, what=_WHAT, clock=clock)

    async def key(self, client: ClientView, key_id: str | None) -> jwt.PyJWK:
        """Return the one key of this id, or the only one there is. Raises `OAuthError`."""
        if client.jwks is not None:
            found = _fitting(_keys(client.jwks), key_id)
        else:
            address = client.jwks_uri or ""
            found = _fitting(await self._published.get(address), key_id)
            found = found or _fitting(await self._published.anew(address), key_id)
        if found is None:
            raise OAuthError("invalid_client", "client_assertion: no single key of the client has this kid")
        return found

    async def _fetch(self, address: str) -> tuple[jwt.PyJWKSet, timedelta]:
        response = await fetch(self._http, address, what=_WHAT, most_bytes=_MAX_BYTES)
        try:
            told: Any = json.parse(response.body) if response.status == 200 else None
        except json.JsonRefused as error:
            raise UnknownClient(f"{_WHAT} is no JSON that is accepted: {error}") from error
        if not isinstance(told, dict):
            raise UnknownClient(f"{_WHAT}: its address does not answer 200 with a JSON object")
        return _keys(cast("dict[str, Any]", told)), USUAL


def _keys(told: Mapping[str, Any]) -> jwt.PyJWKSet:
    try:
        keys = jwt.PyJWKSet.from_dict(dict(told))
    # Members of the wrong type trip the library where it does not look for them.
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
        raise UnknownClient("jwks: these are no public keys (RFC 7517 5)") from error
    if not all(is_public(key) for key in told["keys"]):
        raise UnknownClient("jwks: holds a private key, which nobody else may know: make another")
    return keys


def _fitting(keys: jwt.PyJWKSet, key_id: str | None) -> jwt.PyJWK | None:
    fitting = [key for key in keys.keys if key_id is None or key.key_id == key_id]
    return fitting[0] if len(fitting) == 1 else None
