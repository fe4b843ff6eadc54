"""The end of connections: what is to be told of it is written in the transaction that removes them, before it does."""

from collections.abc import Collection, Sequence
from typing import Final

from gateway.connections.revocations import Revocations
from gateway.events import Event, announce_many
from gateway.kit.clock import Clock
from storage.database import Transaction
from storage.records import Connection
from storage.scope import TenantScope

_AT_ONCE: Final = 200


class Endings:
    """Tells the providers and the product's backend of connections that go."""

    def __init__(self, revocations: Revocations, *, clock: Clock) -> None:
        self._revocations = revocations
        self._clock = clock

    async def of(self, tx: Transaction, connections: Sequence[Connection]) -> None:
        """Note that these are about to be removed."""
        await announce_many(tx, Event.CONNECTION_DELETED, connections, now=self._clock())
        await self._revocations.queue(tx, connections)

    async def below(
        self,
        tx: Transaction,
        scope: TenantScope,
        *,
        workspace_id: str | None = None,
        end_user_ids: Collection[str] | None = None,
        to_backend: bool = True,
    ) -> int:
        """Note that all connections are about to go: the scope's, or only a workspace's, or only end users'.

        Returns how many there are; never more than some of them are in memory. `to_backend` is False where no webhook
        is left to hear of it.
        """
        count, after = 0, ""
        while found := await tx.connections.batch(
            scope, workspace_id=workspace_id, end_user_ids=end_user_ids, after=after, limit=_AT_ONCE
        ):
            await (self.of(tx, found) if to_backend else self._revocations.queue(tx, found))
            count, after = count + len(found), found[-1].id
        return count

    async def of_account(self, tx: Transaction, connection: Connection) -> None:
        """Note that the account of this connection, as the row has it, is about to give way to another."""
        await self._revocations.queue(tx, [connection])
