"""Rows of what products sign their hand-offs with, and of the tokens that have been used."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import col

from storage.records import HandoffKey, SpentHandoffToken
from storage.repository import Repository
from storage.scope import TenantScope


class HandoffKeys(Repository[HandoffKey]):
    """What products sign with: at most one row for each workspace."""

    record = HandoffKey

    async def of_workspace(self, scope: TenantScope, workspace_id: str) -> HandoffKey | None:
        """Return what the product behind a workspace signs with."""
        return await self._one(scope, col(HandoffKey.workspace_id) == workspace_id)

    async def all_sealed(self, *, after: str, limit: int) -> list[HandoffKey]:
        """Return rows of the whole deployment with a secret, in order of id, for sealing them anew."""
        found = await self._session.scalars(
            select(HandoffKey)
            .where(col(HandoffKey.id) > after, col(HandoffKey.sealed).is_not(None))
            .order_by(col(HandoffKey.id))
            .limit(limit)
        )
        return list(found)


class SpentHandoffTokens(Repository[SpentHandoffToken]):
    """Tokens that have been taken once."""

    record = SpentHandoffToken

    async def has(self, scope: TenantScope, workspace_id: str, token_hash: str) -> bool:
        """Tell whether a workspace has taken a token of this hash."""
        found = await self._one(
            scope,
            col(SpentHandoffToken.workspace_id) == workspace_id,
            col(SpentHandoffToken.token_hash) == token_hash,
        )
        return found is not None

    async def delete_expired(self, before: datetime) -> None:
        """Forget tokens of all tenants that would hold no more since this moment."""
        await self._session.execute(delete(SpentHandoffToken).where(col(SpentHandoffToken.expires_at) < before))
