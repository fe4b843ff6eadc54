"""Browsers at which an end user is known to sit, for a working day after it was shown."""

from datetime import datetime, timedelta
from typing import Final

from gateway.events import Event, announce
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import hash_token
from gateway.tenancy.verification import Proof
from storage.database import Database, Transaction
from storage.records import EndUser, KnownBrowser
from storage.scope import TenantScope

LIFETIME: Final = timedelta(hours=8)


class KnownBrowsers:
    """Answers who is known to sit at a browser. Of the browser's cookie only the hash is kept."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def proof(self, end_user: EndUser, *, browser: str) -> str | None:
        """Return what this browser has shown about the end user not long ago, None where nothing.

        A code that went to an address which the record no longer has shows nothing any more.
        """
        scope = TenantScope(end_user.organization_id, frozenset((end_user.workspace_id,)))
        async with self._database.read() as tx:
            row = await tx.known_browsers.of(scope, end_user.id, hash_token(browser))
        if row is None or row.expires_at <= self._clock() or row.email_key not in (None, end_user.email_key):
            return None
        return row.method


async def remember(tx: Transaction, end_user: EndUser, *, browser: str, proof: Proof, now: datetime) -> None:
    """Know this browser from now on; the first time that anybody shows to be the end user, tell `end_user.linked`."""
    scope, browser_hash = TenantScope(end_user.organization_id), hash_token(browser)
    email_key = end_user.email_key if proof is Proof.EMAIL else None
    row = await tx.known_browsers.of(scope, end_user.id, browser_hash)
    if row is not None:
        await tx.known_browsers.update(row, method=proof, email_key=email_key, expires_at=now + LIFETIME)
    else:
        await tx.known_browsers.insert(
            KnownBrowser(
                id=new_id(),
                organization_id=end_user.organization_id,
                workspace_id=end_user.workspace_id,
                end_user_id=end_user.id,
                browser_hash=browser_hash,
                method=proof,
                email_key=email_key,
                expires_at=now + LIFETIME,
                created_at=now,
            )
        )
    if end_user.linked_at is None:
        await tx.end_users.update(end_user, linked_at=now)
        await announce(tx, Event.END_USER_LINKED, end_user, now=now)
