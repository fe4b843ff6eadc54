"""Signing in: identities and their browsers; OAuth clients, requests, grants, codes, refresh tokens, device codes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    identities()
    clients()
    grants()
    op.add_column("connect_links", text("onward", nullable=True))
    with op.batch_alter_table("mcp_tokens") as tokens:
        tokens.add_column(sa.Column("grant_id", sa.Text, nullable=True))
        tokens.create_foreign_key("fk_mcp_tokens_grant_id", "oauth_grants", ["grant_id"], ["id"], ondelete="CASCADE")
        tokens.create_index("ix_mcp_tokens_grant_id", ["grant_id"])
        for name in ("kind", "end_user"):
            tokens.drop_constraint(op.f(f"ck_mcp_tokens_{name}"), type_="check")
        tokens.create_check_constraint("kind", "kind in ('static', 'end_user', 'oauth', 'service')")
        tokens.create_check_constraint("end_user", "(kind in ('static', 'service')) = (end_user_id is null)")


def identities() -> None:
    op.create_table(
        "identity_providers",
        *row(),
        reference("organization_id", "organizations.id", index=False),
        *(text(name) for name in ("name", "issuer", "client_id")),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        moment("disabled_at", nullable=True),
        moment("updated_at"),
        sa.UniqueConstraint("organization_id", "issuer"),
    )
    op.create_table(
        "identities",
        *row(),
        reference("organization_id", "organizations.id", index=False),
        *(text(name) for name in ("issuer", "subject")),
        *(text(name, nullable=True) for name in ("email", "email_key", "display_name")),
        moment("updated_at"),
        sa.UniqueConstraint("organization_id", "issuer", "subject"),
    )
    op.create_table(
        "linked_identities",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("workspace_id", "workspaces.id", index=False),
        reference("end_user_id", "end_users.id"),
        reference("identity_id", "identities.id"),
        sa.UniqueConstraint("workspace_id", "identity_id"),
    )
    op.create_table(
        "signed_in_browsers",
        *row(),
        reference("organization_id", "organizations.id"),
        reference("identity_id", "identities.id", index=False),
        text("browser_hash", index=True),
        text("described", nullable=True),
        moment("last_used_at"),
        moment("expires_at", index=True),
        sa.UniqueConstraint("identity_id", "browser_hash"),
    )


def clients() -> None:
    op.create_table(
        "oauth_clients",
        *row(),
        reference("organization_id", "organizations.id", nullable=True),
        reference("server_id", "mcp_servers.id", nullable=True),
        *(text(name) for name in ("kind", "client_id", "name")),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("redirect_uris", "grant_types")),
        text("auth_method"),
        text("secret_hash", nullable=True),
        sa.Column("jwks", sa.JSON, nullable=True),
        text("jwks_uri", nullable=True),
        sa.Column("details", sa.JSON, nullable=True),
        text("registration_hash", nullable=True),
        moment("last_used_at", nullable=True),
        moment("expires_at", nullable=True, index=True),
        moment("updated_at"),
        sa.UniqueConstraint("client_id"),
        sa.CheckConstraint("kind in ('registered', 'dynamic')", name="kind"),
        sa.CheckConstraint("(kind = 'registered') = (organization_id is not null)", name="organization"),
    )
    op.create_table(
        "oauth_requests",
        *row(),
        *of_server(),
        *(text(name) for name in ("key_hash", "browser_hash")),
        reference("identity_id", "identities.id", nullable=True),
        reference("end_user_id", "end_users.id", nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        moment("expires_at", index=True),
        sa.UniqueConstraint("key_hash"),
    )


def grants() -> None:
    op.create_table(
        "oauth_grants",
        *row(),
        *of_server(),
        reference("end_user_id", "end_users.id", nullable=True),
        reference("identity_id", "identities.id", nullable=True, on_delete="SET NULL"),
        text("kind"),
        text("client_id", index=True),
        text("client_name"),
        text("redirect_uri", nullable=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        moment("last_used_at", nullable=True),
        moment("expires_at", index=True),
        moment("updated_at"),
        sa.CheckConstraint("kind in ('code', 'device', 'client_credentials')", name="kind"),
        sa.CheckConstraint("(kind = 'client_credentials') = (end_user_id is null)", name="end_user"),
    )
    op.create_table(
        "oauth_codes",
        *row(),
        reference("grant_id", "oauth_grants.id"),
        *(text(name) for name in ("code_hash", "redirect_uri", "challenge")),
        moment("used_at", nullable=True),
        moment("expires_at", index=True),
        sa.UniqueConstraint("code_hash"),
    )
    op.create_table(
        "oauth_refresh_tokens",
        *row(),
        reference("grant_id", "oauth_grants.id"),
        text("token_hash"),
        moment("superseded_at", nullable=True),
        sa.Column("successor", sa.LargeBinary, nullable=True),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "device_codes",
        *row(),
        *of_server(),
        reference("grant_id", "oauth_grants.id", nullable=True),
        *(text(name) for name in ("device_hash", "user_code_hash", "client_id")),
        sa.Column("scopes", sa.JSON, nullable=False),
        text("status"),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        moment("polled_at", nullable=True),
        moment("expires_at", index=True),
        sa.UniqueConstraint("device_hash"),
        sa.UniqueConstraint("user_code_hash"),
        sa.CheckConstraint("status in ('PENDING', 'APPROVED', 'DENIED')", name="status"),
    )


def row() -> tuple[sa.Column[Any], ...]:
    return (sa.Column("id", sa.String(36), primary_key=True), moment("created_at"))


def of_server() -> tuple[sa.Column[Any], ...]:
    tables = {"organization_id": "organizations.id", "workspace_id": "workspaces.id", "server_id": "mcp_servers.id"}
    return tuple(reference(name, target) for name, target in tables.items())


def text(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable, index=index)


def moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, index=index)


def reference(
    name: str, target: str, *, nullable: bool = False, index: bool = True, on_delete: str = "CASCADE"
) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete=on_delete), nullable=nullable, index=index)
