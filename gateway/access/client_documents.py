"""Client ID Metadata Documents: a client's id is the https address of what it says of itself (security R15).

(draft-ietf-oauth-client-id-metadata-document). Documents are kept as long as their headers allow, within bounds;
failures are not kept.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

from gateway.access.client_metadata import ClientMetadata, read_metadata
from gateway.access.oauth_errors import OAuthError, UnknownClient
from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.rates import Windows
from gateway.kit.single_flight import SingleFlight
from integrations.ports import Http, HttpError, HttpRequest, HttpResponse

_MAX_BYTES: Final = 5 * 1024
_TIMEOUT_SECONDS: Final = 3.0
_MAX_ADDRESS: Final = 2_048
_LEAST: Final = timedelta(minutes=1)
_USUAL: Final = timedelta(minutes=10)
_MOST: Final = timedelta(hours=24)
_KEPT: Final = 1_000
_PER_HOST_AND_MINUTE: Final = 60
_ADDRESS = re.compile(r"https://[A-Za-z0-9.\-]+(?::\d{1,5})?/[A-Za-z0-9\-._~/!$&'()*+,;=:@%?]+")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])")


@dataclass(frozen=True, slots=True)
class _Kept:
    metadata: ClientMetadata
    until: datetime


class ClientDocuments:
    """Fetches metadata documents through the one guarded way out."""

    def __init__(self, http: Http, *, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._flights: SingleFlight[str, ClientMetadata] = SingleFlight()
        self._fetches = Windows(limit=_PER_HOST_AND_MINUTE, clock=clock)

    async def get(self, address: str) -> ClientMetadata:
        """Return what the document at this address says. Raises `UnknownClient`."""
        kept = self._kept.get(address)
        if kept is not None and kept.until > self._clock():
            self._kept.move_to_end(address)
            return kept.metadata
        return await self._flights.run(address, lambda: self._fetch(address))

    async def _fetch(self, address: str) -> ClientMetadata:
        if self._fetches.hit(urlsplit(address).netloc).is_exceeded:
            raise UnknownClient("client_id: documents of this host were asked for too often; wait a minute")
        request = HttpRequest(
            "GET",
            address,
            headers={"Accept": "application/json"},
            timeout_seconds=_TIMEOUT_SECONDS,
            max_response_bytes=_MAX_BYTES,
        )
        try:
            response = await self._http.send(request)
        except HttpError as error:
            raise UnknownClient(f"client_id: the metadata document can't be fetched: {error.message}") from error
        metadata = _read(response, address)
        self._kept[address] = _Kept(metadata, self._clock() + _lifetime(response))
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return metadata


def is_document_address(client_id: str) -> bool:
    """Tell whether a client id is the address of a metadata document: https, with a path and no dot segments."""
    if len(client_id) > _MAX_ADDRESS or _ADDRESS.fullmatch(client_id) is None:
        return False
    return not {".", ".."} & set(urlsplit(client_id).path.split("/"))


def _read(response: HttpResponse, address: str) -> ClientMetadata:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if response.status != 200 or not is_json:
        raise UnknownClient("client_id: the address does not answer 200 with JSON")
    try:
        parsed: Any = json.parse(response.body)
    except json.JsonRefused as error:
        raise UnknownClient(f"client_id: the metadata document is no JSON that is accepted: {error}") from error
    document = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    if document.get("client_id") != address:
        raise UnknownClient("client_id: the metadata document does not name its own address as client_id")
    if "client_secret" in document or "client_name" not in document:
        raise UnknownClient("client_id: the metadata document has to hold client_name, and no client_secret")
    try:
        metadata = read_metadata({"token_endpoint_auth_method": "none", **document})
    except OAuthError as error:
        raise UnknownClient(f"client_id: in the metadata document, {error.description}") from error
    if metadata.auth_method not in ("none", "private_key_jwt"):
        raise UnknownClient("client_id: a client with a metadata document can't authenticate by a shared secret")
    return metadata


def _lifetime(response: HttpResponse) -> timedelta:
    control = response.headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return _LEAST
    age = _MAX_AGE.search(control)
    return _USUAL if age is None else min(max(timedelta(seconds=int(age[1])), _LEAST), _MOST)
