"""Microsoft's own client for Python, which is made from Microsoft's description of Graph."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official
from tests.integrations.catalog.recorder import Asked

Json = Any
PACKAGE: Final = "msgraph-sdk"
CREDENTIALS: Final = Credentials("oauth", {"access_token": "graph-token"})
MY_DRIVE: Final = "my-drive"
"""The id of the person's own drive, which the client asks for by its id only."""
_VERSION: Final = "v1.0"
_MINE: Final = ("", _VERSION, "drives", MY_DRIVE)


class _Token(AccessTokenProvider):
    async def get_authorization_token(self, *_: object, **__: object) -> str:
        return "graph-token"

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


@dataclass(frozen=True)
class Graph:
    """The client of Microsoft Graph, at `address` instead of Microsoft's."""

    address: str

    def ask(self, request: Callable[[GraphServiceClient], Awaitable[object]]) -> None:
        """Make one call and leave no connection open."""

        async def asked() -> None:
            # The client puts its own transport around this one, and closes only its own.
            async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
                http = httpx.AsyncClient(transport=transport)
                await request(_client(http, f"{self.address}/{_VERSION}"))

        with warnings.catch_warnings():
            # The client loads its parts when they are used, and each warns of its own deprecated classes.
            warnings.filterwarnings("ignore", "(This class|GetQueryParameters) is deprecated", DeprecationWarning)
            asyncio.run(asked())


def of_graph(integration: str, calls: Mapping[str, Call]) -> Official:
    """The calls of one part of Graph, as this client makes them."""
    return Official(
        integration=integration,
        package=PACKAGE,
        address=address(),
        credentials=CREDENTIALS,
        connect=Graph,
        alike=alike,
        calls=calls,
    )


def asks(
    arguments: Mapping[str, Json],
    request: Callable[[GraphServiceClient], Awaitable[object]],
    answers: Sequence[Json] = ({},),
    *,
    only_theirs: Sequence[str] = (),
    only_ours: Sequence[str] = (),
) -> Call:
    """An action that makes this request."""
    return Call(arguments, lambda graph: graph.ask(request), answers, only_theirs, only_ours)


def having(builder: Any, prefer: str | None = None, **parameters: Json) -> RequestConfiguration[Any]:
    """These query parameters of a request, and what it says it would prefer."""
    kind = getattr(type(builder), f"{type(builder).__name__}GetQueryParameters")
    configuration = RequestConfiguration[Any](query_parameters=kind(**parameters))
    if prefer:
        configuration.headers.add("Prefer", prefer)
    return configuration


def preferring(prefer: str) -> RequestConfiguration[Any]:
    """A request that says what it would prefer."""
    configuration = RequestConfiguration[Any]()
    configuration.headers.add("Prefer", prefer)
    return configuration


def alike(asked: Asked) -> Asked:
    """Writes alike what Microsoft's documentation says in one way and Microsoft's client in another.

    Members of an action begin with a large letter in the client, with a small one in the documentation; the client
    names the type of what it sends where only one is possible; and the person's own drive is `me/drive` or one of
    `drives`, in which a path takes the place of an item's id.
    """
    body = _untyped(asked.body)
    if isinstance(body, dict):
        body = {name[:1].lower() + name[1:]: value for name, value in body.items()} or None
    path = asked.path
    if path[: len(_MINE)] == _MINE:
        item = path[len(_MINE) + 1].split("/") if path[len(_MINE) + 1].startswith("root") else path[len(_MINE) :][:2]
        path = ("", _VERSION, "me", "drive", *item, *path[len(_MINE) + 2 :])
    return replace(asked, path=path, body=body)


def address() -> str:
    """Where the client goes of its own accord."""
    return (
        httpx.URL(_client(httpx.AsyncClient(), "").request_adapter.base_url).copy_with(path="/").__str__().rstrip("/")
    )


def _client(http: httpx.AsyncClient, base_url: str) -> GraphServiceClient:
    client = GraphClientFactory.create_with_default_middleware(client=http, options={**options})
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(_Token()), client=client)
    adapter.base_url = base_url
    return GraphServiceClient(request_adapter=adapter)


def _untyped(value: Json) -> Json:
    if isinstance(value, list):
        return [_untyped(each) for each in value]
    if isinstance(value, dict):
        return {name: _untyped(each) for name, each in value.items() if name != "@odata.type"}
    return value
