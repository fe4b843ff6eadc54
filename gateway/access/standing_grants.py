"""What people have allowed programs, for those who look it over: the product's backend, and the people themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.access.existing import existing_server
from gateway.errors import NotFound
from gateway.kit.clock import Clock
from gateway.tenancy.end_users import existing_end_user
from storage.database import Database, Transaction
from storage.oauth import LastCall
from storage.records import OAuthGrant
from storage.repository import Page
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class ShownGrant:
    """A grant, the name of its server, and the external id of whom the program acts as."""

    record: OAuthGrant
    server_name: str
    end_user_external_id: str | None

    @property
    def last_call(self) -> LastCall | None:
        """What the program did last, some seconds late; None if it has called no tool yet."""
        return LastCall.of(self.record)

    @property
    def last_used_at(self) -> datetime:
        """When the program last fetched a token, or called a tool after that."""
        row = self.record
        return max(moment for moment in (row.created_at, row.last_used_at, row.called_at) if moment is not None)


@dataclass(frozen=True, slots=True)
class GrantPage:
    """A page of grants, oldest first unless it was asked for otherwise."""

    grants: Sequence[ShownGrant]
    total: int


class StandingGrants:
    """The grants of a tenant that hold: those whose code was never redeemed are not among them."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_end_user(
        self, scope: TenantScope, end_user_id: str, *, limit: int, offset: int, lately_used_first: bool = False
    ) -> GrantPage:
        """Return which programs may act as an end user. Raises `EndUserNotFound`."""
        async with self._database.read() as tx:
            end_user = await existing_end_user(tx, scope, end_user_id)
            page = await tx.oauth_grants.page(
                scope,
                end_user_id=end_user.id,
                server_id=None,
                now=self._clock(),
                limit=limit,
                offset=offset,
                lately_used_first=lately_used_first,
            )
            return await _shown(tx, scope, page)

    async def of_server(self, scope: TenantScope, server_id: str, *, limit: int, offset: int) -> GrantPage:
        """Return which programs may use an MCP server, and as whom. Raises `NotFound`."""
        async with self._database.read() as tx:
            server = await existing_server(tx, scope, server_id)
            page = await tx.oauth_grants.page(
                scope, end_user_id=None, server_id=server.id, now=self._clock(), limit=limit, offset=offset
            )
            return await _shown(tx, scope, page)

    async def revoke(self, scope: TenantScope, grant_id: str, *, of_end_user: str | None = None) -> None:
        """End a grant: its tokens open nothing from the next request on.

        With `of_end_user`, only where it is that person's. Raises `NotFound`.
        """
        async with self._database.write() as tx:
            grant = await tx.oauth_grants.get(scope, grant_id)
            if grant is None or of_end_user not in (None, grant.end_user_id):
                raise NotFound("there is no such grant")
            await tx.oauth_grants.delete(grant)


async def _shown(tx: Transaction, scope: TenantScope, page: Page[OAuthGrant]) -> GrantPage:
    servers = await tx.mcp_servers.names(scope, {row.server_id for row in page.rows})
    external_ids = await tx.end_users.external_ids({row.end_user_id for row in page.rows if row.end_user_id})
    shown = [
        ShownGrant(row, servers.get(row.server_id, ""), external_ids.get(row.end_user_id or "")) for row in page.rows
    ]
    return GrantPage(shown, page.total)
