"""OAuth clients: programs that ask people for access to an MCP server (MCP authorization, client registration)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.access.client_documents import ClientDocuments, is_document_address
from gateway.access.client_metadata import ClientMetadata
from gateway.access.oauth_errors import UnknownClient
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id, new_id
from gateway.kit.tokens import MintedToken, TokenKind, hash_token, mint
from storage.database import Database
from storage.records import McpServer, OAuthClient

UNUSED_LIFETIME: Final = timedelta(days=90)
NEVER_USED_LIFETIME: Final = timedelta(days=7)
"""Of a registration that nobody has allowed anything yet; a person may come back to a sign-in the other day."""
MOST_NEVER_USED: Final = 50_000
"""Anybody may register, so those that are not used have to end; the newest are kept, as their people are on the way."""
_TRIMMED_IN: Final = 500
"""So many times within those the surplus is removed, as not every registration is to look for it."""
_USE_NOTED_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """A client as the authorization server sees it, wherever it is known from."""

    client_id: str
    name: str
    redirect_uris: Sequence[str]
    grant_types: Sequence[str]
    auth_method: str
    secret_hash: str | None = field(default=None, repr=False)
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    organization_id: str | None = None
    """Whose it is; None for clients that anybody's people may use."""
    server_id: str | None = None
    """The only MCP server that it is for."""
    document_host: str | None = None
    """Where its metadata document stands; None where it has none."""
    is_self_registered: bool = False
    """Nobody vouches for what it says of itself."""

    def is_for(self, server: McpServer) -> bool:
        """Tell whether it may ask for this server."""
        return self.organization_id in (None, server.organization_id) and self.server_id in (None, server.id)


@dataclass(frozen=True, slots=True)
class Registered:
    """A fresh registration; secret and token are shown this once."""

    record: OAuthClient
    secret: MintedToken | None
    token: MintedToken


class OAuthClients:
    """Finds clients, and registers those that ask for it."""

    def __init__(
        self, database: Database, *, documents: ClientDocuments, clock: Clock, most_never_used: int = MOST_NEVER_USED
    ) -> None:
        self._database = database
        self._documents = documents
        self._clock = clock
        self._most_never_used = most_never_used
        self._registered = 0

    def is_at_hand(self, client_id: str) -> bool:
        """Tell whether finding this client makes us ask nobody whom we would not ask anyway."""
        return not is_document_address(client_id) or self._documents.has(client_id)

    async def find(self, client_id: str) -> ClientView:
        """Return a client. Raises `UnknownClient`, `ClientOutOfReach`."""
        if is_document_address(client_id):
            return _of_document(client_id, await self._documents.get(client_id))
        row = await self._row(client_id)
        if row is None or (row.expires_at is not None and row.expires_at <= self._clock()):
            raise UnknownClient("there is no such client (any more): register again")
        return _of_row(row)

    async def register(self, metadata: ClientMetadata) -> Registered:
        """Take up a client that registers itself, in the place of the oldest never used one if there are too many."""
        now = self._clock()
        self._registered += 1
        token = mint(TokenKind.CLIENT_REGISTRATION)
        secret = mint(TokenKind.CLIENT_SECRET) if metadata.auth_method.startswith("client_secret_") else None
        row = OAuthClient(
            id=new_id(),
            kind="dynamic",
            client_id=new_id(),
            **said(metadata),
            secret_hash=None if secret is None else secret.hash,
            registration_hash=token.hash,
            expires_at=now + NEVER_USED_LIFETIME,
            created_at=now,
            updated_at=now,
        )
        async with self._database.write() as tx:
            await tx.oauth_clients.insert(row)
            if self._registered % max(1, self._most_never_used // _TRIMMED_IN) == 0:
                await tx.oauth_clients.trim_never_used(keep=self._most_never_used)
        return Registered(row, secret, token)

    async def managed(self, client_id: str, token: str) -> OAuthClient | None:
        """Return the dynamic client that this registration token manages (RFC 7592)."""
        row = await self._row(client_id)
        is_its = row is not None and row.registration_hash == hash_token(token)
        return row if is_its and row is not None and row.kind == "dynamic" else None

    async def unregister(self, row: OAuthClient) -> None:
        """Forget a client, and end what people have allowed it."""
        async with self._database.write() as tx:
            for grant in await tx.oauth_grants.of_client(row.client_id):
                await tx.oauth_grants.delete(grant)
            found = await tx.oauth_clients.by_client_id(row.client_id)
            if found is not None:
                await tx.oauth_clients.delete(found)

    async def note_use(self, client: ClientView) -> None:
        """Keep a dynamic registration from ending for want of use."""
        if not client.is_self_registered:
            return
        now = self._clock()
        async with self._database.read() as tx:
            row = await tx.oauth_clients.by_client_id(client.client_id)
        if row is None or (row.last_used_at is not None and now - row.last_used_at < _USE_NOTED_EVERY):
            return
        async with self._database.write() as tx:
            row = await tx.oauth_clients.by_client_id(client.client_id)
            if row is not None:
                await tx.oauth_clients.update(row, last_used_at=now, expires_at=now + UNUSED_LIFETIME)

    async def _row(self, client_id: str) -> OAuthClient | None:
        if as_id(client_id) != client_id:
            return None
        async with self._database.read() as tx:
            return await tx.oauth_clients.by_client_id(client_id)


def said(metadata: ClientMetadata) -> dict[str, Any]:
    """Return the columns that hold what a client says of itself."""
    return {
        "name": metadata.display_name,
        "redirect_uris": list(dict.fromkeys(metadata.redirect_uris)),
        "grant_types": list(metadata.grant_types),
        "auth_method": metadata.auth_method,
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
        "details": metadata.details or None,
    }


def _of_row(row: OAuthClient) -> ClientView:
    return ClientView(
        client_id=row.client_id,
        name=row.name,
        redirect_uris=tuple(row.redirect_uris),
        grant_types=tuple(row.grant_types),
        auth_method=row.auth_method,
        secret_hash=row.secret_hash,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        organization_id=row.organization_id,
        server_id=row.server_id,
        is_self_registered=row.kind == "dynamic",
    )


def _of_document(client_id: str, metadata: ClientMetadata) -> ClientView:
    return ClientView(
        client_id=client_id,
        name=metadata.display_name,
        redirect_uris=tuple(metadata.redirect_uris),
        grant_types=tuple(metadata.grant_types),
        auth_method=metadata.auth_method,
        jwks=metadata.jwks,
        jwks_uri=metadata.jwks_uri,
        document_host=urlsplit(client_id).netloc,
    )
