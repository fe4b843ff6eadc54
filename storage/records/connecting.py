"""How people come to connect an account: links, sessions, steps, and who they are."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.records.base import Record, references


class ConnectLink(Record, table=True):
    """A portal link: opens the connect portal for one end user, for all integrations or only one.

    A link-mode secret is one too, good once and only for becoming a portal link of the browser that confirmed it.
    """

    table = "connect_links"
    __table_args__ = (CheckConstraint("kind in ('portal', 'secret')", name="kind"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    end_user_id: str = references("end_users.id", on_delete="CASCADE")
    workspace_integration_id: str | None = references("workspace_integrations.id", on_delete="CASCADE", optional=True)
    kind: str = Field(default="portal", sa_type=Text)
    token_hash: str = Field(sa_type=Text, unique=True)
    browser_hash: str | None = Field(default=None, sa_type=Text)
    """Hash of the cookie of the only browser that may open it; None opens to whoever holds it."""
    onward: str | None = Field(default=None, sa_type=Text)
    """Where the person goes on afterwards: a path of ours that opens in the same browser only."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ConnectSession(Record, table=True):
    """One account that a backend asks somebody to connect, and what has become of it (contract 1.5)."""

    table = "connect_sessions"
    __table_args__ = (
        CheckConstraint("status in ('PENDING', 'CONNECTING', 'COMPLETED', 'FAILED')", name="status"),
        CheckConstraint("scope in ('ORGANIZATION', 'WORKSPACE', 'USER')", name="scope"),
        CheckConstraint("(scope = 'USER') = (end_user_external_id is not null)", name="end_user"),
    )

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    workspace_integration_id: str | None = references("workspace_integrations.id", on_delete="CASCADE", optional=True)
    token_hash: str = Field(sa_type=Text, unique=True)
    integration_name: str = Field(sa_type=Text)
    auth_method_key: str = Field(sa_type=Text)
    oauth_app_mode: str | None = Field(default=None, sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text)
    connection_name: str = Field(sa_type=Text)
    external_id: str = Field(sa_type=Text)
    scope: str = Field(sa_type=Text)
    end_user_external_id: str | None = Field(default=None, sa_type=Text)
    """The product's id of the end user, who need not exist before the session completes."""
    success_redirect_uri: str | None = Field(default=None, sa_type=Text)
    error_redirect_uri: str | None = Field(default=None, sa_type=Text)
    status: str = Field(default="PENDING", sa_type=Text)
    connection_id: str | None = references("connections.id", on_delete="SET NULL", optional=True)
    error: str | None = Field(default=None, sa_type=Text)
    browser_hash: str | None = Field(default=None, sa_type=Text)
    """Hash of the cookie of the browser that completed it: it alone may open the session from then on."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ConnectStep(Record, table=True):
    """What one browser has begun at a connect page: a hop to a provider, or a question. Its key is good once."""

    table = "connect_steps"

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    kind: str = Field(sa_type=Text)
    key_hash: str = Field(sa_type=Text, unique=True)
    browser_hash: str = Field(sa_type=Text)
    """Hash of the cookie of the browser that began."""
    integration_name: str = Field(sa_type=Text)
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the browser came back. The row stays a while, to tell whoever comes a second time."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class IdentityCheck(Record, table=True):
    """A browser that is about to show who sits at it: by a code sent by mail, the product's hand-off, or a provider."""

    table = "identity_checks"
    __table_args__ = (CheckConstraint("kind in ('email', 'handoff', 'provider')", name="kind"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    kind: str = Field(sa_type=Text)
    key_hash: str = Field(sa_type=Text, unique=True)
    """Hash of what names the check: the challenge, the provider's state, or the page that asks for the code."""
    browser_hash: str = Field(sa_type=Text)
    """Hash of the cookie of the browser that began."""
    proof: str | None = Field(default=None, sa_type=Text, index=True)
    """HMAC of the code that was sent; hash of the return secret once the product has confirmed."""
    tries: int = Field(default=0)
    end_user_id: str | None = references("end_users.id", on_delete="CASCADE", optional=True)
    """Who the check is about; for a hand-off, whom the product has confirmed."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """What the browser goes on with afterwards."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class KnownBrowser(Record, table=True):
    """A browser that has shown, not long ago, that an end user sits at it."""

    table = "known_browsers"
    __table_args__ = (UniqueConstraint("end_user_id", "browser_hash"),)

    organization_id: str = references("organizations.id", on_delete="CASCADE")
    workspace_id: str = references("workspaces.id", on_delete="CASCADE")
    end_user_id: str = references("end_users.id", on_delete="CASCADE", index=False)
    browser_hash: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    """How it was shown: email, handoff."""
    email_key: str | None = Field(default=None, sa_type=Text)
    """By which address, if by e-mail: shown for no other that the record may have by now."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
