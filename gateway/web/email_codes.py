"""E-mail codes: six digits to the address on the end user's record, good for the browser that asked for them.

Ten minutes and five tries a code, five codes in a quarter of an hour and twenty a day for one end user: whoever guesses
from any number of browsers has a chance of one in ten thousand a day. And twenty an hour to one address, however many
end users of however many tenants have it.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateway.errors import EndUserNotFound, RateLimited
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.mail import Mailer, one_line
from gateway.kit.rates import Windows
from gateway.kit.tokens import hash_token
from gateway.tenancy.branding import Branding
from gateway.tenancy.end_users import existing_end_user
from gateway.tenancy.verification import Proof
from gateway.web.known_browsers import remember
from gateway.web.letters import Letter, write
from storage.database import Database, Transaction
from storage.records import EndUser, IdentityCheck
from storage.scope import TenantScope

LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 5
_PURPOSE: Final = "email code"
_SIX_DIGITS: Final = re.compile("[0-9]{6}")
_QUARTER_OF_AN_HOUR: Final = 15 * 60
_HOUR: Final = 60 * 60
_DAY: Final = 24 * 60 * 60


@dataclass
class CodeRefused(Exception):
    """This is not the code. With no tries left, or none asked for (any more), a new one has to be sent."""

    tries_left: int


class EmailCodes:
    """Sends codes and takes them. What is under way belongs to one browser and one end user."""

    def __init__(self, database: Database, *, cipher: Cipher, mailer: Mailer, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._mailer = mailer
        self._clock = clock
        self._lately = Windows(limit=5, clock=clock, seconds=_QUARTER_OF_AN_HOUR)
        self._today = Windows(limit=20, clock=clock, seconds=_DAY)
        # A whole office may sit behind one address.
        self._per_client = Windows(limit=100, clock=clock, seconds=_QUARTER_OF_AN_HOUR)
        self._per_mailbox = Windows(limit=20, clock=clock, seconds=_HOUR)

    @property
    def can_be_sent(self) -> bool:
        """Whether this deployment sends mail."""
        return self._mailer.delivers

    async def is_waiting(self, end_user: EndUser, *, browser: str) -> bool:
        """Tell whether this browser has asked for a code that it may still enter."""
        async with self._database.read() as tx:
            return await self._waiting(tx, end_user, browser) is not None

    async def send(self, end_user: EndUser, *, browser: str, client: str, brand: Branding, purpose: str) -> None:
        """Send a code; one that this browser was sent before is good no more.

        `client` is what the sender's address is counted by; `purpose` goes on from "to". Raises `RateLimited`,
        `MailFailed`, `EndUserNotFound` (no address).
        """
        if end_user.email is None:
            raise EndUserNotFound("the end user has no e-mail address")
        self._count(end_user, client)
        code, now = f"{secrets.randbelow(1_000_000):06}", self._clock()
        key_hash = _key_hash(end_user, browser)
        async with self._database.write() as tx:
            before = await tx.identity_checks.by_key(_scope(end_user), Proof.EMAIL, key_hash)
            if before is not None:
                await tx.identity_checks.delete(before)
            await tx.identity_checks.insert(
                IdentityCheck(
                    id=new_id(),
                    organization_id=end_user.organization_id,
                    workspace_id=end_user.workspace_id,
                    kind=Proof.EMAIL,
                    key_hash=key_hash,
                    browser_hash=hash_token(browser),
                    proof=self._signed(end_user, key_hash, code),
                    end_user_id=end_user.id,
                    sealed=b"",
                    expires_at=now + LIFETIME,
                    created_at=now,
                )
            )
        await self._mailer.send(write(_letter(brand, code, purpose), to=end_user.email, brand=brand))

    async def enter(self, end_user: EndUser, code: str, *, browser: str) -> None:
        """Take a code; the right one makes the browser known. Raises `CodeRefused`, `EndUserNotFound`."""
        now = self._clock()
        async with self._database.write() as tx:
            # As the record is now, not as the page has read it.
            present = await existing_end_user(tx, _scope(end_user), end_user.id)
            check = await self._waiting(tx, present, browser)
            if check is None:
                raise CodeRefused(0)
            digits = _digits(code)
            if not _SIX_DIGITS.fullmatch(digits):
                # A slip, not a guess: nothing that was sent looks like it.
                raise CodeRefused(TRIES - check.tries)
            right = self._signed(present, check.key_hash, digits)
            if hmac.compare_digest(check.proof or "", right):
                await tx.identity_checks.delete(check)
                await remember(tx, present, browser=browser, proof=Proof.EMAIL, now=now)
                return
            # Writers take turns, so no two tries count as one.
            tries = check.tries + 1
            await tx.identity_checks.update(check, tries=tries)
        raise CodeRefused(TRIES - tries)

    async def _waiting(self, tx: Transaction, end_user: EndUser, browser: str) -> IdentityCheck | None:
        check = await tx.identity_checks.by_key(_scope(end_user), Proof.EMAIL, _key_hash(end_user, browser))
        if check is None or check.expires_at <= self._clock() or check.tries >= TRIES:
            return None
        return check

    def _count(self, end_user: EndUser, client: str) -> None:
        counted = (
            (self._per_client, client),
            (self._per_mailbox, end_user.email_key or ""),
            (self._lately, end_user.id),
            (self._today, end_user.id),
        )
        for windows, key in counted:
            window = windows.peek(key)
            if not window.remaining:
                raise RateLimited("too many codes have been asked for; wait", retry_after=window.retry_after)
        for windows, key in counted:
            windows.hit(key)

    def _signed(self, end_user: EndUser, key_hash: str, code: str) -> str:
        # With the address: a code that went to one which the record no longer has opens nothing.
        return self._cipher.sign(_PURPOSE, f"{key_hash} {end_user.email_key} {code}".encode()).hex()


def masked(address: str) -> str:
    """Return an address so that its owner recognises it, and others learn little."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}•••@{domain}"


def _letter(brand: Branding, code: str, purpose: str) -> Letter:
    name = one_line(brand.name)
    return Letter(
        subject=f"Your code for {name}",
        paragraphs=(
            f"Somebody, hopefully you, has opened a link to {one_line(purpose)}.",
            "To go on, enter this code on the page that asked for it:",
        ),
        code=code,
        closing=(
            "The code is good for ten minutes, in that browser only.",
            "If you did not ask for it, do nothing, and never tell it to anybody: whoever has the code can go on "
            "in your name.",
        ),
    )


def _digits(code: str) -> str:
    """Return the code as people may write it: in two groups, with blanks around."""
    return "".join(code.split()).replace("-", "")


def _key_hash(end_user: EndUser, browser: str) -> str:
    return hash_token(f"{end_user.id} {browser}")


def _scope(end_user: EndUser) -> TenantScope:
    return TenantScope(end_user.organization_id, frozenset((end_user.workspace_id,)))
