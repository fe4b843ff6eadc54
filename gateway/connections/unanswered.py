"""Accounts that wait for an answer which never came: given up at their providers once the question has lapsed."""

from contextlib import AbstractAsyncContextManager
from typing import Final

from gateway.connections.attaching import Attachments, NewAccount
from gateway.connections.connect_steps import ConnectSteps, StepKind
from gateway.kit.background import Background
from storage.database import Database

_EVERY_SECONDS: Final = 600.0
_AT_ONCE: Final = 50


class Unanswered:
    """Looks for questions whether another account may take the connected one's place, and answers them with no."""

    def __init__(self, database: Database, *, steps: ConnectSteps, attachments: Attachments) -> None:
        self._database = database
        self._steps = steps
        self._attachments = attachments
        self._background = Background("unanswered questions", self.run)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return a block during which questions are looked for."""
        return self._background.running()

    async def run(self) -> float:
        """Give up what has lapsed; returns after how many seconds to look again."""
        while await self._some() == _AT_ONCE:
            pass
        return _EVERY_SECONDS

    async def _some(self) -> int:
        async with self._database.write() as tx:
            lapsed = await self._steps.take_lapsed(tx, StepKind.REPLACE, limit=_AT_ONCE)
            for step, carried in lapsed:
                if "account" in carried:
                    await self._attachments.give_up(
                        tx,
                        NewAccount.from_json(carried["account"]),
                        organization_id=step.organization_id,
                        workspace_id=step.workspace_id,
                        integration_name=step.integration_name,
                    )
            return len(lapsed)
