"""A program that asks the authorization server, as exactly as a test wants it."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from gateway.access.oauth_grants import CODE_LIFETIME, NewGrant
from gateway.kit.tokens import hash_token
from gateway.tenancy.end_users import NewEndUser
from gateway.wiring import Gateway
from storage.scope import TenantScope

REDIRECT = "http://127.0.0.1:3334/callback"
HOSTED = "https://agent.example/callback"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Asking:
    """Asks; `server_id` is an MCP server that takes sign-ins."""

    client: httpx2.AsyncClient
    gateway: Gateway
    server_id: str

    @property
    def issuer(self) -> str:
        return self.gateway.settings.public_url

    @property
    def resource(self) -> str:
        return f"{self.issuer}/mcp/srv_{self.server_id}"

    async def registered(self, **metadata: Any) -> dict[str, Any]:
        """Register a client: public, unless the metadata says else."""
        usual = {"client_name": "Agent", "redirect_uris": [REDIRECT, HOSTED], "token_endpoint_auth_method": "none"}
        answer = await self.client.post("/oauth/register", json={**usual, **metadata})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def authorize(self, client_id: str | None, **changed: str | None) -> httpx2.Response:
        """Ask for authorization as is right, except for what is `changed`; None leaves a parameter out."""
        return await self.client.get(self.address(client_id, **changed))

    def address(self, client_id: str | None, **changed: str | None) -> str:
        """The address that asks so."""
        right = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "st/ate &1",
            "resource": self.resource,
        }
        given = {name: value for name, value in {**right, **changed}.items() if value is not None}
        return f"/oauth/authorize?{urlencode(given)}"

    async def lets_in(self, access_token: str) -> bool:
        """Whether this token is one that is still there."""
        async with self.gateway.database.read() as tx:
            return await tx.mcp_tokens.by_hash(hash_token(access_token)) is not None

    async def code(self, client_id: str) -> str:
        """A code that somebody new has allowed this client."""
        async with self.gateway.database.read() as tx:
            server = await tx.mcp_servers.find(self.server_id)
        assert server is not None
        scope = TenantScope(server.organization_id)
        someone = NewEndUser(workspace_id=server.workspace_id, external_id=secrets.token_hex(4))
        new = NewGrant(
            server=server,
            end_user=await self.gateway.end_users.create(scope, someone),
            identity_id=None,
            client=await self.gateway.authorizing.clients.find(client_id),
            redirect_uri=REDIRECT,
            scopes=["mcp:tools"],
        )
        async with self.gateway.database.write() as tx:
            return await self.gateway.authorizing.grants.with_code(tx, new, challenge=CHALLENGE, lifetime=CODE_LIFETIME)

    async def redeemed(self, client_id: str, **changed: str | None) -> httpx2.Response:
        """Redeem a fresh code as a public client does, except for what is `changed`."""
        return await self.token({"client_id": client_id, **await self.redemption(client_id), **changed})

    async def redemption(self, client_id: str) -> dict[str, str | None]:
        """What a client shows with a fresh code, besides who it is."""
        return {
            "grant_type": "authorization_code",
            "code": await self.code(client_id),
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "resource": self.resource,
        }

    async def token(self, given: Mapping[str, str | None], *, headers: dict[str, str] | None = None) -> httpx2.Response:
        """Ask the token endpoint by a form."""
        form = {name: value for name, value in given.items() if value is not None}
        return await self.client.post("/oauth/token", data=form, headers=headers or {})


def told(answer: httpx2.Response) -> tuple[str, dict[str, str]]:
    """Where an answer redirects to, and what it tells there; everything once."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    values = parse_qs(parts.query, strict_parsing=True)
    assert all(len(each) == 1 for each in values.values())
    return f"{parts.scheme}://{parts.netloc}{parts.path}", {name: each[0] for name, each in values.items()}


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a failure, after a look at its form."""
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]
