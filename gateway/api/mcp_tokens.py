"""Tokens that stand for end users at MCP servers, over REST (contract 1.7), with list and revocation beyond it."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from gateway.access.endpoints import endpoint_of
from gateway.access.mcp_tokens import EndUserTokenKind, MintedForEndUser, NewToken, ShownToken
from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Deleted, ExternalId, Moment, NoQuery, Nothing, Paged, Reference, omitted
from gateway.wiring import Gateway

_YEAR = 365 * 24 * 60 * 60


class TokenToCreate(Body):
    """For whom, and for how long."""

    end_user_id: ExternalId = Field(description="External id of the end user; our own id for who has none.")
    scopes: Annotated[list[Reference], Field(max_length=10)] | None = Field(
        default=None, description="Default: all that the server's mode knows (`mcp:tools`)."
    )
    expires_in: Annotated[int, Field(ge=60, le=_YEAR)] | None = Field(
        default=None, description="Seconds; default 30 days."
    )


class TokensToList(Paged):
    """Which tokens."""

    end_user_id: ExternalId | None = None


class AccessToken(Answer):
    """A token, without the token itself."""

    id: str
    token_prefix: str
    scopes: list[str]
    end_user_id: str | None
    auth_method: Literal["bearer", "oauth"] | None = omitted()
    token_type: Literal["mcp_bearer", "mcp_oauth"] | None = omitted()
    expires_at: Moment | None
    created_at: Moment

    @classmethod
    def of(cls, shown: ShownToken, *, with_kind: bool = True) -> "AccessToken":
        """Show a token."""
        row = shown.record
        is_bearer = row.kind == EndUserTokenKind.BEARER
        return cls(
            id=row.id,
            token_prefix=row.token_prefix,
            scopes=row.scopes,
            end_user_id=shown.end_user_external_id,
            auth_method=None if not with_kind else "bearer" if is_bearer else "oauth",
            token_type=None if not with_kind else "mcp_bearer" if is_bearer else "mcp_oauth",
            expires_at=row.expires_at,
            created_at=row.created_at,
        )


class CreatedAccessToken(Answer):
    """A new token, shown this once under two names."""

    access_token: str = Field(repr=False)
    bearer_token: str = Field(repr=False)
    token: AccessToken
    mcp_endpoint: str


class CreatedOAuthToken(Answer):
    """A new token, shown this once."""

    access_token: str = Field(repr=False)
    token: AccessToken
    mcp_endpoint: str


class ManyAccessTokens(Answer):
    """A page of tokens."""

    tokens: list[AccessToken]
    total: int


async def create_access_token(gateway: Gateway, call: Call[TokenToCreate, NoQuery]) -> CreatedAccessToken:
    """Create a bearer token that stands for an end user.

    For clients that can't sign in by OAuth; it opens this one server.
    """
    minted = await _mint(gateway, call, EndUserTokenKind.BEARER)
    return CreatedAccessToken(
        access_token=minted.token.plain,
        bearer_token=minted.token.plain,
        token=AccessToken.of(minted.shown),
        mcp_endpoint=endpoint_of(minted.server.id, public_url=gateway.settings.public_url),
    )


async def create_oauth_token(gateway: Gateway, call: Call[TokenToCreate, NoQuery]) -> CreatedOAuthToken:
    """Create an OAuth access token that stands for an end user, as signing in would."""
    minted = await _mint(gateway, call, EndUserTokenKind.OAUTH)
    return CreatedOAuthToken(
        access_token=minted.token.plain,
        token=AccessToken.of(minted.shown, with_kind=False),
        mcp_endpoint=endpoint_of(minted.server.id, public_url=gateway.settings.public_url),
    )


async def list_access_tokens(gateway: Gateway, call: Call[Nothing, TokensToList]) -> ManyAccessTokens:
    """List the live tokens of a server that stand for end users."""
    query = call.query
    page = await gateway.mcp_tokens.page(
        call.scope, call.path["serverId"], end_user=query.end_user_id, limit=query.limit, offset=query.offset
    )
    return ManyAccessTokens(tokens=[AccessToken.of(each) for each in page.tokens], total=page.total)


async def revoke_access_token(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Revoke an end user's token, which opens nothing from then on."""
    await gateway.mcp_tokens.revoke(call.scope, call.path["serverId"], call.path["tokenId"])
    return Deleted(id=call.path["tokenId"])


async def _mint(gateway: Gateway, call: Call[TokenToCreate, NoQuery], kind: EndUserTokenKind) -> MintedForEndUser:
    body = call.body
    lifetime = None if body.expires_in is None else timedelta(seconds=body.expires_in)
    new = NewToken(end_user=body.end_user_id, kind=kind, scopes=body.scopes, lifetime=lifetime)
    return await gateway.mcp_tokens.create(call.scope, call.path["serverId"], new)
