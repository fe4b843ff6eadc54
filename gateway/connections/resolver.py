"""Whose account does this call use? One answer for every face, from a cache that the change feed keeps exact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.changes import ChangeFeed
from gateway.connections.choice import Choice, Reason, Strategy, choose, is_active
from gateway.connections.missing_scopes import lacking_scopes
from gateway.connections.setup_links import SetupLink, SetupLinks
from gateway.errors import ConnectionNotFound, ConnectionRequired
from gateway.kit.cache import ExactCache, Topic
from gateway.kit.clock import to_wire
from gateway.principals import Caller
from gateway.tenancy.catalogs import Catalogs
from storage.database import Database, Transaction
from storage.records import Connection, WorkspaceIntegration

_CAPACITY = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """For what an account is needed: an instance of a workspace, or an integration that none is configured of."""

    integration_name: str
    workspace_integration_id: str | None = None
    alias: str | None = None
    connection_id: str | None = None
    """The connection that a manual tool is pinned to; it goes before the strategy."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A choice and what it was made of."""

    choice: Choice
    strategy: Strategy | None
    considered: tuple[Connection, ...]
    caller: Caller

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What must not have changed for this to hold."""
        mine: list[Topic] = [
            ("organization", self.caller.organization_id),
            ("workspace", self.caller.workspace_id),
            ("workspace_integrations", self.caller.workspace_id),
        ]
        if self.caller.end_user_id is not None:
            mine += [("end_user", self.caller.end_user_id), ("end_user_connections", self.caller.end_user_id)]
        return (*mine, *(("connection", connection.id) for connection in self.considered))


class Resolver:
    """Finds the connection of a call, and says where to connect when there is none."""

    def __init__(self, *, database: Database, catalogs: Catalogs, setup_links: SetupLinks, changes: ChangeFeed) -> None:
        self._database = database
        self._catalogs = catalogs
        self._setup_links = setup_links
        self._cache: ExactCache[tuple[Caller, Wanted], Resolution] = ExactCache(capacity=_CAPACITY)
        changes.subscribe(self._forget)

    async def resolve(self, caller: Caller, wanted: Wanted) -> Resolution:
        """Return the choice for this call, whatever it is."""
        key = (caller, wanted)
        known = self._cache.peek(key)
        if known is not None:
            return known
        return await self._cache.get(key, lambda: self._load(caller, wanted), lambda resolution: resolution.topics)

    async def require(self, caller: Caller, wanted: Wanted) -> Connection:
        """Return the connection of this call. Raises `ConnectionRequired` where somebody has to connect first."""
        resolution = await self.resolve(caller, wanted)
        if resolution.choice.connection is None:
            raise await self.refusal(caller, wanted, resolution)
        return resolution.choice.connection

    async def has(self, caller: Caller, wanted: Wanted, scopes: Sequence[str] = ()) -> bool:
        """Tell whether the account of this call is there and, as far as the provider told, has these permissions."""
        connection = (await self.resolve(caller, wanted)).choice.connection
        if connection is None:
            return False
        if connection.granted_scopes is None:
            return True
        catalog = self._catalogs.of(caller.organization_id)
        methods = catalog.get(wanted.integration_name).auth
        method = next((each for each in methods if each.key == connection.auth_method_key), None)
        return method is not None and not lacking_scopes(method, scopes, connection.granted_scopes)

    async def select(
        self, caller: Caller, *, external_id: str, integration_name: str, auth_method_key: str | None = None
    ) -> Connection:
        """Return the connection that the request names itself; it bypasses the strategy (contract 4.3).

        Another end user's connection answers like an unknown one. Raises `ConnectionNotFound`.
        """
        async with self._database.read() as tx:
            found = await tx.connections.by_external_id(
                caller.scope,
                external_id,
                integration_name=integration_name,
                workspace_id=caller.workspace_id,
                end_user_id=caller.end_user_id,
                auth_method_key=auth_method_key,
            )
        if found is None:
            raise ConnectionNotFound(
                f"there is no {integration_name} connection with the external id {external_id[:200]!r} here"
            )
        return found

    async def refusal(self, caller: Caller, wanted: Wanted, resolution: Resolution) -> ConnectionRequired:
        """Say why there is no account and, where the end user can mend it, where to connect."""
        title = self._title(caller, wanted.integration_name)
        choice = resolution.choice
        details = _details(wanted, choice.reason, strategy=resolution.strategy)
        if not choice.end_user_can_connect or caller.end_user_id is None or wanted.workspace_integration_id is None:
            return ConnectionRequired(_WHY_WITHOUT_LINK[choice.reason].format(title=title), **details)
        setup = await self._setup_links.make(caller, caller.end_user_id, wanted.workspace_integration_id)
        why = "no longer works" if choice.reason is Reason.OWN_BROKEN else "is not connected yet"
        return _with_link(
            f"The user's {title} account {why}. Ask the user to open this link and connect it", setup, details
        )

    async def refusal_for_scopes(
        self, caller: Caller, wanted: Wanted, connection: Connection, scopes: Sequence[str]
    ) -> ConnectionRequired:
        """Say which permissions an account lacks and, where the end user can give them, where to."""
        title, lacking = self._title(caller, wanted.integration_name), ", ".join(scopes)
        details: dict[str, Any] = {**_details(wanted, Reason.SCOPES_MISSING), "missingScopes": list(scopes)}
        is_own = caller.end_user_id is not None and connection.end_user_id == caller.end_user_id
        if caller.end_user_id is None or not is_own or wanted.workspace_integration_id is None:
            return ConnectionRequired(
                f"This {title} account has not been given the permission that this needs ({lacking}). Only whoever "
                "connected it can allow that, by connecting it again.",
                **details,
            )
        setup = await self._setup_links.make(caller, caller.end_user_id, wanted.workspace_integration_id)
        return _with_link(
            f"The user's {title} account has not been given the permission that this needs ({lacking}). Ask the user "
            "to open this link and allow it",
            setup,
            details,
        )

    def refusal_of_selected(self, connection: Connection) -> ConnectionRequired:
        """Say that the connection which a request named itself no longer works."""
        return ConnectionRequired(
            f"the connection {connection.external_id[:200]!r} no longer works; give it a new credential, "
            "or have its account connected again",
            integrationName=connection.integration_name,
            connectionExternalId=connection.external_id,
            reason=Reason.PINNED_BROKEN,
        )

    async def _load(self, caller: Caller, wanted: Wanted) -> Resolution:
        async with self._database.read() as tx:
            if wanted.connection_id is not None:
                return await self._pinned_by_tool(tx, caller, wanted)
            if wanted.workspace_integration_id is None:
                return await self._without_instance(tx, caller, wanted)
            integration = await tx.workspace_integrations.get(caller.scope, wanted.workspace_integration_id)
            if integration is None:
                return Resolution(Choice(Reason.PINNED_MISSING), None, (), caller)
            return await self._by_strategy(tx, caller, integration)

    async def _by_strategy(self, tx: Transaction, caller: Caller, integration: WorkspaceIntegration) -> Resolution:
        pinned: Connection | None = None
        if integration.connection_id is not None:
            pinned = await tx.connections.get_usable(
                caller.scope, integration.connection_id, workspace_id=caller.workspace_id
            )
        own: list[Connection] = []
        if caller.end_user_id is not None:
            found = await tx.connections.own(caller.scope, caller.end_user_id, integration=integration)
            own = [each for each in found if integration.auth_method_key in (None, each.auth_method_key)]
        strategy = Strategy(integration.connection_strategy)
        choice = choose(strategy, pinned=pinned, own=own, has_end_user=caller.end_user_id is not None)
        considered = (*own, *([pinned] if pinned is not None else []))
        return Resolution(choice, strategy, considered, caller)

    async def _pinned_by_tool(self, tx: Transaction, caller: Caller, wanted: Wanted) -> Resolution:
        found = await tx.connections.get_usable(
            caller.scope, wanted.connection_id or "", workspace_id=caller.workspace_id
        )
        mine = found is not None and found.end_user_id in (None, caller.end_user_id)
        if found is None or not mine or found.integration_name != wanted.integration_name:
            return Resolution(Choice(Reason.PINNED_MISSING), None, (), caller)
        choice = Choice(Reason.PINNED, found) if is_active(found) else Choice(Reason.PINNED_BROKEN)
        return Resolution(choice, None, (found,), caller)

    async def _without_instance(self, tx: Transaction, caller: Caller, wanted: Wanted) -> Resolution:
        """Use what the end user has connected for no instance in particular: those of an instance serve only it."""
        if caller.end_user_id is None:
            return Resolution(Choice(Reason.NO_END_USER), None, (), caller)
        own = [
            each
            for each in reversed(await tx.connections.of_end_user(caller.scope, caller.end_user_id))
            if each.integration_name == wanted.integration_name
            and each.workspace_integration_id is None
            and each.made_for_alias in (None, wanted.alias)
        ]
        choice = choose(Strategy.PER_USER, pinned=None, own=own, has_end_user=True)
        return Resolution(choice, None, tuple(own), caller)

    def _title(self, caller: Caller, integration_name: str) -> str:
        catalog = self._catalogs.of(caller.organization_id)
        return catalog.get(integration_name).title if integration_name in catalog else integration_name

    def _forget(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self._cache.drop(topic)


def _details(wanted: Wanted, reason: Reason, *, strategy: Strategy | None = None) -> dict[str, Any]:
    return {
        "integrationName": wanted.integration_name,
        "integrationAlias": wanted.alias,
        "workspaceIntegrationId": wanted.workspace_integration_id,
        "connectionStrategy": strategy,
        "reason": reason,
    }


def _with_link(request: str, setup: SetupLink, details: Mapping[str, Any]) -> ConnectionRequired:
    message = f"{request}, then call again: {setup.url} (the link holds until {setup.expires_at:%H:%M} UTC)."
    if setup.obstacle is not None:
        message += f" To pass its check, {setup.obstacle}; whoever runs this product can see to that."
    links = {"setupUrl": setup.url, "connectUrl": setup.url, "expiresAt": to_wire(setup.expires_at)}
    return ConnectionRequired(message, setup_url=setup.url, **details, **links)


_WHY_WITHOUT_LINK = {
    Reason.PINNED_MISSING: (
        "{title} has no account to work with: the workspace's shared connection is missing. "
        "Only whoever runs this workspace can connect one."
    ),
    Reason.PINNED_BROKEN: (
        "The workspace's shared {title} account no longer works. Only whoever runs this workspace can reconnect it."
    ),
    Reason.NO_END_USER: (
        "{title} needs an account of the end user's own, and this call does not say for which end user it is. "
        "Use an end user's token, or name the end user."
    ),
    Reason.NOT_CONNECTED: (
        "The end user has no {title} account connected, and {title} is not configured in this workspace, "
        "so there is nowhere to connect one."
    ),
    Reason.OWN_BROKEN: (
        "The end user's {title} account no longer works, and {title} is not configured in this workspace, "
        "so there is nowhere to reconnect it."
    ),
}
