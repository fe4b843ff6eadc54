"""The MCP authorization server's records: clients, sign-ins under way, codes, grants and refresh tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, LargeBinary, Text
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, json_field, references


class OAuthClient(Record, table=True):
    """A program that asks for tokens, registered over REST or by itself (RFC 7591)."""

    table = "oauth_clients"
    __table_args__ = (
        CheckConstraint("kind in ('registered', 'dynamic')", name="kind"),
        CheckConstraint("(kind = 'registered') = (organization_id is not null)", name="organization"),
    )

    organization_id: str | None = references("organizations.id", on_delete="CASCADE", optional=True)
    """Whose it is; those that register themselves belong to the whole deployment."""
    server_id: str | None = references("mcp_servers.id", on_delete="CASCADE", optional=True)
    """The only MCP server that it is for."""
    kind: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text, unique=True)
    name: str = Field(sa_type=Text)
    redirect_uris: list[str] = json_field(optional=False)
    grant_types: list[str] = json_field(optional=False)
    auth_method: str = Field(sa_type=Text)
    """How it authenticates at the token endpoint: `token_endpoint_auth_method`."""
    secret_hash: str | None = Field(default=None, sa_type=Text)
    jwks: dict[str, Any] | None = json_field()
    jwks_uri: str | None = Field(default=None, sa_type=Text)
    details: dict[str, Any] | None = json_field()
    """What else it says of itself, unverified: client_uri, software_id."""
    registration_hash: str | None = Field(default=None, sa_type=Text)
    """Hash of the token with which a dynamic client manages its registration (RFC 7592)."""
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    """When an unused registration ends."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class OAuthRequest(Record, table=True):
    """An authorization request under way in one browser: from `authorize` until consent is given or denied."""

    table = "oauth_requests"

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    server_id: str = references("mcp_servers.id", on_delete="CASCADE")
    key_hash: str = Field(sa_type=Text, unique=True)
    browser_hash: str = Field(sa_type=Text)
    """Hash of the cookie of the browser that began."""
    identity_id: str | None = references("identities.id", on_delete="CASCADE", optional=True)
    """Who has signed in; None before that."""
    end_user_id: str | None = references("end_users.id", on_delete="CASCADE", optional=True)
    """Whom that person acts as; None before it is settled."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """The request's parameters, checked."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class OAuthGrant(Record, table=True):
    """What a person has allowed a client: to act as one end user at one MCP server. Tokens hang below it."""

    table = "oauth_grants"
    __table_args__ = (
        CheckConstraint("kind in ('code', 'device', 'client_credentials')", name="kind"),
        CheckConstraint("(kind = 'client_credentials') = (end_user_id is null)", name="end_user"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    server_id: str = references("mcp_servers.id", on_delete="CASCADE")
    end_user_id: str | None = references("end_users.id", on_delete="CASCADE", optional=True)
    """As whom; a service client acts as nobody."""
    identity_id: str | None = references("identities.id", on_delete="SET NULL", optional=True)
    """Who has signed in for it."""
    kind: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text, index=True)
    client_name: str = Field(sa_type=Text)
    redirect_uri: str | None = Field(default=None, sa_type=Text)
    scopes: list[str] = json_field(optional=False)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a token was last fetched; None until the code is redeemed."""
    called_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When a tool was last called by it; with the next four, or all are None."""
    called_tool: str | None = Field(default=None, sa_type=Text)
    called_title: str | None = Field(default=None, sa_type=Text)
    """What people called the tool then."""
    called_integration: str | None = Field(default=None, sa_type=Text)
    """What people called the integration then."""
    call_failed: bool | None = Field(default=None, sa_type=Boolean)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    """Moves on with every refresh; unused until then, the grant ends."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class OAuthCode(Record, table=True):
    """An authorization code. The row stays a while after its use, to notice a second one (RFC 9700 4.2.4)."""

    table = "oauth_codes"

    grant_id: str = references("oauth_grants.id", on_delete="CASCADE")
    code_hash: str = Field(sa_type=Text, unique=True)
    redirect_uri: str = Field(sa_type=Text)
    challenge: str = Field(sa_type=Text)
    """PKCE, S256."""
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class OAuthRefreshToken(Record, table=True):
    """A refresh token of a grant. A superseded one gives its successor for some seconds, then ends the grant."""

    table = "oauth_refresh_tokens"

    grant_id: str = references("oauth_grants.id", on_delete="CASCADE")
    token_hash: str = Field(sa_type=Text, unique=True)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    successor: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True, repr=False)
    """The token answer that replaced it, sealed under the token itself."""


class DeviceCode(Record, table=True):
    """A device that waits for its person to approve it elsewhere (RFC 8628)."""

    table = "device_codes"
    __table_args__ = (CheckConstraint("status in ('PENDING', 'APPROVED', 'DENIED')", name="status"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    server_id: str = references("mcp_servers.id", on_delete="CASCADE")
    grant_id: str | None = references("oauth_grants.id", on_delete="CASCADE", optional=True)
    device_hash: str = Field(sa_type=Text, unique=True)
    user_code_hash: str = Field(sa_type=Text, unique=True)
    client_id: str = Field(sa_type=Text)
    scopes: list[str] = json_field(optional=False)
    status: str = Field(default="PENDING", sa_type=Text)
    interval_seconds: int
    polled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
