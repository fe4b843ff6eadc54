"""OAuth clients that an organization registers itself: its own agents and services, known before anybody signs in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import jwt

from gateway.access.client_metadata import ClientMetadata, read_metadata
from gateway.access.existing import existing_server
from gateway.access.oauth_clients import said
from gateway.access.oauth_errors import OAuthError
from gateway.access.static_tokens import CLIENT_CREDENTIALS, held_workspace, is_static_token_safe
from gateway.errors import Conflict, McpStaticBearerIncompatible, NotFound, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.public_keys import is_public
from gateway.kit.tokens import MintedToken, TokenKind, mint
from storage.database import Database, Transaction
from storage.records import OAuthClient
from storage.repository import Page
from storage.scope import TenantScope

_ALIASES: Final = {
    "redirect_uris": "redirectUris",
    "grant_types": "grantTypes",
    "token_endpoint_auth_method": "tokenEndpointAuthMethod",
    "jwks_uri": "jwksUri",
    "client_name": "name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client as its organization knows it; with `server_id` it is for that MCP server alone."""

    name: str
    redirect_uris: Sequence[str]
    grant_types: Sequence[str]
    auth_method: str
    server_id: str | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None


@dataclass(frozen=True, slots=True)
class ClientAndSecret:
    """A client and its fresh secret, which is shown this once; None where it has none."""

    record: OAuthClient
    secret: MintedToken | None = field(repr=False)


class RegisteredClients:
    """The clients of an organization. Only organization-wide callers manage them: the face sees to that."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewClient) -> ClientAndSecret:
        """Register a client.

        Raises `ValidationFailed`, `NotFound` (the server), `McpStaticBearerIncompatible` (a service client would act
        for nobody where integrations need to know the person).
        """
        metadata = _accepted(new)
        if CLIENT_CREDENTIALS in new.grant_types and (new.server_id is None or new.auth_method == "none"):
            raise ValidationFailed(
                "grantTypes: client_credentials needs serverId, the one MCP server that the service may use, and a "
                "tokenEndpointAuthMethod other than none"
            )
        secret = mint(TokenKind.CLIENT_SECRET) if _has_secret(new.auth_method) else None
        now = self._clock()
        row = OAuthClient(
            id=new_id(),
            organization_id=scope.organization_id,
            server_id=new.server_id,
            kind="registered",
            client_id=new_id(),
            **said(metadata),
            secret_hash=None if secret is None else secret.hash,
            created_at=now,
            updated_at=now,
        )
        async with self._database.write() as tx:
            if new.server_id is not None:
                await _check_server(tx, scope, new.server_id, grant_types=new.grant_types)
            await tx.oauth_clients.insert(row)
        return ClientAndSecret(row, secret)

    async def get(self, scope: TenantScope, row_id: str) -> OAuthClient:
        """Return a client. Raises `NotFound`."""
        async with self._database.read() as tx:
            return await _existing(tx, scope, row_id)

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[OAuthClient]:
        """Return a page of clients."""
        async with self._database.read() as tx:
            return await tx.oauth_clients.page(scope, limit=limit, offset=offset)

    async def update(self, scope: TenantScope, row_id: str, changes: Mapping[str, Any]) -> OAuthClient:
        """Set `name`, `redirect_uris`, `grant_types`, `jwks`, `jwks_uri`.

        How it authenticates and its server stay: whoever relies on either relies on another client. What was given
        for a kind of grant that it no longer has ends. Raises `NotFound`, `ValidationFailed`,
        `McpStaticBearerIncompatible`.
        """
        async with self._database.write() as tx:
            row = await _existing(tx, scope, row_id)
            merged = {name: getattr(row, name) for name in ("name", *_CHANGEABLE)} | dict(changes)
            if CLIENT_CREDENTIALS in merged["grant_types"] and CLIENT_CREDENTIALS not in row.grant_types:
                raise ValidationFailed("grantTypes: a client can't become a service client later; register another")
            columns = said(_accepted(NewClient(**merged, auth_method=row.auth_method, server_id=row.server_id)))
            await _end_grants(tx, row, except_of=columns["grant_types"])
            return await tx.oauth_clients.update(row, updated_at=self._clock(), **columns)

    async def rotate_secret(self, scope: TenantScope, row_id: str) -> ClientAndSecret:
        """Replace a client's secret at once. Raises `NotFound`, `Conflict` (it has none)."""
        secret = mint(TokenKind.CLIENT_SECRET)
        async with self._database.write() as tx:
            row = await _existing(tx, scope, row_id)
            if not _has_secret(row.auth_method):
                raise Conflict(f"a client that authenticates by {row.auth_method} has no secret")
            await tx.oauth_clients.update(row, secret_hash=secret.hash, updated_at=self._clock())
        return ClientAndSecret(row, secret)

    async def delete(self, scope: TenantScope, row_id: str) -> None:
        """Forget a client, and end what people have allowed it. Raises `NotFound`."""
        async with self._database.write() as tx:
            row = await _existing(tx, scope, row_id)
            await _end_grants(tx, row, except_of=())
            await tx.oauth_clients.delete(row)


_CHANGEABLE: Final = ("redirect_uris", "grant_types", "jwks", "jwks_uri")
_GRANT_TYPES: Final = {
    "code": "authorization_code",
    "device": "urn:ietf:params:oauth:grant-type:device_code",
    "client_credentials": CLIENT_CREDENTIALS,
}
"""Kind of a grant → the grant type that gave it."""


async def _existing(tx: Transaction, scope: TenantScope, row_id: str) -> OAuthClient:
    row = await tx.oauth_clients.get(scope, row_id)
    if row is None:
        raise NotFound("there is no such OAuth client")
    return row


async def _check_server(tx: Transaction, scope: TenantScope, server_id: str, *, grant_types: Collection[str]) -> None:
    server = await existing_server(tx, scope, server_id)
    if CLIENT_CREDENTIALS not in grant_types:
        return
    await held_workspace(tx, scope, server.workspace_id)
    if not await is_static_token_safe(tx, scope, server):
        raise McpStaticBearerIncompatible(
            "grantTypes: a service client names no end user, and the workspace has a per_user integration; "
            "make tokens for end users instead, or make the server for one of them"
        )


async def _end_grants(tx: Transaction, row: OAuthClient, *, except_of: Collection[str]) -> None:
    for grant in await tx.oauth_grants.of_client(row.client_id):
        if _GRANT_TYPES[grant.kind] not in except_of:
            await tx.oauth_grants.delete(grant)


def _accepted(new: NewClient) -> ClientMetadata:
    """Hold a client to the same rules as those that register themselves. Raises `ValidationFailed`."""
    _check_keys(new)
    try:
        return read_metadata(
            {
                "client_name": new.name,
                "redirect_uris": list(new.redirect_uris),
                "grant_types": list(new.grant_types),
                "token_endpoint_auth_method": new.auth_method,
                "jwks": None if new.jwks is None else dict(new.jwks),
                "jwks_uri": new.jwks_uri,
            }
        )
    except OAuthError as error:
        where, colon, said_of_it = error.description.partition(":")
        for name, alias in _ALIASES.items():
            where = where.replace(name, alias)
        raise ValidationFailed(where + colon + said_of_it) from error


def _check_keys(new: NewClient) -> None:
    if new.jwks is not None and new.jwks_uri is not None:
        raise ValidationFailed("jwks, jwksUri: give one of them")
    if new.jwks is None:
        return
    try:
        jwt.PyJWKSet.from_dict(dict(new.jwks))
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
        raise ValidationFailed("jwks: is no set of public keys (RFC 7517 5)") from error
    if not all(is_public(key) for key in new.jwks["keys"]):
        raise ValidationFailed(
            "jwks: holds a private key, which nobody else may know: make another, and send its public part"
        )


def _has_secret(auth_method: str) -> bool:
    return auth_method.startswith("client_secret_")
