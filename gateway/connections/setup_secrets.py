"""Link mode: secrets in tool answers that open by themselves, once, for a quarter of an hour at most.

Only workspaces that say `link` get them; each tool call mints a fresh one, of which the hash is kept.
"""

from datetime import timedelta
from typing import Final

from gateway.connections.setup_urls import SetupUrl
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from gateway.principals import Caller
from storage.database import Database, Transaction
from storage.records import ConnectLink

PATH: Final = "/connect/l/"
LIFETIME: Final = timedelta(minutes=15)


class SetupSecrets:
    """Mints secrets below the public URL, and takes them once."""

    def __init__(self, database: Database, *, public_url: str, clock: Clock) -> None:
        self._database = database
        self._base = public_url + PATH
        self._clock = clock

    async def make(self, caller: Caller, end_user_id: str, workspace_integration_id: str) -> SetupUrl:
        """Return a fresh link under which this end user connects this workspace integration."""
        secret, now = mint(TokenKind.SETUP_LINK), self._clock()
        async with self._database.write() as tx:
            await tx.connect_links.insert(
                ConnectLink(
                    id=new_id(),
                    organization_id=caller.organization_id,
                    workspace_id=caller.workspace_id,
                    end_user_id=end_user_id,
                    workspace_integration_id=workspace_integration_id,
                    kind="secret",
                    token_hash=secret.hash,
                    expires_at=now + LIFETIME,
                    created_at=now,
                )
            )
        return SetupUrl(self._base + secret.plain, now + LIFETIME)

    async def look(self, secret: str) -> ConnectLink | None:
        """Return what a secret would open, spending nothing; None for one that opens nothing (any more)."""
        async with self._database.read() as tx:
            return await self._good(tx, secret)

    async def spend(self, secret: str) -> ConnectLink | None:
        """Return what a secret opens; a second time it opens nothing."""
        async with self._database.write() as tx:
            link = await self._good(tx, secret)
            if link is not None:
                await tx.connect_links.delete(link)
            return link

    async def _good(self, tx: Transaction, secret: str) -> ConnectLink | None:
        if not is_well_formed(secret, TokenKind.SETUP_LINK):
            return None
        link = await tx.connect_links.by_hash(hash_token(secret))
        return None if link is None or link.kind != "secret" or link.expires_at <= self._clock() else link
