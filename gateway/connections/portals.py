"""What a portal link or a connect session opens: who asks whom to connect what, and what is connected already."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.connections.choice import Strategy, is_active
from gateway.connections.connect_links import end_users_connect
from gateway.connections.connect_methods import ConnectMethod, connect_methods
from gateway.kit.clock import Clock
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed
from gateway.tenancy.catalogs import Catalogs
from integrations.integration import Integration
from storage.database import Database, Transaction
from storage.records import (
    Connection,
    ConnectLink,
    ConnectSession,
    EndUser,
    Organization,
    Workspace,
    WorkspaceIntegration,
)
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class Offer:
    """One account that can be connected here. `held` is what is connected now, working or not."""

    integration: Integration
    instance: WorkspaceIntegration | None
    methods: tuple[ConnectMethod, ...]
    held: Connection | None

    @property
    def key(self) -> str:
        """What the pages call it by."""
        return self.integration.name if self.instance is None else self.instance.id

    @property
    def title(self) -> str:
        """What people call it."""
        return (self.instance.display_name if self.instance is not None else None) or self.integration.title

    @property
    def enabled_actions(self) -> Sequence[str] | None:
        """Names of the actions that the account will be used for; None means all."""
        return None if self.instance is None else self.instance.enabled_actions


@dataclass(frozen=True, slots=True)
class Portal:
    """An open door. Exactly one of `link` and `session` is there."""

    token: str = field(repr=False)
    organization: Organization
    workspace: Workspace
    end_user: EndUser | None
    """For whom; a session may name one who is not known yet, or be for a shared account."""
    link: ConnectLink | None
    session: ConnectSession | None
    offers: tuple[Offer, ...]
    browser_hash: str = field(repr=False)
    """Hash of the cookie of the browser that it is open in."""

    @property
    def scope(self) -> TenantScope:
        """Whose rows may be touched through this door."""
        return TenantScope(self.organization.id)

    @property
    def is_for_one(self) -> bool:
        """Tell whether the link is for one integration only."""
        return self.link is None or self.link.workspace_integration_id is not None

    @property
    def onward(self) -> str | None:
        """Return where people go on once they have connected what they want, where the link says so."""
        return None if self.link is None else self.link.onward

    def offer(self, key: str) -> Offer | None:
        """Return the offer that a page calls by this key."""
        return next((offer for offer in self.offers if offer.key == key), None)


class Portals:
    """Opens links and sessions by their tokens."""

    def __init__(self, database: Database, *, catalogs: Catalogs, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._clock = clock

    async def open(self, token: str, *, browser: str) -> Portal | None:
        """Return what the token opens in the browser that is known by this cookie.

        None for one that opens nothing (any more), or only in another browser, or whose end user is suspended.
        """
        browser_hash = hash_token(browser)
        async with self._database.read() as tx:
            if is_well_formed(token, TokenKind.CONNECT_LINK):
                return await self._by_link(tx, token, browser_hash)
            if is_well_formed(token, TokenKind.CONNECT_SESSION):
                return await self._by_session(tx, token, browser_hash)
        return None

    async def lacking(self, end_user: EndUser) -> Sequence[Offer]:
        """Return the accounts that an end user has yet to connect, or to connect again, before tools can use them."""
        scope = TenantScope(end_user.organization_id, frozenset((end_user.workspace_id,)))
        async with self._database.read() as tx:
            offers = [
                await self._own(tx, scope, end_user=end_user, instance=each)
                for each in await tx.workspace_integrations.of_workspace(scope, end_user.workspace_id)
                if end_users_connect(each, self._catalogs)
            ]
        return [each for each in offers if is_lacking(each)]

    async def _by_link(self, tx: Transaction, token: str, browser_hash: str) -> Portal | None:
        link = await tx.connect_links.by_hash(hash_token(token))
        if link is None or link.kind != "portal" or link.expires_at <= self._clock():
            return None
        if link.browser_hash not in (None, browser_hash):
            return None
        scope = TenantScope(link.organization_id, frozenset((link.workspace_id,)))
        end_user = await tx.end_users.get(scope, link.end_user_id)
        found = await self._tenant(tx, scope, link.workspace_id)
        if found is None or end_user is None or end_user.suspended_at is not None:
            return None
        offers = [
            await self._own(tx, scope, end_user=end_user, instance=each)
            for each in await tx.workspace_integrations.of_workspace(scope, link.workspace_id)
            if link.workspace_integration_id in (None, each.id) and end_users_connect(each, self._catalogs)
        ]
        return Portal(token, *found, end_user, link, None, tuple(offers), browser_hash)

    async def _own(
        self, tx: Transaction, scope: TenantScope, *, end_user: EndUser, instance: WorkspaceIntegration
    ) -> Offer:
        found = await tx.connections.own(scope, end_user.id, integration=instance)
        own = [each for each in found if instance.auth_method_key in (None, each.auth_method_key)]
        integration = self._catalogs.of(instance.organization_id).get(instance.integration_name)
        held = next((each for each in own if is_active(each)), own[0] if own else None)
        return Offer(integration, instance, connect_methods(integration.auth, only=instance.auth_method_key), held)

    async def _by_session(self, tx: Transaction, token: str, browser_hash: str) -> Portal | None:
        session = await tx.connect_sessions.by_hash(hash_token(token))
        if session is None or session.expires_at <= self._clock() or session.browser_hash not in (None, browser_hash):
            return None
        scope = TenantScope(session.organization_id)
        found = await self._tenant(tx, scope, session.workspace_id)
        if found is None or session.integration_name not in self._catalogs.of(session.organization_id):
            return None
        end_user = None
        if session.end_user_external_id is not None:
            end_user = await tx.end_users.by_external_id(scope, session.workspace_id, session.end_user_external_id)
            if end_user is not None and end_user.suspended_at is not None:
                return None
        asked = await self._asked(tx, scope, session=session, end_user=end_user)
        return Portal(token, *found, end_user, None, session, (asked,), browser_hash)

    async def _asked(
        self, tx: Transaction, scope: TenantScope, *, session: ConnectSession, end_user: EndUser | None
    ) -> Offer:
        integration = self._catalogs.of(session.organization_id).get(session.integration_name)
        instance = held = None
        if session.workspace_integration_id is not None:
            instance = await tx.workspace_integrations.get(scope, session.workspace_integration_id)
        owner = owner_of(session, end_user)
        if owner is not None:
            held = await tx.connections.of_owner(
                scope, owner, integration_name=integration.name, external_id=session.external_id
            )
        return Offer(integration, instance, connect_methods(integration.auth, only=session.auth_method_key), held)

    async def _tenant(
        self, tx: Transaction, scope: TenantScope, workspace_id: str
    ) -> tuple[Organization, Workspace] | None:
        organization = await tx.organizations.find(scope.organization_id)
        workspace = await tx.workspaces.get(scope, workspace_id)
        return None if organization is None or workspace is None else (organization, workspace)


def is_lacking(offer: Offer) -> bool:
    """Tell whether no tool call could use an account: own ones go first, even broken; a shared one serves else."""
    if offer.held is not None:
        return not is_active(offer.held)
    instance = offer.instance
    return instance is None or instance.connection_strategy == Strategy.PER_USER or instance.connection_id is None


def owner_of(session: ConnectSession, end_user: EndUser | None) -> str | None:
    """Return the id of whoever will own a session's connection; None for an end user who is yet to be made."""
    match session.scope:
        case "USER":
            return None if end_user is None else end_user.id
        case "WORKSPACE":
            return session.workspace_id
        case _:
            return session.organization_id
