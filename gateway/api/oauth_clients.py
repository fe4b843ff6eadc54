"""OAuth clients of an organization's own, over REST: agents and services that are known before anybody signs in."""

from typing import Annotated, Any, cast

from pydantic import Field, StringConstraints

from gateway.access.client_metadata import AuthMethod, GrantType
from gateway.access.redirect_uris import MAX_COUNT, MAX_LENGTH
from gateway.access.registered_clients import ClientAndSecret, NewClient
from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    Moment,
    NoQuery,
    Nothing,
    Paged,
    RowId,
    SmallObject,
    absent,
    omitted,
)
from gateway.errors import NoUpdates
from gateway.wiring import Gateway
from storage import records

ClientName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]
Address = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]
RedirectUris = Annotated[list[Address], Field(max_length=MAX_COUNT)]
GrantTypes = Annotated[list[GrantType], Field(min_length=1, max_length=10)]


class OAuthClientToCreate(Body):
    """A program of yours."""

    name: ClientName = Field(description="What people are shown when they are asked to allow it.")
    redirect_uris: RedirectUris = Field(
        default=[], description="Exact addresses; those on loopback match whatever their port."
    )
    grant_types: GrantTypes = Field(
        default=["authorization_code", "refresh_token"],
        description="client_credentials is for services that act for nobody; it needs serverId.",
    )
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"  # noqa: S105 - the method's name
    server_id: RowId | None = Field(default=None, description="The only MCP server that it may ask for.")
    jwks: SmallObject | None = Field(default=None, description="Public keys, for private_key_jwt.")
    jwks_uri: Address | None = Field(default=None, description="Where the public keys stand, https.")


class OAuthClientChanges(Body):
    """What is to change; null clears."""

    name: ClientName = absent()
    redirect_uris: RedirectUris = absent()
    grant_types: GrantTypes = absent()
    jwks: SmallObject | None = None
    jwks_uri: Address | None = None


class OAuthClient(Answer):
    """An OAuth client, without its secret."""

    id: str
    org_id: str
    client_id: str
    name: str
    redirect_uris: list[str]
    grant_types: list[str]
    token_endpoint_auth_method: AuthMethod
    server_id: str | None
    jwks: dict[str, Any] | None = omitted()
    jwks_uri: str | None = omitted()
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.OAuthClient) -> "OAuthClient":
        """Show a row."""
        return cls(
            id=row.id,
            org_id=row.organization_id or "",
            client_id=row.client_id,
            name=row.name,
            redirect_uris=row.redirect_uris,
            grant_types=row.grant_types,
            token_endpoint_auth_method=cast("AuthMethod", row.auth_method),
            server_id=row.server_id,
            jwks=row.jwks,
            jwks_uri=row.jwks_uri,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class OneOAuthClient(Answer):
    """One OAuth client."""

    oauth_client: OAuthClient


class OAuthClientAndSecret(OneOAuthClient):
    """An OAuth client and its new secret, which is shown this once; clients without secrets have none."""

    client_secret: str | None = omitted(repr=False)

    @classmethod
    def of(cls, made: ClientAndSecret) -> "OAuthClientAndSecret":
        """Show a client that has just been given a secret."""
        secret = None if made.secret is None else made.secret.plain
        return cls(oauth_client=OAuthClient.of(made.record), client_secret=secret)


class ManyOAuthClients(Answer):
    """A page of OAuth clients."""

    oauth_clients: list[OAuthClient]
    total: int


async def create_oauth_client(gateway: Gateway, call: Call[OAuthClientToCreate, NoQuery]) -> OAuthClientAndSecret:
    """Register a program of yours, which then need not register itself.

    People see on the consent page that you vouch for it. A service client (client_credentials) acts for nobody, like a
    static token, and is refused (409) where a static token would be unsafe.
    """
    body = call.body
    new = NewClient(
        name=body.name,
        redirect_uris=body.redirect_uris,
        grant_types=body.grant_types,
        auth_method=body.token_endpoint_auth_method,
        server_id=body.server_id,
        jwks=body.jwks,
        jwks_uri=body.jwks_uri,
    )
    return OAuthClientAndSecret.of(await gateway.authorizing.registered.create(call.scope, new))


async def list_oauth_clients(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyOAuthClients:
    """List the programs that you have registered."""
    page = await gateway.authorizing.registered.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyOAuthClients(oauth_clients=[OAuthClient.of(row) for row in page.rows], total=page.total)


async def get_oauth_client(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneOAuthClient:
    """Get a program that you have registered."""
    return OneOAuthClient(
        oauth_client=OAuthClient.of(await gateway.authorizing.registered.get(call.scope, call.path["id"]))
    )


async def update_oauth_client(gateway: Gateway, call: Call[OAuthClientChanges, NoQuery]) -> OneOAuthClient:
    """Change a program that you have registered; null clears.

    What people have allowed it by a grant type that it no longer has ends at once. How it authenticates and its server
    can't change: register another.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("give at least one field to change")
    changed = await gateway.authorizing.registered.update(call.scope, call.path["id"], changes)
    return OneOAuthClient(oauth_client=OAuthClient.of(changed))


async def rotate_client_secret(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OAuthClientAndSecret:
    """Replace a program's secret; the old one shows nothing from then on."""
    return OAuthClientAndSecret.of(await gateway.authorizing.registered.rotate_secret(call.scope, call.path["id"]))


async def delete_oauth_client(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete a program, and end what people have allowed it."""
    await gateway.authorizing.registered.delete(call.scope, call.path["id"])
    return Deleted(id=call.path["id"])
