"""A tenant with one row of every kind, to look for from outside."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from storage.database import Transaction
from storage.records import (
    ApiKey,
    Connection,
    ConnectLink,
    ConnectSession,
    ConnectStep,
    DeviceCode,
    EndUser,
    HandoffKey,
    HeldTool,
    Identity,
    IdentityCheck,
    IdentityProvider,
    KnownBrowser,
    LinkedIdentity,
    McpServer,
    McpServerTool,
    McpToken,
    OAuthApp,
    OAuthClient,
    OAuthCode,
    OAuthGrant,
    OAuthRefreshToken,
    OAuthRequest,
    Organization,
    OwnIntegration,
    Revocation,
    SignedInBrowser,
    SpentHandoffToken,
    StateEntry,
    StateFile,
    StateNamespace,
    Webhook,
    WebhookDelivery,
    Workspace,
    WorkspaceIntegration,
)
from storage.scope import TenantScope

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, UTC)
_numbers = count(1)


@dataclass(frozen=True)
class Tenant:
    """One workspace with a row of every kind in it, all reachable from another."""

    organization: Organization
    workspace: Workspace
    api_key: ApiKey
    end_user: EndUser
    integration: WorkspaceIntegration
    connection: Connection
    """The end user's, made for the integration, and pinned by it and by the tool."""
    server: McpServer
    """Pinned to the end user."""
    tool: McpServerTool
    static_token: McpToken
    token: McpToken
    namespace: StateNamespace
    entry: StateEntry
    file: StateFile
    link: ConnectLink
    session: ConnectSession
    step: ConnectStep
    check: IdentityCheck
    """About the end user."""
    browser: KnownBrowser
    handoff_key: HandoffKey
    spent: SpentHandoffToken
    app: OAuthApp
    own: OwnIntegration
    held: HeldTool
    webhook: Webhook
    delivery: WebhookDelivery
    revocation: Revocation
    provider: IdentityProvider
    identity: Identity
    linked: LinkedIdentity
    """The identity, to the end user."""
    signed_in: SignedInBrowser
    client: OAuthClient
    """For the server."""
    request: OAuthRequest
    grant: OAuthGrant
    """To act as the end user at the server."""
    code: OAuthCode
    refresh_token: OAuthRefreshToken
    granted_token: McpToken
    service_token: McpToken
    device: DeviceCode

    @property
    def scope(self) -> TenantScope:
        """The whole organization."""
        return TenantScope(self.organization.id)

    @property
    def workspace_scope(self) -> TenantScope:
        """This workspace only, as a scoped API key has it."""
        return TenantScope(self.organization.id, frozenset((self.workspace.id,)))


async def plant(tx: Transaction, *, organization: Organization | None = None) -> Tenant:
    """Make a tenant: a new organization with a workspace, or another workspace of a given organization."""
    if organization is None:
        organization = await tx.organizations.insert(an_organization())
    workspace = await tx.workspaces.insert(a_workspace(organization))
    end_user = await tx.end_users.insert(an_end_user(workspace))
    integration = await tx.workspace_integrations.insert(an_integration(workspace))
    connection = await tx.connections.insert(
        a_connection(workspace, end_user=end_user, workspace_integration_id=integration.id)
    )
    await tx.workspace_integrations.update(integration, connection_id=connection.id)
    server = await tx.mcp_servers.insert(a_server(workspace, end_user_id=end_user.id, is_pinned=True))
    namespace = await tx.state_namespaces.insert(a_namespace(workspace, end_user))
    own = await tx.own_integrations.insert(an_own_integration(organization))
    webhook = await tx.webhooks.insert(a_webhook(workspace))
    identity = await tx.identities.insert(an_identity(organization))
    grant = await tx.oauth_grants.insert(a_grant(server, end_user_id=end_user.id, identity_id=identity.id))
    return Tenant(
        organization=organization,
        workspace=workspace,
        api_key=await tx.api_keys.insert(an_api_key(organization)),
        end_user=end_user,
        integration=integration,
        connection=connection,
        server=server,
        tool=await tx.mcp_server_tools.insert(a_tool(server, connection_id=connection.id)),
        static_token=await tx.mcp_tokens.insert(a_token(server, kind="static")),
        token=await tx.mcp_tokens.insert(a_token(server, kind="end_user", end_user_id=end_user.id)),
        namespace=namespace,
        entry=await tx.state_entries.insert(an_entry(namespace, "color", '"green"')),
        file=await tx.state_files.insert(a_file(namespace, "notes/today.txt")),
        link=await tx.connect_links.insert(a_link(end_user)),
        session=await tx.connect_sessions.insert(a_session(end_user, connection_id=connection.id)),
        step=await tx.connect_steps.insert(a_step(workspace)),
        check=await tx.identity_checks.insert(a_check(workspace, end_user_id=end_user.id)),
        browser=await tx.known_browsers.insert(a_browser(end_user)),
        handoff_key=await tx.handoff_keys.insert(a_handoff_key(workspace)),
        spent=await tx.spent_handoff_tokens.insert(a_spent_token(workspace)),
        app=await tx.oauth_apps.insert(an_app(workspace)),
        own=own,
        held=await tx.held_tools.insert(a_held_tool(own)),
        webhook=webhook,
        delivery=await tx.webhook_deliveries.insert(a_delivery(webhook)),
        revocation=await tx.revocations.insert(a_revocation(workspace)),
        provider=await tx.identity_providers.insert(a_provider(organization)),
        identity=identity,
        linked=await tx.linked_identities.insert(a_linked_identity(end_user, identity)),
        signed_in=await tx.signed_in_browsers.insert(a_signed_in_browser(identity)),
        client=await tx.oauth_clients.insert(a_client(server)),
        request=await tx.oauth_requests.insert(a_request(server, identity_id=identity.id, end_user_id=end_user.id)),
        grant=grant,
        code=await tx.oauth_codes.insert(a_code(grant)),
        refresh_token=await tx.oauth_refresh_tokens.insert(a_refresh_token(grant)),
        granted_token=await tx.mcp_tokens.insert(
            a_token(server, kind="oauth", end_user_id=end_user.id, grant_id=grant.id)
        ),
        service_token=await tx.mcp_tokens.insert(a_token(server, kind="service")),
        device=await tx.device_codes.insert(a_device(server, grant_id=grant.id)),
    )


def an_organization(**values: Any) -> Organization:
    return Organization(**_row(values, name="Acme", slug=_name(), updated_at=NOW))


def an_api_key(organization: Organization, **values: Any) -> ApiKey:
    return ApiKey(
        **_row(values, organization_id=organization.id, name="key", key_hash=_name(), key_prefix="wvz_1234"),
    )


def a_workspace(organization: Organization, **values: Any) -> Workspace:
    return Workspace(**_row(values, organization_id=organization.id, name="Main", slug=_name(), updated_at=NOW))


def an_end_user(workspace: Workspace, **values: Any) -> EndUser:
    address = {"email": "Ann@x.test", "email_key": "ann@x.test"}
    return EndUser(**_row(values, **_in(workspace), **address, external_id=_name(), updated_at=NOW))


def an_integration(workspace: Workspace, **values: Any) -> WorkspaceIntegration:
    return WorkspaceIntegration(
        **_row(
            values,
            **_in(workspace),
            integration_name="slack",
            alias=_name(),
            tool_prefix=_name(),
            connection_strategy="per_user",
            updated_at=NOW,
        )
    )


def a_connection(workspace: Workspace, *, end_user: EndUser | None = None, **values: Any) -> Connection:
    """The end user's connection, or the workspace's."""
    scope = {"scope": "WORKSPACE"} if end_user is None else {"scope": "USER", "end_user_id": end_user.id}
    return Connection(
        **_row(
            values,
            **_in(workspace),
            **scope,
            owner=(end_user or workspace).id,
            integration_name="slack",
            external_id=_name(),
            display_name="Ann's Slack",
            type="OAUTH2",
            auth_method_key="user",
            granted_scopes=["chat:write"],
            sealed=b"\x01sealed",
            updated_at=NOW,
        )
    )


def an_organization_connection(organization: Organization, **values: Any) -> Connection:
    return Connection(
        **_row(
            values,
            organization_id=organization.id,
            owner=organization.id,
            scope="ORGANIZATION",
            integration_name="slack",
            external_id=_name(),
            display_name="Everybody's Slack",
            type="SECRET_TEXT",
            sealed=b"\x01sealed",
            updated_at=NOW,
        )
    )


def a_server(workspace: Workspace, **values: Any) -> McpServer:
    modes = {"mode": "TOOLS", "auth_mode": "bearer", "end_user_access": "restricted"}
    return McpServer(**_row(values, **_in(workspace), **modes, name="Agent", updated_at=NOW))


def a_tool(server: McpServer, **values: Any) -> McpServerTool:
    return McpServerTool(
        **_row(
            values,
            organization_id=server.organization_id,
            server_id=server.id,
            integration_name="slack",
            integration_alias="slack",
            action_name=_name(),
            updated_at=NOW,
        )
    )


def a_token(server: McpServer, **values: Any) -> McpToken:
    return McpToken(
        **_row(
            values,
            organization_id=server.organization_id,
            workspace_id=server.workspace_id,
            server_id=server.id,
            token_hash=_name(),
            token_prefix="mcp_1234",
            scopes=["mcp:tools"],
        )
    )


def a_namespace(workspace: Workspace, end_user: EndUser, **values: Any) -> StateNamespace:
    key = {"scope": "end_user", "key": end_user.id, "end_user_id": end_user.id}
    return StateNamespace(**_row(values, **_in(workspace), **key, integration_name="kv-store"))


def an_entry(namespace: StateNamespace, key: str, value: str) -> StateEntry:
    return StateEntry(**_row({}, namespace_id=namespace.id, key=key, value=value))


def a_file(namespace: StateNamespace, path: str, **values: Any) -> StateFile:
    content = {"content_type": "text/plain", "size": 5, "content": b"hello"}
    return StateFile(**_row(values, **content, namespace_id=namespace.id, path=path, updated_at=NOW))


def a_link(end_user: EndUser, **values: Any) -> ConnectLink:
    owner = {"organization_id": end_user.organization_id, "workspace_id": end_user.workspace_id}
    return ConnectLink(**_row(values, **owner, end_user_id=end_user.id, token_hash=_name(), expires_at=NOW))


def a_session(end_user: EndUser, **values: Any) -> ConnectSession:
    return ConnectSession(
        **_row(
            values,
            organization_id=end_user.organization_id,
            workspace_id=end_user.workspace_id,
            end_user_external_id=end_user.external_id,
            token_hash=_name(),
            integration_name="slack",
            auth_method_key="user",
            connection_name="Ann's Slack",
            external_id=_name(),
            scope="USER",
            expires_at=NOW,
        )
    )


def a_step(workspace: Workspace, **values: Any) -> ConnectStep:
    names = {"key_hash": _name(), "browser_hash": _name(), "integration_name": "slack"}
    return ConnectStep(**_row(values, **_in(workspace), **names, kind="hop", sealed=b"\x01sealed", expires_at=NOW))


def a_check(workspace: Workspace, **values: Any) -> IdentityCheck:
    names = {"key_hash": _name(), "browser_hash": _name()}
    return IdentityCheck(**_row(values, **_in(workspace), **names, kind="email", sealed=b"\x01sealed", expires_at=NOW))


def a_browser(end_user: EndUser, **values: Any) -> KnownBrowser:
    owner = {"organization_id": end_user.organization_id, "workspace_id": end_user.workspace_id}
    return KnownBrowser(
        **_row(values, **owner, end_user_id=end_user.id, browser_hash=_name(), method="email", expires_at=NOW)
    )


def a_handoff_key(workspace: Workspace, **values: Any) -> HandoffKey:
    return HandoffKey(**_row(values, **_in(workspace), sealed=b"\x01sealed", updated_at=NOW))


def a_spent_token(workspace: Workspace, **values: Any) -> SpentHandoffToken:
    return SpentHandoffToken(**_row(values, **_in(workspace), token_hash=_name(), expires_at=NOW))


def an_app(workspace: Workspace, **values: Any) -> OAuthApp:
    names = {"integration_name": "slack", "name": "Our Slack", "client_id": _name()}
    return OAuthApp(**_row(values, **_in(workspace), **names, sealed=b"\x01sealed", updated_at=NOW))


def an_own_integration(organization: Organization, **values: Any) -> OwnIntegration:
    owner = {"organization_id": organization.id, "name": f"custom-{_name()}"}
    return OwnIntegration(**_row(values, **owner, manifest={"name": owner["name"]}, updated_at=NOW))


def a_held_tool(own: OwnIntegration, **values: Any) -> HeldTool:
    where = {"organization_id": own.organization_id, "integration_id": own.id}
    return HeldTool(**_row(values, **where, name="search", kind="added", findings=[], last_seen_at=NOW))


def a_webhook(workspace: Workspace, **values: Any) -> Webhook:
    return Webhook(
        **_row(values, **_in(workspace), url="https://app.example/hook", sealed=b"\x01sealed", updated_at=NOW)
    )


def a_delivery(webhook: Webhook, **values: Any) -> WebhookDelivery:
    about = {"event_id": _name(), "event": "connection.created", "body": "{}", "subject_id": new_id()}
    owner = {"organization_id": webhook.organization_id, "workspace_id": webhook.workspace_id}
    order = {"sequence": next(_numbers), "next_attempt_at": NOW}
    return WebhookDelivery(**_row(values, **about, **owner, **order, webhook_id=webhook.id))


def a_revocation(workspace: Workspace, **values: Any) -> Revocation:
    gone = {"connection_id": new_id(), "integration_name": "slack", "auth_method_key": "user"}
    return Revocation(**_row(values, **_in(workspace), **gone, sealed=b"\x01sealed", next_attempt_at=NOW))


def a_provider(organization: Organization, **values: Any) -> IdentityProvider:
    names = {"name": "Okta", "issuer": f"https://{_name()}.example", "client_id": _name()}
    return IdentityProvider(**_row(values, **names, organization_id=organization.id, updated_at=NOW))


def an_identity(organization: Organization, **values: Any) -> Identity:
    names = {"issuer": "email", "subject": _name()}
    return Identity(**_row(values, **names, organization_id=organization.id, updated_at=NOW))


def a_linked_identity(end_user: EndUser, identity: Identity, **values: Any) -> LinkedIdentity:
    owner = {"organization_id": end_user.organization_id, "workspace_id": end_user.workspace_id}
    return LinkedIdentity(**_row(values, **owner, end_user_id=end_user.id, identity_id=identity.id))


def a_signed_in_browser(identity: Identity, **values: Any) -> SignedInBrowser:
    owner = {"organization_id": identity.organization_id, "identity_id": identity.id}
    return SignedInBrowser(**_row(values, **owner, browser_hash=_name(), last_used_at=NOW, expires_at=NOW))


def a_client(server: McpServer, **values: Any) -> OAuthClient:
    owner = {"organization_id": server.organization_id, "server_id": server.id}
    says = {"kind": "registered", "client_id": _name(), "name": "Agent", "auth_method": "none"}
    uris = {"redirect_uris": ["http://127.0.0.1/callback"], "grant_types": ["authorization_code"]}
    return OAuthClient(**_row(values, **owner, **says, **uris, updated_at=NOW))


def a_request(server: McpServer, **values: Any) -> OAuthRequest:
    names = {"key_hash": _name(), "browser_hash": _name()}
    return OAuthRequest(**_row(values, **_at(server), **names, sealed=b"\x01sealed", expires_at=NOW))


def a_grant(server: McpServer, **values: Any) -> OAuthGrant:
    says = {"kind": "code", "client_id": _name(), "client_name": "Agent", "scopes": ["mcp:tools"]}
    return OAuthGrant(**_row(values, **_at(server), **says, last_used_at=NOW, expires_at=NOW, updated_at=NOW))


def a_code(grant: OAuthGrant, **values: Any) -> OAuthCode:
    says = {"redirect_uri": "http://127.0.0.1/callback", "challenge": "c" * 43}
    return OAuthCode(**_row(values, **says, grant_id=grant.id, code_hash=_name(), expires_at=NOW))


def a_refresh_token(grant: OAuthGrant, **values: Any) -> OAuthRefreshToken:
    return OAuthRefreshToken(**_row(values, grant_id=grant.id, token_hash=_name()))


def a_device(server: McpServer, **values: Any) -> DeviceCode:
    names = {"device_hash": _name(), "user_code_hash": _name(), "client_id": _name()}
    return DeviceCode(**_row(values, **_at(server), **names, scopes=["mcp:tools"], interval_seconds=5, expires_at=NOW))


def new_id() -> str:
    return str(uuid4())


def _row(values: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    return {"id": new_id(), "created_at": NOW, **defaults, **values}


def _in(workspace: Workspace) -> dict[str, Any]:
    return {"organization_id": workspace.organization_id, "workspace_id": workspace.id}


def _at(server: McpServer) -> dict[str, Any]:
    return {
        "organization_id": server.organization_id,
        "workspace_id": server.workspace_id,
        "server_id": server.id,
    }


def _name() -> str:
    return f"name-{next(_numbers)}"
