"""Public keys that others publish (RFC 7517), fetched by the one guarded way out and kept for a while."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

import jwt

from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.public_keys import is_public
from gateway.kit.single_flight import SingleFlight
from integrations.ports import Http, HttpError, HttpRequest

_KEPT: Final = timedelta(minutes=10)
_ANEW_AFTER: Final = timedelta(seconds=30)
_MOST_KEPT: Final = 500
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


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: Sequence[PublishedKey]
    since: datetime


class KeySets:
    """Keeps the keys of an address for ten minutes, and asks for them anew when one is unknown."""

    def __init__(self, http: Http, *, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._flights: SingleFlight[str, _Kept] = SingleFlight()

    async def key(self, address: str, key_id: str | None) -> PublishedKey | None:
        """Return the key of this id at an address, or the only one there; None where there is none such.

        However often an unknown one is asked for, the address is asked once in thirty seconds. Raises `FetchFailed`.
        """
        kept = self._kept.get(address)
        found = None if kept is None or self._age(kept) >= _KEPT else _key(kept.keys, key_id)
        if found is not None or (kept is not None and self._age(kept) < _ANEW_AFTER):
            return found
        return _key((await self._flights.run(address, lambda: self._fetch(address))).keys, key_id)

    def _age(self, kept: _Kept) -> timedelta:
        return self._clock() - kept.since

    async def _fetch(self, address: str) -> _Kept:
        status, told = await fetch_object(self._http, address)
        if status != 200:
            raise FetchFailed(f"the keys answer {status}")
        keys = _usable(told)
        if not keys:
            raise FetchFailed("there are no keys that can be used")
        kept = _Kept(keys, self._clock())
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[address] = kept
        return kept


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
