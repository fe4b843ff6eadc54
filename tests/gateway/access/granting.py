"""An MCP server that takes sign-ins, two clients, and what a person has allowed them."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.access.granted import Granted
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_grants import CODE_LIFETIME, NewGrant, OAuthGrants, Redemption
from gateway.kit.tokens import hash_token
from gateway.wiring import Gateway
from storage.records import EndUser, McpServer
from storage.scope import TenantScope
from tests.parts.clock import Time
from tests.parts.rest import Rest

REDIRECT = "http://127.0.0.1:3334/callback"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
AGENT = ClientView(
    client_id="agent",
    name="Agent",
    redirect_uris=(REDIRECT,),
    grant_types=("authorization_code", "refresh_token"),
    auth_method="none",
)
OTHER = ClientView(
    client_id="other", name="Other", redirect_uris=(REDIRECT,), grant_types=AGENT.grant_types, auth_method="none"
)


@dataclass
class Granting:
    """Codes and tokens for one end user at one server."""

    gateway: Gateway
    grants: OAuthGrants
    server: McpServer
    end_user: EndUser
    time: Time

    @property
    def resource(self) -> str:
        return self.grants.resource_of(self.server.id)

    async def code(self, client: ClientView = AGENT, **values: Any) -> str:
        usual: dict[str, Any] = {
            "server": self.server,
            "end_user": self.end_user,
            "identity_id": None,
            "client": client,
            "redirect_uri": REDIRECT,
            "scopes": ["mcp:tools"],
        }
        new = NewGrant(**{**usual, **values})
        async with self.gateway.database.write() as tx:
            return await self.grants.with_code(tx, new, challenge=CHALLENGE, lifetime=CODE_LIFETIME)

    async def redeemed(self, code: str, client: ClientView = AGENT, **shown: Any) -> Granted:
        right: dict[str, Any] = {"verifier": VERIFIER, "redirect_uri": REDIRECT, "resource": self.resource}
        return await self.grants.redeem(client, Redemption(code=code, **{**right, **shown}))

    async def granted(self) -> Granted:
        return await self.redeemed(await self.code())

    async def refreshed(self, token: str | None, client: ClientView = AGENT, **values: Any) -> Granted:
        asked: dict[str, Any] = {"resource": self.resource, "scopes": None, **values}
        return await self.grants.refresh(client, token or "", **asked)

    async def opens(self, token: str) -> bool:
        """Whether an access token is one that the gateway would let in."""
        async with self.gateway.database.read() as tx:
            row = await tx.mcp_tokens.by_hash(hash_token(token))
        return row is not None and row.expires_at is not None and row.expires_at > self.time()


async def granting(gateway: Gateway, api: Rest, time: Time, *, now: Callable[[], datetime]) -> Granting:
    """Make the server and the end user."""
    workspace = await api.made("/workspaces", {"name": "A", "slug": "a"})
    alice = await api.made("/end-users", {"workspaceId": "a", "externalId": "alice"})
    made = await api.made("/mcp/servers", {"name": "S", "workspaceId": "a", "authMode": "oauth"})
    async with gateway.database.read() as tx:
        scope = TenantScope(workspace["orgId"])
        server = await tx.mcp_servers.get(scope, made["id"])
        end_user = await tx.end_users.get(scope, alice["id"])
    assert server is not None
    assert end_user is not None
    grants = OAuthGrants(gateway.database, public_url=gateway.settings.public_url, clock=now)
    return Granting(gateway, grants, server, end_user, time)
