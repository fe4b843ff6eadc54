"""The tables. Uniqueness, references and cascades live here, in the database, not in the rules."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime, bytewise_text, json_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Record(SQLModel):
    """What every table has: an id of our own making, and when the row was made."""

    metadata = MetaData(naming_convention=NAMING)
    table: ClassVar[str]

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore[reportIncompatibleVariableOverride]
        """Name the table as the class says; SQLAlchemy hands over the class, SQLModel types this as a plain name."""
        return cls.table

    id: str = Field(primary_key=True, max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime)


def _references(target: str, *, on_delete: str, optional: bool = False, index: bool = True) -> Any:
    """A foreign key column to `target` (table.column)."""
    return Field(
        default=None if optional else ...,
        sa_column=Column(Text, ForeignKey(target, ondelete=on_delete), nullable=optional, index=index),
    )


def _json(*, optional: bool = True) -> Any:
    return Field(default=None if optional else ..., sa_column=Column(json_column(), nullable=optional))


class Organization(Record, table=True):
    """The top of a tenant: everything else hangs below one."""

    table = "organizations"

    name: str = Field(sa_type=Text)
    slug: str = Field(sa_type=Text, unique=True)
    settings: dict[str, Any] | None = _json()
    updated_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(Record, table=True):
    """A product backend's key for REST; only its hash is kept."""

    table = "api_keys"

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    name: str = Field(sa_type=Text)
    key_hash: str = Field(sa_type=Text, unique=True)
    key_prefix: str = Field(sa_type=Text)
    permissions: dict[str, Any] | None = _json()
    """Exactly what was sent at creation; `scope: workspace` with `workspaceIds` narrows the key."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Workspace(Record, table=True):
    """A configured container of integrations: one customer, or one environment."""

    table = "workspaces"
    __table_args__ = (UniqueConstraint("organization_id", "slug"),)

    organization_id: str = _references("organizations.id", on_delete="CASCADE", index=False)
    name: str = Field(sa_type=Text)
    slug: str = Field(sa_type=Text)
    settings: dict[str, Any] | None = _json()
    updated_at: datetime = Field(sa_type=UtcDateTime)


class EndUser(Record, table=True):
    """A person who uses the product; `external_id` is the product's own id for them."""

    table = "end_users"
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id"),
        Index(None, "workspace_id", "email_key"),
        CheckConstraint("type in ('external', 'member')", name="type"),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE", index=False)
    external_id: str | None = Field(default=None, sa_type=Text)
    type: str = Field(default="external", sa_type=Text)
    display_name: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    email_key: str | None = Field(default=None, sa_type=Text)
    """The address as it is compared: ASCII-folded, its domain IDNA-normalised (design/links-and-identity)."""
    details: dict[str, Any] | None = Field(default=None, sa_column=Column("metadata", json_column(), nullable=True))
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    linked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When somebody at a browser first showed to be this person; None while only the product has spoken of them."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Connection(Record, table=True):
    """One third-party account with its sealed credential."""

    table = "connections"
    __table_args__ = (
        UniqueConstraint("owner", "integration_name", "external_id"),
        CheckConstraint("status in ('ACTIVE', 'ERROR')", name="status"),
        CheckConstraint("scope in ('ORGANIZATION', 'WORKSPACE', 'USER')", name="scope"),
        CheckConstraint("(scope = 'ORGANIZATION') = (workspace_id is null)", name="workspace"),
        CheckConstraint("(scope = 'USER') = (end_user_id is not null)", name="end_user"),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = _references("workspaces.id", on_delete="CASCADE", optional=True)
    end_user_id: str | None = _references("end_users.id", on_delete="CASCADE", optional=True)
    owner: str = Field(sa_type=Text)
    """The id of the organization, workspace or end user whose it is: the space in which `external_id` is unique."""
    workspace_integration_id: str | None = _references("workspace_integrations.id", on_delete="SET NULL", optional=True)
    """The instance it was made for; a sibling alias of the same integration never uses it."""
    made_for_alias: str | None = Field(default=None, sa_type=Text)
    """The alias of that instance after the instance was removed: only its successor takes the connection up."""
    integration_name: str = Field(sa_type=Text)
    auth_method_key: str | None = Field(default=None, sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text)
    external_id: str = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    status: str = Field(default="ACTIVE", sa_type=Text)
    scope: str = Field(sa_type=Text)
    account_id: str | None = Field(default=None, sa_type=Text)
    account_label: str | None = Field(default=None, sa_type=Text)
    granted_scopes: list[str] | None = _json()
    missing_scopes: list[str] | None = _json()
    """What the enabled actions need beyond what was granted; None where nothing is missing."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    version: int = Field(default=1)
    """Counts the credentials this row has held."""
    obtained_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the credential of this version was asked for: its lifetime runs from here to `expires_at`."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refresh_started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Set before the provider is asked for new tokens, cleared with the answer: still set, the answer was lost."""
    refreshed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class WorkspaceIntegration(Record, table=True):
    """One integration as a workspace has configured it, under an alias."""

    table = "workspace_integrations"
    __table_args__ = (
        UniqueConstraint("workspace_id", "alias"),
        UniqueConstraint("workspace_id", "tool_prefix"),
        CheckConstraint(
            "connection_strategy in ('fixed', 'per_user', 'per_user_with_fallback')", name="connection_strategy"
        ),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE", index=False)
    integration_name: str = Field(sa_type=Text)
    alias: str = Field(sa_type=Text)
    tool_prefix: str = Field(sa_type=Text)
    """The alias as it stands in tool names; unique, so that no two aliases can publish the same tool."""
    connection_strategy: str = Field(sa_type=Text)
    auth_method_key: str | None = Field(default=None, sa_type=Text)
    oauth_app_mode: str | None = Field(default=None, sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text)
    connection_id: str | None = Field(
        default=None,
        # The two tables point at each other: this one is added after both are made.
        sa_column=Column(
            Text, ForeignKey("connections.id", ondelete="SET NULL", use_alter=True), nullable=True, index=True
        ),
    )
    display_name: str | None = Field(default=None, sa_type=Text)
    enabled_actions: list[str] | None = _json()
    settings: dict[str, Any] | None = _json()
    sort_order: int = Field(default=0)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class McpServer(Record, table=True):
    """One MCP endpoint of a workspace."""

    table = "mcp_servers"
    __table_args__ = (
        CheckConstraint("mode in ('TOOLS', 'CODE')", name="mode"),
        CheckConstraint("auth_mode in ('oauth', 'bearer', 'oauth_and_bearer')", name="auth_mode"),
        CheckConstraint("end_user_access in ('restricted', 'open')", name="end_user_access"),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
    name: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    mode: str = Field(sa_type=Text)
    auth_mode: str = Field(sa_type=Text)
    end_user_access: str = Field(sa_type=Text)
    settings: dict[str, Any] | None = _json()
    created_by: str | None = Field(default=None, sa_type=Text)
    end_user_id: str | None = _references("end_users.id", on_delete="SET NULL", optional=True)
    is_pinned: bool = Field(default=False)
    """Made for one end user. Stays true when that user is deleted: the server then serves nobody."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class McpServerTool(Record, table=True):
    """A tool that was added to one MCP server by hand; it overrides the workspace's tool of the same name."""

    table = "mcp_server_tools"
    __table_args__ = (UniqueConstraint("server_id", "integration_alias", "action_name"),)

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    server_id: str = _references("mcp_servers.id", on_delete="CASCADE", index=False)
    integration_name: str = Field(sa_type=Text)
    integration_alias: str = Field(sa_type=Text)
    action_name: str = Field(sa_type=Text)
    tool_type: str = Field(default="ACTION", sa_type=Text)
    connection_id: str | None = _references("connections.id", on_delete="SET NULL", optional=True)
    display_name: str | None = Field(default=None, sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    input_defaults: dict[str, Any] | None = _json()
    partial_ids: list[str] | None = _json()
    sort_order: int = Field(default=0)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class McpToken(Record, table=True):
    """A bearer token of one MCP server: static (no end user), or one end user's."""

    table = "mcp_tokens"
    __table_args__ = (
        CheckConstraint("kind in ('static', 'end_user', 'oauth')", name="kind"),
        CheckConstraint("(kind = 'static') = (end_user_id is null)", name="end_user"),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
    server_id: str = _references("mcp_servers.id", on_delete="CASCADE")
    end_user_id: str | None = _references("end_users.id", on_delete="CASCADE", optional=True)
    kind: str = Field(sa_type=Text)
    token_hash: str = Field(sa_type=Text, unique=True)
    token_prefix: str = Field(sa_type=Text)
    scopes: list[str] = _json(optional=False)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConnectLink(Record, table=True):
    """A portal link: opens the connect portal for one end user, for all integrations or only one.

    A link-mode secret is one too, good once and only for becoming a portal link of the browser that confirmed it.
    """

    table = "connect_links"
    __table_args__ = (CheckConstraint("kind in ('portal', 'secret')", name="kind"),)

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
    end_user_id: str = _references("end_users.id", on_delete="CASCADE")
    workspace_integration_id: str | None = _references("workspace_integrations.id", on_delete="CASCADE", optional=True)
    kind: str = Field(default="portal", sa_type=Text)
    token_hash: str = Field(sa_type=Text, unique=True)
    browser_hash: str | None = Field(default=None, sa_type=Text)
    """Hash of the cookie of the only browser that may open it; None opens to whoever holds it."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ConnectSession(Record, table=True):
    """One account that a backend asks somebody to connect, and what has become of it (contract 1.5)."""

    table = "connect_sessions"
    __table_args__ = (
        CheckConstraint("status in ('PENDING', 'CONNECTING', 'COMPLETED', 'FAILED')", name="status"),
        CheckConstraint("scope in ('ORGANIZATION', 'WORKSPACE', 'USER')", name="scope"),
        CheckConstraint("(scope = 'USER') = (end_user_external_id is not null)", name="end_user"),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
    workspace_integration_id: str | None = _references("workspace_integrations.id", on_delete="CASCADE", optional=True)
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
    connection_id: str | None = _references("connections.id", on_delete="SET NULL", optional=True)
    error: str | None = Field(default=None, sa_type=Text)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ConnectStep(Record, table=True):
    """What one browser has begun at a connect page: a hop to a provider, or a question. Its key is good once."""

    table = "connect_steps"

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
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
    """A browser that is about to show who opened a setup URL: by a code sent by mail, or by the product's hand-off."""

    table = "identity_checks"
    __table_args__ = (CheckConstraint("kind in ('email', 'handoff')", name="kind"),)

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
    kind: str = Field(sa_type=Text)
    key_hash: str = Field(sa_type=Text, unique=True)
    """Hash of what names the check: the hand-off's challenge, or the id of the page that asks for the code."""
    browser_hash: str = Field(sa_type=Text)
    """Hash of the cookie of the browser that began."""
    proof: str | None = Field(default=None, sa_type=Text, index=True)
    """HMAC of the code that was sent; hash of the return secret once the product has confirmed."""
    tries: int = Field(default=0)
    end_user_id: str | None = _references("end_users.id", on_delete="CASCADE", optional=True)
    """Who the check is about; for a hand-off, whom the product has confirmed."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """What the browser goes on with afterwards."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class KnownBrowser(Record, table=True):
    """A browser that has shown, not long ago, that an end user sits at it."""

    table = "known_browsers"
    __table_args__ = (UniqueConstraint("end_user_id", "browser_hash"),)

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE")
    end_user_id: str = _references("end_users.id", on_delete="CASCADE", index=False)
    browser_hash: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    """How it was shown: email, handoff."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class OAuthApp(Record, table=True):
    """A tenant's own registration at a provider, shown there in place of the deployment's."""

    table = "oauth_apps"

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = _references("workspaces.id", on_delete="CASCADE", optional=True)
    integration_name: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text)
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True), repr=False)
    """The client secret; a public app has none."""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Revocation(Record, table=True):
    """A grant whose connection is gone, and of which the provider is still to be told; erased once it has been.

    Points at no other table: it outlives the organization whose deletion queued it.
    """

    table = "revocations"

    organization_id: str = Field(sa_type=Text, index=True)
    workspace_id: str | None = Field(default=None, sa_type=Text)
    connection_id: str = Field(sa_type=Text)
    """The connection that is gone, or whose account was replaced."""
    integration_name: str = Field(sa_type=Text)
    auth_method_key: str = Field(sa_type=Text)
    oauth_app_id: str | None = Field(default=None, sa_type=Text)
    client_id: str | None = Field(default=None, sa_type=Text)
    """What the provider knows the OAuth app by; None where none was known any more."""
    account_id: str | None = Field(default=None, sa_type=Text)
    account_label: str | None = Field(default=None, sa_type=Text)
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """The credential, and the OAuth app that it belongs to; nothing any more once it was given up."""
    attempts: int = Field(default=0)
    next_attempt_at: datetime = Field(sa_type=UtcDateTime, index=True)
    last_error: str | None = Field(default=None, sa_type=Text)
    given_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the provider had been asked often enough; the row stays a while for people to see."""


class Webhook(Record, table=True):
    """Where a product's backend wants to be told of events: of the organization, or of one workspace."""

    table = "webhooks"

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = _references("workspaces.id", on_delete="CASCADE", optional=True)
    url: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    events: list[str] | None = _json()
    """Names of the events that are wanted; None means all."""
    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    """The signing secrets."""
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_reason: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class WebhookDelivery(Record, table=True):
    """One event on its way to one webhook: written in the transaction that it tells of, kept for replay."""

    table = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status in ('PENDING', 'DELIVERED', 'FAILED')", name="status"),
        Index(None, "status", "next_attempt_at"),
        Index(None, "webhook_id", "sequence"),
        Index("ix_webhook_deliveries_webhook_id_status_sequence", "webhook_id", "status", "sequence"),
        Index(None, "subject_id"),
    )

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str | None = _references("workspaces.id", on_delete="CASCADE", optional=True)
    """The webhook's."""
    webhook_id: str = _references("webhooks.id", on_delete="CASCADE", index=False)
    sequence: int = Field(default=0, sa_type=BigInteger, unique=True)
    """Set as the row is added: counts upwards in the order of the commits, whatever the clock says."""
    subject_id: str = Field(sa_type=Text)
    """The connection or end user that it tells of: what is told of one thing is sent in order."""
    event_id: str = Field(sa_type=Text)
    """The same for every receiver and every attempt: what a receiver knows a repetition by."""
    event: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    """The JSON text that is signed and sent."""
    status: str = Field(default="PENDING", sa_type=Text)
    attempts: int = Field(default=0)
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_status: int | None = None
    """HTTP status of the last attempt, where there was an answer."""
    last_error: str | None = Field(default=None, sa_type=Text)


class StateNamespace(Record, table=True):
    """One space of key-value pairs and files: whose, for which built-in integration (contract 4.17)."""

    table = "state_namespaces"
    __table_args__ = (UniqueConstraint("workspace_id", "integration_name", "scope", "key"),)

    organization_id: str = _references("organizations.id", on_delete="CASCADE")
    workspace_id: str = _references("workspaces.id", on_delete="CASCADE", index=False)
    end_user_id: str | None = _references("end_users.id", on_delete="CASCADE", optional=True)
    integration_name: str = Field(sa_type=Text)
    scope: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text)
    """The end user's id, the workspace's id, or the namespace key of scope `external`."""


class StateEntry(Record, table=True):
    """One value of the key-value store."""

    table = "state_entries"
    __table_args__ = (UniqueConstraint("namespace_id", "key"),)

    namespace_id: str = _references("state_namespaces.id", on_delete="CASCADE", index=False)
    key: str = Field(sa_type=Text)
    value: str = Field(sa_type=Text)
    """JSON text, so that a stored null differs from no value."""


class StateFile(Record, table=True):
    """One file of a storage namespace."""

    table = "state_files"
    __table_args__ = (UniqueConstraint("namespace_id", "path"),)

    namespace_id: str = _references("state_namespaces.id", on_delete="CASCADE", index=False)
    path: str = Field(sa_column=Column(bytewise_text(), nullable=False))
    content_type: str = Field(sa_type=Text)
    size: int
    content: bytes = Field(sa_type=LargeBinary, repr=False)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class KeyRingCanary(Record, table=True):
    """A known text, sealed: a key ring that can't open it belongs to another database."""

    table = "key_ring_canary"

    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
