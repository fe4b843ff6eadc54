"""Connect sessions: a backend asks for one account by OAuth, and learns what has become of it (contract 1.5)."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.connections.connect_methods import connect_methods, no_app
from gateway.connections.connections import not_their_scope
from gateway.connections.oauth_apps import OAuthApps, WantedApp, choose_app
from gateway.errors import (
    Forbidden,
    IntegrationNotFound,
    InvalidToken,
    NotFound,
    NotOAuth2,
    ScopeDenied,
    SessionNotFound,
    ValidationFailed,
)
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import MintedToken, TokenKind, hash_token, is_well_formed, mint
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.return_addresses import accept_return_address
from gateway.tenancy.workspace_settings import settings_of
from integrations.auth_methods import OAuth2
from integrations.integration import Integration
from storage.database import Database, Transaction
from storage.records import ConnectSession, Workspace, WorkspaceIntegration
from storage.scope import TenantScope

PATH = "/connect"
LIFETIME = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """The account that is wanted; the workspace is named by id."""

    integration_name: str
    connection_name: str
    external_id: str
    workspace_id: str
    workspace_integration_id: str | None = None
    auth_method_key: str | None = None
    end_user_external_id: str | None = None
    scope: str | None = None
    oauth_app_mode: str | None = None
    oauth_app_id: str | None = None
    success_redirect_uri: str | None = None
    error_redirect_uri: str | None = None


@dataclass(frozen=True, slots=True)
class MintedSession:
    """A fresh session; `url` holds `token.plain`, and neither is kept."""

    record: ConnectSession
    token: MintedToken
    url: str


class ConnectSessions:
    """The connect sessions of a tenant's workspaces."""

    def __init__(
        self, database: Database, *, catalogs: Catalogs, apps: OAuthApps, public_url: str, clock: Clock
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._apps = apps
        self._public_url = public_url
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewSession) -> MintedSession:
        """Begin a session.

        Raises `IntegrationNotFound`, `NotOAuth2`, `NoOAuthApp`, `MissingOAuth2Config`, `InvalidOAuthApp`, `NotFound`
        (the workspace), `ScopeDenied`, `Forbidden` (the end user is suspended), `ValidationFailed`.
        """
        catalog = self._catalogs.of(scope.organization_id)
        if new.integration_name not in catalog:
            raise IntegrationNotFound(f"there is no integration {new.integration_name[:100]!r} in the catalogue")
        integration = catalog.get(new.integration_name)
        owner, now = _owner(scope, new), self._clock()
        token = mint(TokenKind.CONNECT_SESSION)
        async with self._database.write() as tx:
            workspace = await tx.workspaces.get(scope, new.workspace_id)
            if workspace is None:
                raise NotFound("there is no such workspace")
            success = _address(workspace, new.success_redirect_uri, "successRedirectUri")
            failure = _address(workspace, new.error_redirect_uri, "errorRedirectUri")
            instance = await self._instance(tx, scope, new)
            method = _method(integration, new, instance)
            app_id = await choose_app(tx, scope, _wanted_app(new, instance, owner=owner))
            if app_id is None and await self._apps.find(scope, integration.name) is None:
                raise no_app(integration, oauth_app_id=None, public_url=self._public_url)
            row = await tx.connect_sessions.insert(
                ConnectSession(
                    id=new_id(),
                    organization_id=scope.organization_id,
                    workspace_id=new.workspace_id,
                    workspace_integration_id=None if instance is None else instance.id,
                    token_hash=token.hash,
                    integration_name=integration.name,
                    auth_method_key=method.key,
                    oauth_app_mode=new.oauth_app_mode,
                    oauth_app_id=app_id,
                    connection_name=new.connection_name,
                    external_id=new.external_id,
                    scope=owner,
                    end_user_external_id=new.end_user_external_id,
                    success_redirect_uri=success,
                    error_redirect_uri=failure,
                    expires_at=now + LIFETIME,
                    created_at=now,
                )
            )
        return MintedSession(row, token, f"{self._public_url}{PATH}?token={token.plain}")

    async def get(self, scope: TenantScope, session_id: str) -> ConnectSession:
        """Return a session. Raises `SessionNotFound`."""
        async with self._database.read() as tx:
            row = await tx.connect_sessions.get(scope, session_id)
        if row is None:
            raise SessionNotFound("there is no such connect session")
        return row

    async def poll(self, token: str) -> ConnectSession:
        """Return the session that a token opens. Raises `InvalidToken` for any other, and for one that has ended."""
        row = None
        if is_well_formed(token, TokenKind.CONNECT_SESSION):
            async with self._database.read() as tx:
                row = await tx.connect_sessions.by_hash(hash_token(token))
        if row is None or row.expires_at <= self._clock():
            raise InvalidToken("token: this opens no connect session, or none any more; they last for four hours")
        return row

    async def note(self, session: ConnectSession, status: str, *, error: str | None = None) -> None:
        """Set what has become of a session that has not completed."""
        scope = TenantScope(session.organization_id)
        async with self._database.write() as tx:
            row = await tx.connect_sessions.get(scope, session.id)
            if row is not None and row.status != "COMPLETED":
                await tx.connect_sessions.update(row, status=status, error=error)

    async def _instance(self, tx: Transaction, scope: TenantScope, new: NewSession) -> WorkspaceIntegration | None:
        """Find the instance that the account is for: the one named, else an end user's only one."""
        if new.end_user_external_id is not None:
            end_user = await tx.end_users.by_external_id(scope, new.workspace_id, new.end_user_external_id)
            if end_user is not None and end_user.suspended_at is not None:
                raise Forbidden("endUserId: this end user is suspended")
        configured = [
            each
            for each in await tx.workspace_integrations.of_workspace(scope, new.workspace_id)
            if each.integration_name == new.integration_name
        ]
        if new.workspace_integration_id is None:
            return configured[0] if len(configured) == 1 and new.end_user_external_id is not None else None
        named = next((each for each in configured if each.id == new.workspace_integration_id), None)
        if named is None:
            raise IntegrationNotFound(
                f"workspaceIntegrationId: the workspace has no {new.integration_name} integration of this id"
            )
        return named


def _owner(scope: TenantScope, new: NewSession) -> str:
    """Decide whose the account will be, as for connections that a backend makes itself."""
    natural = "USER" if new.end_user_external_id is not None else "WORKSPACE"
    wanted = new.scope or natural
    if wanted == "ORGANIZATION" and natural != "USER":
        if scope.workspace_ids is not None:
            raise ScopeDenied("a connection of the whole organization needs an organization-wide API key")
        return wanted
    if wanted != natural:
        raise not_their_scope(wanted)
    return wanted


def _wanted_app(new: NewSession, instance: WorkspaceIntegration | None, *, owner: str) -> WantedApp:
    """Return which OAuth app is meant: the request's choice, else that of the instance."""
    chooses_itself = new.oauth_app_mode is not None or new.oauth_app_id is not None
    by = new if chooses_itself or instance is None else instance
    workspace_id = None if owner == "ORGANIZATION" else new.workspace_id
    return WantedApp(new.integration_name, workspace_id, by.oauth_app_mode, by.oauth_app_id)


def _method(integration: Integration, new: NewSession, instance: WorkspaceIntegration | None) -> OAuth2:
    key = new.auth_method_key or (instance.auth_method_key if instance is not None else None)
    found = [method for method in connect_methods(integration.auth, only=key) if isinstance(method, OAuth2)]
    if not found:
        if key is not None and key not in {method.key for method in integration.auth}:
            raise NotOAuth2(f"authMethodKey: {integration.title} has no auth method {key[:100]!r}")
        what = integration.title if key is None else f"the auth method {key!r} of {integration.title}"
        raise NotOAuth2(f"{what} does not connect by OAuth: make a portal link, or create the connection directly")
    return found[0]


def _address(workspace: Workspace, address: str | None, where: str) -> str | None:
    """Return where a person may be sent afterwards: where the workspace has a list, exactly what stands in it."""
    if address is None:
        return None
    listed = settings_of(workspace).redirect_uris
    if listed is not None and address not in listed:
        raise ValidationFailed(f"{where}: not one of the workspace's settings.redirectUris, letter by letter")
    return accept_return_address(address, where)
