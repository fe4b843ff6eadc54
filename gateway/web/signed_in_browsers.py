"""Browsers that stay signed in for a month, and what people recognise them by."""

import re
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import NotFound
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import hash_token
from gateway.tenancy.end_users import existing_end_user
from storage.database import Database, Transaction
from storage.records import EndUser, Identity, SignedInBrowser
from storage.scope import TenantScope

LIFETIME: Final = timedelta(days=30)
_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("Mac", re.compile(r"\bMacintosh\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


class SignedInBrowsers:
    """Answers who is signed in at a browser, within one organization; takes sign-ins back."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def at(self, organization_id: str, *, browser: str) -> list[Identity]:
        """Return who is signed in at a browser, whoever came last first."""
        scope, now = TenantScope(organization_id), self._clock()
        async with self._database.read() as tx:
            rows = [row for row in await tx.signed_in_browsers.at(scope, hash_token(browser)) if row.expires_at > now]
            rows.sort(key=lambda row: row.last_used_at, reverse=True)
            found = [await tx.identities.get(scope, row.identity_id) for row in rows]
        return [identity for identity in found if identity is not None]

    async def note_use(self, identity: Identity, *, browser: str) -> None:
        """Note that somebody has gone on as this identity; how long it lasts stays as it was."""
        async with self._database.write() as tx:
            row = await _row(tx, identity, browser)
            if row is not None:
                await tx.signed_in_browsers.update(row, last_used_at=self._clock())

    async def forget(self, identity: Identity, *, browser: str) -> None:
        """Sign out at a browser, which then is known as nobody's in the whole organization."""
        async with self._database.write() as tx:
            row = await _row(tx, identity, browser)
            if row is not None:
                await _forget(tx, row)

    async def of_end_user(self, scope: TenantScope, end_user_id: str) -> list[SignedInBrowser]:
        """Return where people are signed in who may act as an end user, oldest first.

        Raises `EndUserNotFound`.
        """
        now = self._clock()
        async with self._database.read() as tx:
            end_user = await existing_end_user(tx, scope, end_user_id)
            return [each for each in await _of_end_user(tx, scope, end_user) if each.expires_at > now]

    async def sign_out(self, scope: TenantScope, end_user_id: str, sign_in_id: str) -> None:
        """Take back one of the sign-ins that `of_end_user` returns. Raises `EndUserNotFound`, `NotFound`.

        It counted in the whole organization; so does its end.
        """
        async with self._database.write() as tx:
            end_user = await existing_end_user(tx, scope, end_user_id)
            rows = await _of_end_user(tx, scope, end_user)
            row = next((each for each in rows if each.id == sign_in_id), None)
            if row is None:
                raise NotFound("there is no such sign-in")
            await _forget(tx, row)


async def stay_signed_in(tx: Transaction, identity: Identity, *, browser: str, described: str, now: datetime) -> None:
    """Remember that somebody has just signed in at a browser; of its cookie only the hash is kept."""
    row = await _row(tx, identity, browser)
    if row is not None:
        await tx.signed_in_browsers.update(row, described=described, last_used_at=now, expires_at=now + LIFETIME)
        return
    await tx.signed_in_browsers.insert(
        SignedInBrowser(
            id=new_id(),
            organization_id=identity.organization_id,
            identity_id=identity.id,
            browser_hash=hash_token(browser),
            described=described,
            last_used_at=now,
            expires_at=now + LIFETIME,
            created_at=now,
        )
    )


def describe(user_agent: str) -> str:
    """Return what somebody recognises a browser by, such as "Firefox on Linux"."""
    browser = next((name for name, mark in _BROWSERS if mark.search(user_agent)), "A browser")
    system = next((name for name, mark in _SYSTEMS if mark.search(user_agent)), None)
    return browser if system is None else f"{browser} on {system}"


async def _of_end_user(tx: Transaction, scope: TenantScope, end_user: EndUser) -> list[SignedInBrowser]:
    return await tx.signed_in_browsers.of_end_user(
        scope, end_user.id, workspace_id=end_user.workspace_id, email_key=end_user.email_key
    )


async def _forget(tx: Transaction, row: SignedInBrowser) -> None:
    """End a sign-in, and know its browser as nobody's in the whole organization."""
    await tx.signed_in_browsers.delete(row)
    for known in await tx.known_browsers.at(TenantScope(row.organization_id), row.browser_hash):
        await tx.known_browsers.delete(known)


async def _row(tx: Transaction, identity: Identity, browser: str) -> SignedInBrowser | None:
    found = await tx.signed_in_browsers.at(TenantScope(identity.organization_id), hash_token(browser))
    return next((each for each in found if each.identity_id == identity.id), None)
