"""Google's own client for Python, which reads what an API can do from Google's description of it in the package."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from google.oauth2.credentials import Credentials as GoogleCredentials
from googleapiclient.discovery import build
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
    def sheets(self) -> Any:
        return self._client("sheets", "v4")

    @property
    def tasks(self) -> Any:
        return self._client("tasks", "v1")

    def _client(self, api: str, version: str) -> Any:
        path = urlsplit(_endpoint(api, version)).path
        return _built(api, version, endpoint=self.address + path, request_type=self.request_type)


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
    split = urlsplit(_endpoint(api, version))
    return f"{split.scheme}://{split.netloc}"


@cache
def _endpoint(api: str, version: str) -> str:
    return str(_built(api, version)._baseUrl)


@cache  # a client keeps its connections: one for all tests leaves none open behind each
def _built(api: str, version: str, *, endpoint: str | None = None, request_type: type = HttpRequest) -> Any:
    return build(
        api,
        version,
        credentials=GoogleCredentials(token="google-token"),
        client_options={"api_endpoint": endpoint} if endpoint else {},
        requestBuilder=request_type,
        static_discovery=True,
    )
