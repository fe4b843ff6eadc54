"""An agent that is given nothing but an address: it registers itself, and sends its person to sign in."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

from mcp.client import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import Implementation

from gateway import __version__
from gateway.kit.egress import Egress

REDIRECT_URI: Final = "http://127.0.0.1/callback"
"""Where the agent would listen; the story hands over what a browser would bring there."""


@asynccontextmanager
async def signed_in_agent(
    http: Egress, endpoint: str, *, sign_in: Callable[[str], Awaitable[str]]
) -> AsyncGenerator[Client]:
    """Connect until the block ends; `sign_in` takes the person to an address, and returns where they come out."""
    came_out: list[str] = []

    async def send_person(address: str) -> None:
        came_out.append(await sign_in(address))

    async def take_answer() -> AuthorizationCodeResult:
        told = parse_qs(urlsplit(came_out[-1]).query)
        return AuthorizationCodeResult.model_validate({name: values[0] for name, values in told.items()})

    said = {"client_name": "Alice's new agent", "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
    metadata = OAuthClientMetadata.model_validate(said)
    async with http.httpx_client() as client:
        client.auth = OAuthClientProvider(
            endpoint, metadata, _InMemory(), redirect_handler=send_person, callback_handler=take_answer
        )
        transport = streamable_http_client(endpoint, http_client=client)
        async with Client(transport, client_info=Implementation(name="toolgate-demo", version=__version__)) as agent:
            yield agent


class _InMemory(TokenStorage):
    """Forgets with the story."""

    def __init__(self) -> None:
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info
