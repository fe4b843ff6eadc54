"""Rows of the MCP authorization server."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import bindparam, case, delete, select, update
from sqlmodel import col

from storage.records import DeviceCode, OAuthClient, OAuthCode, OAuthGrant, OAuthRefreshToken, OAuthRequest
from storage.repository import Page, Repository, Rows
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class LastCall:
    """What a program did last by a grant; the columns' names."""

    called_at: datetime
    called_tool: str
    called_title: str
    called_integration: str
    call_failed: bool

    @classmethod
    def of(cls, row: OAuthGrant) -> "LastCall | None":
        """Return what a grant's row tells; None where nothing was called yet."""
        if row.called_at is None or row.called_tool is None:
            return None
        return cls(
            called_at=row.called_at,
            called_tool=row.called_tool,
            called_title=row.called_title or row.called_tool,
            called_integration=row.called_integration or "",
            call_failed=bool(row.call_failed),
        )


class OAuthClients(Repository[OAuthClient]):
    """OAuth clients. A scope holds those that its organization has registered."""

    record = OAuthClient
    workspace_column = None

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[OAuthClient]:
        """Return a page of an organization's clients."""
        return await self._page(scope, limit=limit, offset=offset)

    async def of_servers(self, scope: TenantScope, server_ids: Collection[str]) -> list[OAuthClient]:
        """Return the clients that are for one of these servers alone."""
        return await self._all(scope, col(OAuthClient.server_id).in_(server_ids))

    async def by_client_id(self, client_id: str) -> OAuthClient | None:
        """Return the client that goes by this id: the door through which a client is known."""
        return await self._session.scalar(select(OAuthClient).where(col(OAuthClient.client_id) == client_id))

    async def delete_expired(self, before: datetime) -> None:
        """Remove registrations that expired before this moment."""
        await self._session.execute(delete(OAuthClient).where(col(OAuthClient.expires_at) < before))

    async def trim_never_used(self, *, keep: int) -> None:
        """Remove clients that have registered themselves and were never used, except so many of the newest."""
        never_used = (col(OAuthClient.kind) == "dynamic") & col(OAuthClient.last_used_at).is_(None)
        newest_first = (col(OAuthClient.created_at).desc(), col(OAuthClient.id))
        beyond = select(col(OAuthClient.id)).where(never_used).order_by(*newest_first).offset(keep)
        await self._session.execute(
            delete(OAuthClient).where(col(OAuthClient.id).in_(beyond)).execution_options(synchronize_session=False)
        )


class OAuthRequests(Repository[OAuthRequest]):
    """Authorization requests under way."""

    record = OAuthRequest

    async def by_key(self, key_hash: str) -> OAuthRequest | None:
        """Return the request with this key: the door for the browser that goes on."""
        return await self._session.scalar(select(OAuthRequest).where(col(OAuthRequest.key_hash) == key_hash))

    async def trim_idle(self, *, keep: int) -> None:
        """Remove requests of all tenants for which nobody has signed in, except so many of the newest."""
        newest_first = (col(OAuthRequest.created_at).desc(), col(OAuthRequest.id))
        idle = select(col(OAuthRequest.id)).where(col(OAuthRequest.identity_id).is_(None))
        beyond = idle.order_by(*newest_first).offset(keep)
        await self._session.execute(
            delete(OAuthRequest).where(col(OAuthRequest.id).in_(beyond)).execution_options(synchronize_session=False)
        )

    async def delete_expired(self, before: datetime) -> None:
        """Remove requests of all tenants that expired before this moment."""
        await self._session.execute(delete(OAuthRequest).where(col(OAuthRequest.expires_at) < before))


class OAuthGrants(Repository[OAuthGrant]):
    """What people have allowed clients."""

    record = OAuthGrant

    async def find(self, grant_id: str) -> OAuthGrant | None:
        """Return the grant that a code or token names: whoever holds either has come through a door already."""
        return await self._session.get(OAuthGrant, grant_id)

    async def page(
        self,
        scope: TenantScope,
        *,
        end_user_id: str | None,
        server_id: str | None,
        now: datetime,
        limit: int,
        offset: int,
        lately_used_first: bool = False,
    ) -> Page[OAuthGrant]:
        """Return a page of grants that hold and have been used, optionally of one end user or one server."""
        conditions = [col(OAuthGrant.expires_at) > now, col(OAuthGrant.last_used_at).is_not(None)]
        if end_user_id is not None:
            conditions.append(col(OAuthGrant.end_user_id) == end_user_id)
        if server_id is not None:
            conditions.append(col(OAuthGrant.server_id) == server_id)
        called, fetched = col(OAuthGrant.called_at), col(OAuthGrant.last_used_at)
        lately_first = (case((called > fetched, called), else_=fetched).desc(), col(OAuthGrant.id))
        order = lately_first if lately_used_first else None
        return await self._page(scope, *conditions, limit=limit, offset=offset, order=order)

    async def of_client(self, client_id: str) -> list[OAuthGrant]:
        """Return what people of all tenants have allowed a client, for when the client is forgotten."""
        found = await self._session.scalars(select(OAuthGrant).where(col(OAuthGrant.client_id) == client_id))
        return list(found)

    async def note_calls(self, calls: Mapping[str, LastCall]) -> None:
        """Note what was done last by these grants, by id; nobody keeps a copy of this."""
        names = [field.name for field in fields(LastCall)]
        statement = (
            update(OAuthGrant)
            .where(col(OAuthGrant.id) == bindparam("of_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        rows = [
            {"of_id": grant_id, **{f"new_{name}": getattr(call, name) for name in names}}
            for grant_id, call in calls.items()
        ]
        connection = await self._session.connection()
        await connection.execute(statement, rows)

    async def delete_expired(self, before: datetime) -> None:
        """Remove grants of all tenants that expired before this moment."""
        await self._session.execute(delete(OAuthGrant).where(col(OAuthGrant.expires_at) < before))


class OAuthCodes(Rows[OAuthCode]):
    """Authorization codes, below their grant."""

    record = OAuthCode

    async def by_hash(self, code_hash: str) -> OAuthCode | None:
        """Return the code with this hash: the door for a client that redeems it."""
        return await self._session.scalar(select(OAuthCode).where(col(OAuthCode.code_hash) == code_hash))

    async def delete_expired(self, before: datetime) -> None:
        """Remove codes of all tenants that expired before this moment."""
        await self._session.execute(delete(OAuthCode).where(col(OAuthCode.expires_at) < before))


class OAuthRefreshTokens(Rows[OAuthRefreshToken]):
    """Refresh tokens, below their grant."""

    record = OAuthRefreshToken

    async def by_hash(self, token_hash: str) -> OAuthRefreshToken | None:
        """Return the refresh token with this hash: the door for a client that presents it."""
        return await self._session.scalar(
            select(OAuthRefreshToken).where(col(OAuthRefreshToken.token_hash) == token_hash)
        )

    async def delete_superseded(self, grant_id: str, *, before: datetime) -> None:
        """Remove the tokens of a grant that were replaced before this moment."""
        its = col(OAuthRefreshToken.grant_id) == grant_id
        await self._session.execute(
            delete(OAuthRefreshToken)
            .where(its, col(OAuthRefreshToken.superseded_at) < before)
            .execution_options(synchronize_session=False)
        )

    async def delete_expired(self, before: datetime) -> None:
        """Remove tokens of all tenants that were replaced before this moment."""
        await self._session.execute(delete(OAuthRefreshToken).where(col(OAuthRefreshToken.superseded_at) < before))


class DeviceCodes(Repository[DeviceCode]):
    """Devices that wait for approval."""

    record = DeviceCode

    async def by_device_hash(self, device_hash: str) -> DeviceCode | None:
        """Return the row that a device polls with: the door for the device."""
        return await self._session.scalar(select(DeviceCode).where(col(DeviceCode.device_hash) == device_hash))

    async def by_user_code_hash(self, user_code_hash: str) -> DeviceCode | None:
        """Return the row whose code a person enters: the door for the person."""
        return await self._session.scalar(select(DeviceCode).where(col(DeviceCode.user_code_hash) == user_code_hash))

    async def delete_expired(self, before: datetime) -> None:
        """Remove codes of all tenants that expired before this moment."""
        await self._session.execute(delete(DeviceCode).where(col(DeviceCode.expires_at) < before))
