"""Client ID Metadata Documents: a client's id is the https address of what it says of itself (security R15).

(draft-ietf-oauth-client-id-metadata-document). Documents are kept as long as their headers allow, within bounds.
"""

import re
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

from gateway.access.client_metadata import ClientMetadata, read_metadata
from gateway.access.fetching import fetch, published_by_clients
from gateway.access.oauth_errors import OAuthError, UnknownClient
from gateway.kit import json
from gateway.kit.clock import Clock
from gateway.kit.published import LEAST, MOST, USUAL
from integrations.ports import Http, HttpResponse

_MAX_BYTES: Final = 5 * 1024
_MAX_ADDRESS: Final = 2_048
_WHAT: Final = "client_id: the metadata document"
_ADDRESS = re.compile(r"https://[A-Za-z0-9.\-]+(?::\d{1,5})?/[A-Za-z0-9\-._~/!$&'()*+,;=:@%?]+")
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])")


class ClientDocuments:
    """Fetches metadata documents through the one guarded way out."""

    def __init__(self, http: Http, *, clock: Clock) -> None:
        self._http = http
        self._published = published_by_clients(self._fetch, what=_WHAT, clock=clock)

    async def get(self, address: str) -> ClientMetadata:
        """Return what the document at this address says. Raises `UnknownClient`, `ClientOutOfReach`."""
        return await self._published.get(address)

    def has(self, address: str) -> bool:
        """Tell whether this document was there before, or is being looked for."""
        return self._published.has(address)

    async def _fetch(self, address: str) -> tuple[ClientMetadata, timedelta]:
        response = await fetch(self._http, address, what=_WHAT, most_bytes=_MAX_BYTES)
        return _read(response, address), _lifetime(response)


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
        return LEAST
    age = _MAX_AGE.search(control)
    return USUAL if age is None else min(max(timedelta(seconds=int(age[1])), LEAST), MOST)
