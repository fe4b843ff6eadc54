"""Google's own client for Python, which reads what an API can do from Google's description of it in the package."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.oauth2.credentials import Credentials as GoogleCredentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.http import HttpRequest

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call

PACKAGE = "google-api-python-client"
CREDENTIALS = Credentials("oauth", {"access_token": "google-token"})


@dataclass(frozen=True)
class Google:
    """The clients of Google's APIs, all of which go to `address` instead of Google."""

    address: str
    request_type: type = HttpRequest
    """What the clients make of a call; its `execute` sends it."""

    @property
    def calendar(self) -> Any:
        return self._client("calendar", "v3")

    @property
    def contacts(self) -> Any:
        return self._client("people", "v1")

    @property
    def docs(self) -> Any:
        return self._client("docs", "v1")

    @property
    def drive(self) -> Any:
        return self._client("drive", "v3")

    @property
    def forms(self) -> Any:
        return self._client("forms", "v1")

    @property
    def gmail(self) -> Any:
        return self._client("gmail", "v1")

    @property
    def sheets(self) -> Any:
        return self._client("sheets", "v4")

    @property
    def tasks(self) -> Any:
        return self._client("tasks", "v1")

    def _client(self, api: str, version: str) -> Any:
        return _built(api, version, self.address, self.request_type)


def asks(
    arguments: Mapping[str, Any],
    *requests: Callable[[Google], Any],
    answers: Sequence[Any] = ({},),
    address: str | None = None,
) -> Call:
    """An action that makes these requests, one after the other."""

    def theirs(google: Google) -> None:
        for request in requests:
            request(google).execute()

    # `alt` says in which format Google answers; JSON is what it answers in if nobody says.
    return Call(arguments, theirs, answers, only_theirs=("alt",), address=address)


def address_of(api: str, version: str) -> str:
    """The origin that Google's description of an API names."""
    return str(description(api, version)["rootUrl"]).rstrip("/")


@cache
def description(api: str, version: str) -> Mapping[str, Any]:
    """Google's description of an API (a "discovery document"), as the package has it."""
    text = get_static_doc(api, version)
    assert text, f"the package does not describe {api} {version}"
    return json.loads(text)


@cache  # a client keeps its connections: one for all tests leaves none open behind each
def _built(api: str, version: str, address: str, request_type: type) -> Any:
    document = {**description(api, version), "rootUrl": f"{address}/"}
    return build_from_document(
        document, credentials=GoogleCredentials(token="google-token"), requestBuilder=request_type
    )
