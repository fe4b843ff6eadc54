"""Portal links: what a product's backend hands to a person whom it has authenticated (design/links-and-identity)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.connections.choice import Strategy
from gateway.errors import AmbiguousIntegration, Forbidden, IntegrationNotFound, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import MintedToken, TokenKind, hash_token, mint
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.end_users import existing_end_user
from storage.database import Database
from storage.records import ConnectLink, WorkspaceIntegration
from storage.scope import TenantScope

PATH = "/connect/portal"
DEFAULT_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MintedLink:
    """A fresh link; `url` holds `token.plain`, and neither is kept."""

    record: ConnectLink
    token: MintedToken
    url: str
    expires_at: datetime


class ConnectLinks:
    """Makes portal links below the public URL."""

    def __init__(self, database: Database, *, catalogs: Catalogs, public_url: str, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._base = f"{public_url}{PATH}?token="
        self._clock = clock

    async def create(
        self,
        scope: TenantScope,
        end_user_id: str,
        *,
        integration_name: str | None = None,
        workspace_integration_id: str | None = None,
        lifetime: timedelta | None = None,
        browser: str | None = None,
        onward: str | None = None,
    ) -> MintedLink:
        """Make a link for an end user, for one integration if one is named, else for all that people connect here.

        With `browser`, what the browser is known by, it opens in that one only. Its pages lead on to `onward`, a path
        of ours.

        Raises `EndUserNotFound`, `Forbidden` (suspended), `IntegrationNotFound`, `AmbiguousIntegration`,
        `ValidationFailed` (nobody connects an account of their own there).
        """
        token, now = mint(TokenKind.CONNECT_LINK), self._clock()
        expires_at = now + (lifetime or DEFAULT_LIFETIME)
        async with self._database.write() as tx:
            end_user = await existing_end_user(tx, scope, end_user_id)
            if end_user.suspended_at is not None:
                raise Forbidden("this end user is suspended")
            instance = None
            if integration_name is not None or workspace_integration_id is not None:
                configured = await tx.workspace_integrations.of_workspace(scope, end_user.workspace_id)
                instance = self._choose(configured, name=integration_name, instance_id=workspace_integration_id)
            row = await tx.connect_links.insert(
                ConnectLink(
                    id=new_id(),
                    organization_id=end_user.organization_id,
                    workspace_id=end_user.workspace_id,
                    end_user_id=end_user.id,
                    workspace_integration_id=None if instance is None else instance.id,
                    token_hash=token.hash,
                    browser_hash=None if browser is None else hash_token(browser),
                    onward=onward,
                    expires_at=expires_at,
                    created_at=now,
                )
            )
        return MintedLink(row, token, self._base + token.plain, expires_at)

    def _choose(
        self, configured: Sequence[WorkspaceIntegration], *, name: str | None, instance_id: str | None
    ) -> WorkspaceIntegration:
        named = [
            each for each in configured if instance_id in (None, each.id) and name in (None, each.integration_name)
        ]
        if not named:
            raise IntegrationNotFound("the end user's workspace has no such integration")
        open_to_people = [each for each in named if end_users_connect(each, self._catalogs)]
        if not open_to_people:
            raise ValidationFailed("nobody connects an account of their own there: it is shared, or needs none")
        if len(open_to_people) > 1:
            aliases = ", ".join(each.alias for each in open_to_people)
            raise AmbiguousIntegration(f"the workspace has several of these ({aliases}): give workspaceIntegrationId")
        return open_to_people[0]


def end_users_connect(instance: WorkspaceIntegration, catalogs: Catalogs) -> bool:
    """Tell whether end users connect accounts of their own for this instance."""
    catalog = catalogs.of(instance.organization_id)
    if instance.connection_strategy == Strategy.FIXED or instance.integration_name not in catalog:
        return False
    return bool(catalog.get(instance.integration_name).auth)
