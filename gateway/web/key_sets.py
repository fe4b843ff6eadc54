"""Public keys that others publish (RFC 7517), fetched by the one guarded way out and kept for a while."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast

import jwt

from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.public_keys import is_public
from gateway.kit.published import USUAL, Published
from integrations.ports import Http, HttpError, HttpRequest

_TIMEOUT_SECONDS: Final = 10.0
_MAX_BYTES: Final = 256 * 1024


class FetchFailed(Exception):
    """What was asked for did not come. `message` is for whoever runs the other side, and holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A public key for signatures."""

    key: jwt.PyJWK = field(repr=False)
    issuer: str | None
    """For whom it signs, where its publisher says so: Microsoft has one address for the keys of all its tenants."""


class KeySets:
    """Keeps the keys of an address for ten minutes, and asks for them anew when one is unknown."""

    def __init__(self, http: Http, *, clock: Clock) -> None:
        self._http = http
        self._published = Published(self._fetch, passing=FetchFailed, clock=clock)

    async def key(self, address: str, key_id: str | None) -> PublishedKey | None:
        """Return the key of this id at an address, or the only one there; None where there is none such.

        However often an unknown one is asked for, the address is asked once in thirty seconds. Raises `FetchFailed`.
        """
        found = _key(await self._published.get(address), key_id)
        return found or _key(await self._published.anew(address), key_id)

    async def _fetch(self, address: str) -> tuple[Sequence[PublishedKey], timedelta]:
        status, told = await fetch_object(self._http, address)
        if status != 200:
            raise FetchFailed(f"the keys answer {status}")
        keys = _usable(told)
        if not keys:
            raise FetchFailed("there are no keys that can be used")
        return keys, USUAL


async def fetch_object(http: Http, address: str) -> tuple[int, Mapping[str, Any]]:
    """Return status and JSON object that an address answers. Raises `FetchFailed`."""
    request = HttpRequest(
        "GET",
        address,
        headers={"Accept": "application/json"},
        timeout_seconds=_TIMEOUT_SECONDS,
        max_response_bytes=_MAX_BYTES,
    )
    return await send_for_object(http, request)


async def send_for_object(http: Http, request: HttpRequest) -> tuple[int, Mapping[str, Any]]:
    """Return status and JSON object of an answer. Raises `FetchFailed`."""
    try:
        response = await http.send(request)
        parsed: Any = json.parse(response.body)
    except HttpError as error:
        raise FetchFailed(f"no answer: {error.message}") from error
    except json.JsonRefused as error:
        raise FetchFailed(f"the answer is no JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise FetchFailed("the answer is no JSON object")
    return response.status, cast("Mapping[str, Any]", parsed)


def _usable(told: Mapping[str, Any]) -> list[PublishedKey]:
    """Return the keys of a set that are for signatures; what is of an unknown kind is passed over (RFC 7517 5).

    So is a private key: everybody signs with what everybody can read.
    """
    members: Any = told.get("keys")
    found: list[PublishedKey] = []
    for member in cast("list[Any]", members) if isinstance(members, list) else []:
        # Members of the wrong type trip the library where it does not look for them.
        with suppress(jwt.PyJWTError, AttributeError, TypeError, ValueError):
            issuer = member.get("issuer")
            if not is_public(member):
                continue
            found.append(PublishedKey(jwt.PyJWK(member), issuer if isinstance(issuer, str) else None))
    return [each for each in found if each.key.public_key_use in (None, "sig")]


def _key(keys: Sequence[PublishedKey], key_id: str | None) -> PublishedKey | None:
    if key_id is not None:
        return next((each for each in keys if each.key.key_id == key_id), None)
    return keys[0] if len(keys) == 1 else None
